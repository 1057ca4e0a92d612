package dev.millrace.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How fast the last runs of a job have read their units, kept beside the job's state: it decides how large units are. It is
 * no more than a hint, so what cannot be read is as if it was not there.
 *
 * @param runs of which something is known, oldest first
 */
record Throughput(List<OfRun> runs) {
    private static final int FORMAT = 1;
    private static final int RUNS = 5;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A unit that takes less costs too much to start; one that takes more, too much to repeat. */
    private static final Duration UNIT = Duration.ofMinutes(2);

    private static final long LEAST_BYTES = 16L << 20;
    private static final long UNMEASURED_BYTES = 128L << 20;
    private static final long MOST_BYTES = 1L << 30;

    /** Groups that are enough to keep a cluster at work and to lose little by a task that is done again. */
    private static final int GROUPS = 64;

    /**
     * What units of one run took.
     *
     * @param bytes that they have read
     * @param millis of all their tasks together
     */
    record OfRun(String run, long bytes, long millis) {}

    Throughput {
        runs = List.copyOf(runs);
    }

    /** What is known of a job. */
    static Throughput load(Storage staging, String job) {
        List<OfRun> runs = new ArrayList<>();
        try {
            Optional<Versioned> file = staging.find(path(job));
            for (JsonNode run : file.isEmpty()
                    ? JSON.createArrayNode()
                    : JSON.readTree(file.get().utf8()).path("runs")) {
                if (run.path("bytes").asLong() > 0 && run.path("millis").asLong() > 0) {
                    runs.add(new OfRun(
                            run.path("run").asText(),
                            run.path("bytes").asLong(),
                            run.path("millis").asLong()));
                }
            }
        } catch (JsonProcessingException e) {
            return new Throughput(List.of());
        }
        return new Throughput(runs);
    }

    /** Adds units of a run to what is kept of a job; of few runs, the last. */
    static void keep(Storage staging, String job, RunId run, long bytes, Duration took) {
        List<OfRun> runs = new ArrayList<>(load(staging, job).runs());
        long before = runs.stream()
                .filter(r -> r.run().equals(run.value()))
                .mapToLong(OfRun::bytes)
                .sum();
        long millis = runs.stream()
                .filter(r -> r.run().equals(run.value()))
                .mapToLong(OfRun::millis)
                .sum();
        runs.removeIf(r -> r.run().equals(run.value()));
        runs.add(new OfRun(run.value(), before + bytes, millis + took.toMillis()));
        ObjectNode root = JSON.createObjectNode().put("format", FORMAT);
        runs.stream()
                .skip(Math.max(0, runs.size() - RUNS))
                .forEach(r -> root.withArray("runs")
                        .addObject()
                        .put("run", r.run())
                        .put("bytes", r.bytes())
                        .put("millis", r.millis()));
        staging.put(path(job), root.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static String path(String job) {
        return job + "/throughput.json";
    }

    /** Bytes that a task has read in a second; empty where nothing is known. */
    Optional<Double> bytesPerSecond() {
        double bytes = runs.stream().mapToLong(OfRun::bytes).sum();
        double millis = runs.stream().mapToLong(OfRun::millis).sum();
        return runs.isEmpty() ? Optional.empty() : Optional.of(1000 * bytes / millis);
    }

    /**
     * How large a unit is to be: so that there are about 64, of 16 MB at least. None has more than is read in two minutes,
     * and 1 GB; where nothing is known of that, 128 MB.
     *
     * @param all bytes of the snapshot
     */
    long groupBytes(long all) {
        long most = bytesPerSecond()
                .map(rate -> (long) Math.min(MOST_BYTES, rate * UNIT.toSeconds()))
                .orElse(UNMEASURED_BYTES);
        return Math.max(LEAST_BYTES, Math.min(most, all / GROUPS + 1));
    }
}
