package dev.millrace.job;

import dev.millrace.config.Expressions;
import dev.millrace.config.FileLocation;
import dev.millrace.config.FileSource;
import dev.millrace.config.Job;
import dev.millrace.config.JobFile;
import dev.millrace.config.LakeSettings;
import dev.millrace.config.Mistake;
import dev.millrace.config.S3Settings;
import dev.millrace.config.TableSettings;
import dev.millrace.config.WarehouseSettings;
import dev.millrace.fault.Fault;
import dev.millrace.function.JavaFunctions;
import dev.millrace.lake.LakeTable;
import dev.millrace.lake.S3a;
import dev.millrace.landing.ComputedColumn;
import dev.millrace.landing.ComputedColumns;
import dev.millrace.run.JobStore;
import dev.millrace.run.Plan;
import dev.millrace.schema.SchemaCache;
import dev.millrace.storage.S3Encryption;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/**
 * A job file, checked, and what it names, opened.
 *
 * @param file as it was given
 * @param given the same with what it was read with, as commands take it
 * @param job as resolved
 * @param staging its storage
 * @param store its state below the staging
 * @param schemas its schema cache
 * @param warehouses opens the warehouse that settings name, with a session for engines that load by Spark
 * @param storages opens the storage that a location names
 */
record OpenJob(
        String file,
        String given,
        Job job,
        Storage staging,
        JobStore store,
        SchemaCache schemas,
        BiFunction<WarehouseSettings, Supplier<SparkSession>, Warehouse> warehouses,
        BiFunction<String, StorageOptions, Storage> storages) {
    private static final Expressions EXPRESSIONS = new Expressions() {
        @Override
        public Optional<String> mistake(String sql, Map<String, String> functions) {
            Set<String> known = new HashSet<>(JavaFunctions.OURS.names());
            known.addAll(functions.keySet());
            return ComputedColumns.mistake(sql, known);
        }

        @Override
        public Optional<String> functionMistake(String name, String type) {
            return JavaFunctions.mistake(name, type);
        }
    };

    /**
     * Loads a job file, or the job of a run's plan, which stands for its job file where that is not at hand.
     *
     * @throws Fault of kind USER with all mistakes
     */
    static OpenJob load(Arguments arguments, Surroundings around) {
        return load(arguments.job(), arguments.env(), arguments.settings(), around);
    }

    static OpenJob load(String file, Optional<String> env, Map<String, String> settings, Surroundings around) {
        if (StoredRun.isPlan(file)) {
            if (env.isPresent() || !settings.isEmpty()) {
                throw Fault.user("Invalid job file: " + file
                        + ": a run's plan is the job as it was resolved: leave --env and --set out");
            }
            return StoredRun.at(file, around).open();
        }
        Job job = parsed(file, env, settings, around);
        return of(file, given(file, env, settings), job, job.staging().at().uri(), around);
    }

    private static String given(String file, Optional<String> env, Map<String, String> settings) {
        StringBuilder given = new StringBuilder(file);
        env.ifPresent(name -> given.append(" --env ").append(name));
        settings.forEach((key, value) -> given.append(" --set '")
                .append((key + "=" + value).replace("'", "'\\''"))
                .append('\''));
        return given.toString();
    }

    private static Job parsed(String file, Optional<String> env, Map<String, String> settings, Surroundings around) {
        if (!isOnStorage(file)) {
            return JobFile.load(
                    Path.of(file), envFile(env), settings, around.base(), around.environment(), EXPRESSIONS);
        }
        FileLocation at = location(file, around);
        Storage folder = around.storages().apply(at.folder().uri(), StorageOptions.DEFAULT);
        requireUsable("No job file", folder);
        byte[] content = folder.find(at.name())
                .orElseThrow(() -> Fault.user("No job file: " + file + ": there is none of that name"))
                .content();
        return JobFile.ofText(
                file,
                new String(content, StandardCharsets.UTF_8),
                envFile(env),
                settings,
                around.base(),
                around.environment(),
                EXPRESSIONS);
    }

    /** Whether a job file is named by a uri. */
    static boolean isOnStorage(String file) {
        return file.contains("://");
    }

    static FileLocation location(String file, Surroundings around) {
        return FileLocation.parse(file, around.base())
                .orElseThrow(() -> Fault.user(
                        "Invalid job file: " + file + ": must be a local path, s3://bucket/key or s3a://bucket/key"));
    }

    /**
     * The job of a run's plan, as it was when the run began; keys that are younger have their defaults.
     *
     * @param file as messages name it
     * @param given the same as commands take it
     * @param staging where the run was found, be it that it was moved there
     * @throws Fault of kind USER with all mistakes
     */
    static OpenJob ofPlan(String file, String given, String json, Storage staging, Surroundings around) {
        return of(file, given, parsed(file, json, around), staging.root(), around);
    }

    private static Job parsed(String file, String json, Surroundings around) {
        return JobFile.fromJson(file, json, around.base(), around.environment(), EXPRESSIONS);
    }

    /** A plan's job file as this version writes it; as it is, where this version does not understand it. */
    static String rewritten(String json, Surroundings around) {
        try {
            return JobFile.toJson(parsed("plan.json", json, around));
        } catch (Fault notUnderstood) {
            return json;
        }
    }

    /** The job of the plan of a run that is below this one's staging. */
    OpenJob began(Plan plan, Surroundings around) {
        return ofPlan(file, given, plan.jobJson(), staging, around);
    }

    private static OpenJob of(String file, String given, Job job, String at, Surroundings around) {
        StorageOptions options = options(job.s3());
        Storage staging = around.storages().apply(at, options);
        return new OpenJob(
                file,
                given,
                job,
                staging,
                new JobStore(staging, job.name(), bringing(job), around.clock(), around.random()),
                new SchemaCache(around.storages().apply(job.schema().cache().uri(), options)),
                (settings, spark) -> around.warehouses()
                        .apply(
                                settings,
                                new WarehouseAccess(
                                        ref -> ref.resolve(around.environment(), Secrets::find),
                                        staging.root(),
                                        spark)),
                around.storages());
    }

    private static JobStore.Runs bringing(Job job) {
        return job.source() instanceof FileSource ? JobStore.Runs.ADDING : JobStore.Runs.REPLACING;
    }

    /** Everything that is wrong with a job file, one a line; none means that {@link #load} succeeds. */
    static List<String> mistakes(Arguments arguments, Surroundings around) {
        if (StoredRun.isPlan(arguments.job())) {
            load(arguments, around);
            return List.of();
        }
        return JobFile.mistakes(
                        Path.of(arguments.job()),
                        envFile(arguments.env()),
                        arguments.settings(),
                        around.base(),
                        around.environment(),
                        EXPRESSIONS)
                .stream()
                .map(Mistake::toString)
                .toList();
    }

    private static Optional<Path> envFile(Optional<String> env) {
        return env.map(name -> Path.of("conf", name + ".yaml"));
    }

    /** A kind's computed columns, in the order they were declared. */
    static List<ComputedColumn> computed(TableSettings table, String kind, String file) {
        List<ComputedColumn> computed = new ArrayList<>();
        table.columns().forEach((name, column) -> {
            String place = file + ": tables." + kind + ".columns." + name;
            if (column instanceof TableSettings.ComputedColumn c) {
                computed.add(new ComputedColumn(name, c.sql(), place));
            } else if (column instanceof TableSettings.GivenColumn given) {
                given.sql().ifPresent(sql -> computed.add(new ComputedColumn(name, sql, place, true)));
            }
        });
        return computed;
    }

    static StorageOptions options(S3Settings s3) {
        return new StorageOptions(
                s3.endpoint().map(URI::toString).orElse(""),
                s3.region().orElse(""),
                s3.pathStyle(),
                s3.encryption().map(e -> S3Encryption.valueOf(e.name())).orElse(S3Encryption.BY_BUCKET),
                s3.kmsKey().orElse(""),
                s3.owners());
    }

    /** The job's warehouse, to be closed. Throws a USER fault when the job file names none. */
    Warehouse openWarehouse() {
        return openWarehouse(() -> {
            throw new IllegalStateException("Nothing is loaded here");
        });
    }

    /** The job's warehouse to load into, to be closed. Throws a USER fault when the job file names none. */
    Warehouse openWarehouse(Supplier<SparkSession> spark) {
        return warehouses.apply(warehouse(), () -> {
            S3a.require(file + ": staging.at", staging);
            SparkSession session = spark.get();
            S3a.configure(session, staging, options(job.s3()));
            return session;
        });
    }

    /** Where the job publishes. Throws a USER fault when the job file names no lake. */
    LakeSettings lake() {
        return job.lake()
                .orElseThrow(() -> Fault.user(file + ": lake: is missing: this command needs one; add, for example, "
                        + "lake: {at: data/" + job.name() + "/lake/}"));
    }

    Storage openLake() {
        return storages.apply(lake().at().uri(), options(job.s3()));
    }

    /** Refuses to begin where a bucket that the job file names is not there, while that costs nothing. */
    void requireUsablePlaces() {
        Map<String, Storage> places = new LinkedHashMap<>();
        places.put("staging.at", staging);
        Storage cache = storages.apply(job.schema().cache().uri(), options(job.s3()));
        if (!cache.root().startsWith(staging.root())) {
            places.put("schema.cache", cache);
        }
        job.lake().ifPresent(lake -> places.put("lake.at", openLake()));
        if (job.source() instanceof FileSource files) {
            places.put("source", storages.apply(files.at().base().uri(), options(job.s3())));
        }
        places.forEach((key, place) -> requireUsable(file + ": " + key, place));
    }

    private static void requireUsable(String what, Storage place) {
        try {
            place.requireUsable();
        } catch (Fault mistake) {
            throw mistake.of(what);
        }
    }

    /** Refuses to begin where Spark cannot reach the files of the lake, or lacks what writes its tables. */
    void requireReachableLake() {
        if (job.lake().isPresent()) {
            LakeTable.requireWriter(file + ": lake.publish", lake().publish());
            S3a.require(file + ": staging.at", staging);
            S3a.require(file + ": lake.at", openLake());
        }
    }

    /** Tells Spark how what this job's lake is made of is reached. */
    void reachLake(SparkSession spark) {
        if (job.lake().isPresent()) {
            S3a.configure(spark, staging, options(job.s3()));
            S3a.configure(spark, openLake(), options(job.s3()));
        }
    }

    WarehouseSettings warehouse() {
        return job.warehouse()
                .orElseThrow(
                        () -> Fault.user(file + ": warehouse: is missing: this command needs one; add, for example, "
                                + "warehouse: {duckdb: {path: data/" + job.name() + "/warehouse.duckdb}}"));
    }

    /** Whether runs add rows to tables of a lake, in place of replacing them. */
    boolean isAddingToLake() {
        return job.lake().isPresent() && job.source() instanceof FileSource;
    }

    /**
     * Throws where what is live is not this job's to replace: it is another job's, or its run is not in this job's
     * ledger, whose numbers then say nothing of which of two runs is the later one.
     *
     * @throws Fault USER
     */
    void requireOwn(Version live) {
        String name = job.name();
        if (warehouse().takesOver().filter(live.job()::equals).isPresent()) {
            return;
        }
        if (!live.job().equals(name)) {
            throw live.notOf(name, warehouseName());
        }
        if (!isOfLedger(live)) {
            throw Fault.user("Invalid warehouse: run " + live.run() + ", commit " + live.commit() + ", of a job " + name
                    + " is live in " + warehouseName() + ", and the ledger of this one, "
                    + staging.uri(name + "/commits/")
                    + ", does not know it. If staging.at was moved, bring the folder " + name
                    + "/ of the former place there; if another job of that name loads it, load another schema (of DuckDB,"
                    + " another file); if the former staging is lost, write takes-over: " + name
                    + " below warehouse:, and what this ledger does not know is replaced");
        }
    }

    /** Whether this job's ledger knows a version's run by its number. */
    boolean isOfLedger(Version version) {
        return store().ledger()
                .find(version.commit())
                .filter(commit -> commit.run().equals(version.run()))
                .isPresent();
    }

    /** As a person names the warehouse. */
    String warehouseName() {
        WarehouseSettings settings = warehouse();
        if (settings.engine() instanceof WarehouseSettings.DuckDb duckDb) {
            return duckDb.path() + " (DuckDB, schema " + settings.schema() + ")";
        }
        if (settings.engine() instanceof WarehouseSettings.Postgres server) {
            return server.host() + ":" + server.port() + "/" + server.database() + " (PostgreSQL, schema "
                    + settings.schema() + ")";
        }
        if (settings.engine() instanceof WarehouseSettings.Snowflake account) {
            return account.account() + "/" + account.database() + " (Snowflake, schema " + settings.schema() + ")";
        }
        if (settings.engine() instanceof WarehouseSettings.Redshift server) {
            return server.host() + ":" + server.port() + "/" + server.database() + " (Redshift, schema "
                    + settings.schema() + ")";
        }
        return settings.schema();
    }
}
