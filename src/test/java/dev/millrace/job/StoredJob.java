package dev.millrace.job;

import dev.millrace.config.WarehouseSettings;
import dev.millrace.run.Commit;
import dev.millrace.run.JobStore;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.RunStore;
import dev.millrace.schema.LastCensus;
import dev.millrace.schema.SchemaCache;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.ScanWatch;
import dev.millrace.testing.SharedSpark;
import dev.millrace.warehouse.Warehouse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** A job in a folder of its own, run in this process or by {@link JobProcesses}, and its state as it is stored. */
abstract class StoredJob {
    /** How a run in this process ended. */
    record Ended(int exitCode, String output) {}

    private final Path folder;
    private final String name;
    private final Map<String, String> environment = new HashMap<>();
    private final String staging;
    private final StorageOptions options;

    /** @param staging where it stages, a folder or a prefix of S3 */
    StoredJob(Path folder, String name, String staging, StorageOptions options) {
        this.folder = folder;
        this.name = name;
        this.staging = staging;
        this.options = options;
    }

    /** Writes the job file. */
    final void write(List<String> lines) {
        try {
            Files.createDirectories(folder);
            Files.write(file(), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The phases that it needs, in order. */
    abstract List<Phase> phases();

    abstract JobStore.Runs bringing();

    /** Labels of the phases whose units are alike in every such job. */
    abstract List<String> unitPhases();

    /** Those of them whose units name files that stay for ever. */
    abstract List<String> filePhases();

    /** Whether a unit is named alike in every such job. */
    abstract boolean namesUnitsAlike();

    /**
     * A select for each table that readers have.
     *
     * @param as a name that no other job has in this connection
     */
    abstract Map<String, String> seen(Statement duckDb, String as) throws SQLException;

    /** What is left where readers look that nobody needs, a sentence each. */
    abstract List<String> leftovers();

    /** A text of the job's without what is only its own. */
    String neutral(String text) {
        return text.replace(folder.toString(), "");
    }

    /** What is selected of the rows of a landed table: all but what is only this job's own. */
    String columns(String table) {
        return "*";
    }

    final String name() {
        return name;
    }

    final Path file() {
        return folder.resolve(name + ".yaml");
    }

    final Path folder() {
        return folder;
    }

    final Storage storage() {
        return Storages.open(staging, options);
    }

    final JobStore store() {
        return new JobStore(storage(), name, bringing(), Clock.systemUTC(), new Random());
    }

    /** The job's only run. */
    final RunStore onlyRun() {
        List<RunId> runs = store().runs();
        if (runs.size() != 1) {
            throw new AssertionError("Not one run: " + runs);
        }
        return store().run(runs.get(0));
    }

    final List<Commit> commits() {
        return store().ledger().commits();
    }

    /** What the last commit's run has counted. */
    final LastCensus census() {
        return new SchemaCache(Storages.open(storage().uri(name + "/schema/"), options))
                .census()
                .orElseThrow();
    }

    /** The state of a phase in the record of the job's run, as a process that looks on sees it; empty before. */
    final Optional<RunRecord> record() {
        return store().runs().stream().findFirst().flatMap(id -> store().run(id).record());
    }

    /** Whether the newest run has. */
    final boolean isCommitted(Phase phase) {
        return newestRun().phase(phase).isPresent();
    }

    /** The newest run. */
    final RunStore newestRun() {
        List<RunId> runs = store().runs();
        return store().run(runs.get(runs.size() - 1));
    }

    /** Whoever holds the lock does not keep others out. */
    final void deleteLock() {
        storage().delete(List.of(name + "/lock.json"));
    }

    /** Commits of the newest run's units, as the bytes of their files by path. */
    final Map<String, String> unitManifests() {
        Storage storage = storage();
        return storage.list(newestRun().path("units/")).stream()
                .collect(Collectors.toMap(
                        stored -> stored.path(),
                        stored -> storage.find(stored.path()).orElseThrow().utf8(),
                        (a, b) -> a,
                        TreeMap::new));
    }

    /** Sets a variable for runs in this process. */
    final void setVariable(String variable, String value) {
        environment.put(variable, value);
    }

    /** Runs the job in this process, with the tests' Spark session. */
    final Ended run(String... options) {
        return run(Clock.systemUTC(), Storages::open, Surroundings::warehouse, options);
    }

    /** As {@link #run(String...)}, with its effects counted. */
    final Ended run(Clock clock, Effects effects, String... options) {
        ScanWatch.tell(effects);
        try {
            return run(clock, effects.storages(), effects.warehouses(), options);
        } finally {
            ScanWatch.tellNobody();
        }
    }

    final Ended run(
            Clock clock,
            BiFunction<String, StorageOptions, Storage> storages,
            BiFunction<WarehouseSettings, WarehouseAccess, Warehouse> warehouses,
            String... options) {
        SharedSpark.session();
        Surroundings around = new Surroundings(
                folder,
                Optional.empty(),
                name -> Optional.ofNullable(environment.getOrDefault(name, System.getenv(name))),
                clock,
                new Random(),
                storages,
                warehouses);
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        StringWriter errors = new StringWriter();
        List<String> arguments = new ArrayList<>(List.of(file().toString()));
        arguments.addAll(List.of(options));
        int exitCode = Millrace.execute(
                new CommandLine(new JobCommand(
                                List.of(), around, new PrintStream(output, true, StandardCharsets.UTF_8)))
                        .setErr(new PrintWriter(errors, true)),
                arguments.toArray(String[]::new));
        return new Ended(exitCode, output.toString(StandardCharsets.UTF_8) + errors);
    }
}
