package dev.millrace.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.config.JobFile;
import dev.millrace.fault.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/** A job that a platform runs, on machines of its own. */
final class PlatformJob {
    /** Keys whose values are hosts or have one. */
    private static final Set<String> HOSTS = Set.of("endpoint", "host");

    private static final Pattern LOOPBACK = Pattern.compile(
            "(https?://)?(localhost|127\\.[0-9.]+|0\\.0\\.0\\.0|\\[?::1]?)(:[0-9]+)?(/.*)?", Pattern.CASE_INSENSITIVE);

    private PlatformJob() {}

    /** Refuses a job that names anything on this machine, by a fault of kind USER with all of it. */
    static void requireReachable(OpenJob open) {
        List<String> mistakes = new ArrayList<>();
        try {
            JsonNode job = new ObjectMapper().readTree(JobFile.toJson(open.job().withoutRemote()));
            local(
                    job,
                    "",
                    (key, value) -> mistakes.add(open.file() + ": " + key + ": " + value
                            + ": is on this machine, and a platform runs the job on others: put it on S3"));
            if (job.at("/source/dynamodb/endpoint").asText().equals("embedded")) {
                mistakes.add(open.file() + ": source.dynamodb.endpoint: embedded: is started on this machine, and a"
                        + " platform runs the job on others");
            }
            for (String key : List.of("warehouse.duckdb.path", "warehouse.postgres.certificates")) {
                JsonNode file = job.at("/" + key.replace('.', '/'));
                if (file.isTextual()) {
                    mistakes.add(open.file() + ": " + key + ": " + file.asText()
                            + ": is a local file, and a platform's machine is gone with the run");
                }
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
    }

    /**
     * Refuses a job that asks this machine for anything, by a fault of kind USER with all of it. {@code remote} allows it:
     * what it submits to may be a test's, on this machine too.
     */
    static void requireElsewhere(OpenJob open) {
        List<String> mistakes = new ArrayList<>();
        try {
            JsonNode job = new ObjectMapper().readTree(JobFile.toJson(open.job().withoutRemote()));
            hosts(job, "", (key, value) -> {
                if (LOOPBACK.matcher(value).matches()) {
                    mistakes.add(open.file() + ": " + key + ": " + value
                            + ": is this machine, and a platform runs the job on others: correct it, or leave it out");
                }
            });
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
    }

    private static void hosts(JsonNode node, String path, BiConsumer<String, String> found) {
        node.fields().forEachRemaining(field -> {
            String key = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
            if (HOSTS.contains(field.getKey()) && field.getValue().isTextual()) {
                found.accept(key, field.getValue().asText());
            }
            hosts(field.getValue(), key, found);
        });
    }

    private static void local(JsonNode node, String path, BiConsumer<String, String> found) {
        node.fields().forEachRemaining(field -> {
            String key = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
            if (field.getValue().asText().startsWith("file://")) {
                found.accept(key, field.getValue().asText());
            }
            local(field.getValue(), key, found);
        });
    }
}
