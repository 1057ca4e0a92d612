package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.run.JobStore;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A run that a command names, with the job as it was when the run began.
 *
 * @param open the job of the run's plan
 * @param store the run's state
 */
record StoredRun(OpenJob open, RunStore store) {
    private static final Pattern LOCATION =
            Pattern.compile("(.*/|)([^/]+)/runs/([^/]+)/?(?:plan\\.json|record\\.json|end\\.json)?");
    private static final String PLAN = "plan.json";
    private static final String JOBS = "jobs";

    /**
     * Finds a run.
     *
     * @param name its id, its folder, or the record in it
     * @param jobFile the job file whose run it is; without it, those in {@code jobs/} are asked
     * @param env as the job file takes it
     * @param settings as the job file takes them
     * @throws Fault of kind USER when there is no such run
     */
    static StoredRun find(
            String name,
            Optional<String> jobFile,
            Optional<String> env,
            Map<String, String> settings,
            Surroundings around) {
        if (!RunId.isRunId(name)) {
            return at(name, around);
        }
        RunId id = new RunId(name);
        if (jobFile.isPresent()) {
            OpenJob open = OpenJob.load(jobFile.get(), env, settings, around);
            return of(open, id, around)
                    .orElseThrow(() -> Fault.user("Unknown run: " + id + ": job "
                            + open.job().name() + " has none of that name below "
                            + open.staging().uri(open.job().name() + "/runs/")));
        }
        return amongAll(id, env, settings, around);
    }

    private static Optional<StoredRun> of(OpenJob open, RunId id, Surroundings around) {
        RunStore store = open.store().run(id);
        return store.findPlan().map(plan -> new StoredRun(open.began(plan, around), store));
    }

    private static StoredRun amongAll(
            RunId id, Optional<String> env, Map<String, String> settings, Surroundings around) {
        List<String> asked = new ArrayList<>();
        for (String file : jobFiles(around)) {
            try {
                Optional<StoredRun> found = of(OpenJob.load(file, env, settings, around), id, around);
                if (found.isPresent()) {
                    return found.get();
                }
                asked.add(file);
            } catch (Fault unreadable) {
                // What is wrong with a job file that may not be the one is not what was asked.
                asked.add(file + " (which cannot be read: scripts/millrace check " + file + ")");
            }
        }
        throw Fault.user("Unknown run: " + id + ": "
                + (asked.isEmpty() ? "there is no job file in " + JOBS + "/" : "none of " + String.join(", ", asked))
                + ": name its job file by --job JOB, or give the run's folder");
    }

    /** The job files that are looked through when a command names none. */
    static List<String> jobFiles(Surroundings around) {
        Path folder = around.base().resolve(JOBS);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> JOBS + "/" + file.getFileName())
                    .filter(name -> name.endsWith(".yaml") || name.endsWith(".yml"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw Fault.world("Cannot list " + folder + ": " + e, e);
        }
    }

    /** Whether a location is that of a run's plan. */
    static boolean isPlan(String location) {
        return location.endsWith("/" + PLAN) && parts(location).isPresent();
    }

    /** The root, job and run of a location, where it is one of a run. */
    private static Optional<Matcher> parts(String location) {
        return Optional.of(LOCATION.matcher(location))
                .filter(parts -> parts.matches() && RunId.isRunId(parts.group(3)));
    }

    static StoredRun at(String location, Surroundings around) {
        Matcher parts = parts(location)
                .orElseThrow(() -> Fault.user(
                        "Invalid run: " + location + ": must be a run's name like 2026-11-21T07-00-00Z-k3f9, or its "
                                + "folder STAGING/JOB/runs/NAME/"));
        String root = parts.group(1).isEmpty() ? around.base().toString() : absolute(parts.group(1), around);
        Storage staging = around.storages().apply(root, StorageOptions.DEFAULT);
        String job = parts.group(2);
        RunId id = new RunId(parts.group(3));
        RunStore store = new JobStore(staging, job, around.clock(), around.random()).run(id);
        String file = staging.uri(store.path(PLAN));
        OpenJob open = OpenJob.ofPlan(file, file, store.plan().jobJson(), staging, around);
        return new StoredRun(open, open.store().run(id));
    }

    /** How commands take a run of a job: by its plan, where the job was read from one, else with the job file. */
    static String argument(OpenJob open, RunId run) {
        return isPlan(open.given()) ? open.given() : run + " --job " + open.given();
    }

    private static String absolute(String root, Surroundings around) {
        return root.contains(":") ? root : around.base().resolve(root).toString();
    }
}
