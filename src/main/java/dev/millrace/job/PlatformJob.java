package dev.millrace.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.config.JobFile;
import dev.millrace.fault.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** A job that a platform runs, on machines of its own. */
final class PlatformJob {
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
