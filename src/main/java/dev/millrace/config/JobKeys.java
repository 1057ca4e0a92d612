package dev.millrace.config;

import dev.millrace.config.FileSource.OnChange;
import dev.millrace.config.Job.Overlap;
import dev.millrace.config.LakeSettings.Publish;
import dev.millrace.config.SchemaSettings.KindPatterns;
import dev.millrace.config.SchemaSettings.OneKind;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The whole job file, and what goes with what between its sections. Every key is declared once, those of a section in a class
 * of its own. A new key is one constant, its place in a section and in its record.
 */
final class JobKeys {
    /** The kind of items that match none; see the schema room. */
    private static final String UNKNOWN_KIND = "_unknown";

    private JobKeys() {}

    private static final Key<Job, String> NAME = Key.required(
            "job", Scalars.JOB_NAME, Job::name, "The job's name; storage and warehouse name its things by it.");
    private static final Key<Job, Overlap> OVERLAP = Key.of(
            "overlap",
            Scalar.oneOf(Overlap.values()),
            "skip",
            Job::overlap,
            "What a start does while another run holds the job: end at once with exit code 4, or wait.");
    private static final Key<Job, Duration> RESUME_WITHIN = Key.of(
            "resume-within",
            Scalars.DURATION,
            "1h",
            Job::resumeWithin,
            "An unfinished run younger than this is taken up; an older one is abandoned.");
    private static final Key<Job, Duration> EVERY = Key.optional(
            "every",
            Scalars.DURATION,
            job -> job.schedule().every(),
            "The time between starts, for what starts the job, such as a DAG of Airflow.");
    private static final Key<Job, List<String>> AFTER = Key.list(
            "after",
            new ListForm<>(Scalars.STARTED_BY, "[users]"),
            job -> job.schedule().after(),
            "Jobs by name, or assets of Airflow by URI, that are renewed before each start.");
    private static final Key<Job, Integer> RETRIES = Key.of(
            "retries",
            Scalars.RETRIES,
            "2",
            job -> job.schedule().retries(),
            "Starts after one that the world failed (exit code 1), for what starts the job.");
    private static final Key<Job, Source> SOURCE_KEY = Key.required(
            "source", SourceKeys.SECTION, Job::source, "Where rows come from: exactly one of its children.");
    private static final Key<Job, SchemaSettings> SCHEMA_KEY =
            Key.map("schema", SchemaKeys.SECTION, Job::schema, "How data-schemas are found and kept.");
    private static final Key<Job, Map<String, TableSettings>> TABLES = Key.map(
            "tables",
            new MapForm<>("kind", Scalars.KIND, TableKeys.SECTION),
            Job::tables,
            "Settings by kind; kinds that are not named get all columns as inferred.");
    private static final Key<Job, Map<String, String>> FUNCTIONS = Key.map(
            "functions",
            new MapForm<>("function", Scalars.FUNCTION, Scalars.CLASS),
            Job::functions,
            "Functions that expressions may use beside Spark's, by name: Java classes of the jar or of `--jars`.");
    private static final Key<Job, StagingSettings> STAGING_KEY = Key.map(
            "staging",
            StagingKeys.SECTION,
            Job::staging,
            "Where a run keeps its files, and how; may be left out where there is a lake.");
    private static final Key<Job, LakeSettings> LAKE_KEY = Key.optional(
            "lake", LakeKeys.SECTION, Job::lake, "Where tables are published as files; left out, nowhere.");
    private static final Key<Job, S3Settings> S3_KEY = Key.map(
            "s3",
            S3Keys.SECTION,
            Job::s3,
            "How S3 is reached, also a store that speaks S3 but is not AWS's, and how what is written is encrypted.");
    private static final Key<Job, WarehouseSettings> WAREHOUSE_KEY = Key.optional(
            "warehouse",
            WarehouseKeys.SECTION,
            Job::warehouse,
            "What is loaded; left out, the run ends with the landing files.");

    private static final Key<Job, RemoteSettings> REMOTE_KEY = Key.optional(
            "remote",
            RemoteKeys.SECTION,
            Job::remote,
            "Where `scripts/millrace remote` submits the job to; see [on AWS](remote.md).");

    /** The whole job file. */
    static final Section<Job> ROOT = Section.<Job>of(
                    List.of(
                            NAME,
                            OVERLAP,
                            RESUME_WITHIN,
                            EVERY,
                            AFTER,
                            RETRIES,
                            SOURCE_KEY,
                            SCHEMA_KEY,
                            TABLES,
                            FUNCTIONS,
                            STAGING_KEY,
                            LAKE_KEY,
                            S3_KEY,
                            WAREHOUSE_KEY,
                            REMOTE_KEY),
                    v -> new Job(
                            v.get(NAME),
                            v.get(OVERLAP),
                            v.get(RESUME_WITHIN),
                            new ScheduleSettings(v.find(EVERY), v.get(AFTER), v.get(RETRIES)),
                            v.get(SOURCE_KEY),
                            v.get(SCHEMA_KEY),
                            v.get(TABLES),
                            v.get(FUNCTIONS),
                            v.get(STAGING_KEY),
                            v.find(LAKE_KEY),
                            v.get(S3_KEY),
                            v.find(WAREHOUSE_KEY),
                            v.find(REMOTE_KEY)))
            .checked(JobKeys::checkFunctions)
            .checked(JobKeys::checkTables)
            .checked(JobKeys::checkSchedule)
            .checked(JobKeys::checkStaging)
            .checked(JobKeys::checkSource)
            .checked(JobKeys::checkLake)
            .checked(JobKeys::checkLandingPlace);

    /** Full paths of the declared keys with this name. */
    static List<String> pathsEndingWith(String name) {
        return ROOT.rows("").stream()
                .map(Form.Row::key)
                .filter(path -> path.endsWith("." + name))
                .toList();
    }

    private static void checkTables(Values v) {
        if (!(v.reading().root().find("tables").orElse(null) instanceof Tree.Mapping tables)) {
            return;
        }
        Optional<Set<String>> kinds = v.find(SCHEMA_KEY)
                .flatMap(s -> s.kind() instanceof KindPatterns p
                        ? Optional.of(p.patterns().keySet())
                        : Optional.empty());
        Map<String, String> kindsByName = new HashMap<>();
        for (Tree.Entry table : tables.entries()) {
            String path = Reading.below("tables", table.key());
            String kind = table.key();
            if (kinds.isPresent() && !kinds.get().contains(kind) && !kind.equals(UNKNOWN_KIND)) {
                String remedy = Nearest.to(kind, kinds.get())
                        .map(near -> "did you mean " + near + "?")
                        .orElseGet(() -> "known are " + String.join(", ", kinds.get()));
                v.mistake(new Tree.Empty(table.place()), path, "no such kind in schema.kind.patterns: " + remedy);
            }
            v.reading().textAt("tables", kind, "name").ifPresent(name -> {
                String other = kindsByName.putIfAbsent(name.toLowerCase(Locale.ROOT), kind);
                if (other != null) {
                    Tree at = tables.find(kind, "name").orElse(table.value());
                    v.mistake(
                            at,
                            path + ".name",
                            "is the name of " + Reading.below("tables", other) + " too: choose another");
                }
            });
        }
    }

    private static void checkFunctions(Values v) {
        Reading reading = v.reading();
        v.find(FUNCTIONS)
                .ifPresent(functions -> functions.forEach((name, type) -> reading.expressions()
                        .functionMistake(name, type)
                        .ifPresent(reason -> v.mistake(
                                reading.root().find("functions", name).orElseThrow(),
                                Reading.below("functions", name),
                                reason))));
    }

    private static void checkSchedule(Values v) {
        if (v.find(NAME)
                .filter(name -> v.find(AFTER).orElse(List.of()).contains(name))
                .isPresent()) {
            v.mistake(AFTER, "names the job itself: remove it");
        }
    }

    private static void checkStaging(Values v) {
        if (!v.isGiven(STAGING_KEY) && !v.isGiven(LAKE_KEY)) {
            v.mistake(STAGING_KEY, "is missing: add it");
        }
    }

    /** Whether a snapshot is one of a DynamoDB table. */
    private static boolean hasItems(Values v) {
        return v.find(SOURCE_KEY)
                .filter(source -> source instanceof SnapshotSource snapshot && snapshot.hasItems())
                .isPresent();
    }

    private static boolean hasTables(Values v) {
        return v.find(SOURCE_KEY)
                .filter(source -> source instanceof SnapshotSource snapshot && snapshot.hasTables())
                .isPresent();
    }

    /** What goes with one kind of source only. */
    private static void checkSource(Values v) {
        Reading reading = v.reading();
        boolean isTable = reading.root().find("source", "dynamodb").isPresent();
        if (isTable || hasItems(v)) {
            v.find(TABLES)
                    .ifPresent(tables -> tables.forEach((kind, table) -> {
                        if (table.isGiven()) {
                            v.mistake(
                                    reading.root()
                                            .find("tables", kind, "columns")
                                            .orElse(reading.root()),
                                    Reading.below("tables", kind) + ".columns",
                                    "paths are for files only: columns of a DynamoDB table are inferred; rename and types"
                                            + " change them");
                        }
                        if (table.deduplicate().isPresent()) {
                            v.mistake(
                                    reading.root()
                                            .find("tables", kind, "deduplicate")
                                            .orElse(reading.root()),
                                    Reading.below("tables", kind) + ".deduplicate",
                                    "is for files only: items of a DynamoDB table are told apart by their key: remove it");
                        }
                    }));
        }
        if (isTable) {
            return;
        }
        if (!v.isGiven(SOURCE_KEY)) {
            return;
        }
        v.find(STAGING_KEY)
                .filter(staging -> !StagingKeys.SPOOL.isDefault(Optional.of(staging.spool()), reading))
                .ifPresent(staging -> v.mistake(
                        reading.root().find("staging", "spool").orElseThrow(),
                        "staging.spool",
                        "has no effect on files, which are their own spool: remove it"));
        if (v.isGiven(WAREHOUSE_KEY) && !SourceKeys.isReadWhole(reading)) {
            v.mistake(
                    WAREHOUSE_KEY,
                    "is replaced whole by every run, and a run of files has only new rows: remove it, and publish to a"
                            + " lake");
        }
        if (hasTables(v)) {
            v.find(SCHEMA_KEY)
                    .filter(schema -> !(schema.kind() instanceof OneKind))
                    .ifPresent(
                            schema -> v.mistake(
                                    reading.root().find("schema", "kind").orElse(reading.root()),
                                    "schema.kind",
                                    "has no effect on an export of RDS or Aurora, whose tables are told by their folders: remove it"));
            return;
        }
        boolean isOneKind =
                v.find(SCHEMA_KEY).filter(s -> s.kind() instanceof OneKind).isPresent();
        if (isOneKind && reading.root().find("tables").orElse(null) instanceof Tree.Mapping tables) {
            tables.entries().stream()
                    .skip(1)
                    .forEach(table -> v.mistake(
                            new Tree.Empty(table.place()),
                            Reading.below("tables", table.key()),
                            "all records are of one kind, "
                                    + tables.entries().get(0).key() + ": remove this one, or set schema.kind"));
        }
    }

    /** A warehouse that reads the landing itself reads it from S3. */
    private static void checkLandingPlace(Values v) {
        boolean reads = v.find(WAREHOUSE_KEY)
                .filter(w -> w.engine() instanceof WarehouseSettings.Redshift
                        || w.engine() instanceof WarehouseSettings.Snowflake)
                .isPresent();
        if (reads
                && v.find(STAGING_KEY)
                        .filter(s -> !s.at().uri().startsWith("s3://"))
                        .isPresent()) {
            Reading reading = v.reading();
            String message = "is read by the warehouse itself, which reads from S3 only: must be s3://bucket/prefix";
            reading.root()
                    .find("staging", "at")
                    .ifPresentOrElse(
                            at -> v.mistake(at, "staging.at", message),
                            () -> v.mistake(new Tree.Empty(reading.root().place()), "staging.at", message));
        }
    }

    private static void checkLake(Values v) {
        Reading reading = v.reading();
        Map<String, TableSettings> tables = v.find(TABLES).orElse(Map.of());
        boolean isFiles = v.isGiven(SOURCE_KEY)
                && reading.root().find("source", "dynamodb").isEmpty()
                && !hasItems(v);
        tables.forEach((kind, table) -> table.deduplicate().ifPresent(duplicates -> {
            Tree at = reading.root().find("tables", kind, "deduplicate").orElse(reading.root());
            String path = Reading.below("tables", kind) + ".deduplicate";
            if (isFiles && !v.isGiven(LAKE_KEY)) {
                v.mistake(at, path, "has no effect without a lake: add lake, or remove it");
            }
            boolean isDelta = v.find(LAKE_KEY)
                    .filter(lake -> lake.publish() == Publish.DELTA)
                    .isPresent();
            if (isFiles
                    && v.find(LAKE_KEY).isPresent()
                    && !isDelta
                    && duplicates.against() == Deduplicate.Against.TABLE) {
                v.mistake(at, path + ".against", "table is only for publish: delta: must be batch");
            }
        }));
        v.find(LAKE_KEY).ifPresent(lake -> checkLake(v, lake, tables, isFiles));
    }

    private static void checkLake(Values v, LakeSettings lake, Map<String, TableSettings> tables, boolean isFiles) {
        Reading reading = v.reading();
        if (reading.textAt("staging", "format").filter("csv"::equals).isPresent()) {
            v.mistake(
                    reading.root().find("staging", "format").orElseThrow(),
                    "staging.format",
                    "is not for a lake: must be parquet");
        }
        boolean isWhole = SourceKeys.isReadWhole(reading);
        if (isWhole && lake.publish() != Publish.VERSIONED) {
            v.mistake(
                    reading.root().find("lake", "publish").orElseThrow(),
                    "lake.publish",
                    "is for a source whose files are read once: must be versioned for a table that every run reads"
                            + " whole");
        }
        if (isFiles && !isWhole && lake.publish() == Publish.VERSIONED) {
            v.mistake(
                    reading.root().find("lake", "publish").orElseThrow(),
                    "lake.publish",
                    "is for a table that every run reads whole: a version would have the rows of the last run's files"
                            + " only; must be delta or folders");
        }
        boolean rewrites = v.find(SOURCE_KEY)
                .filter(source -> source instanceof FileSource files
                        && files.onChange() == OnChange.REPROCESS
                        && !files.fileColumn())
                .isPresent();
        if (isFiles && rewrites) {
            v.mistake(
                    SOURCE_KEY,
                    "file-column: false leaves out what tells the rows of a rewritten file: add on-change: quarantine,"
                            + " or remove file-column");
        }
        v.find(SOURCE_KEY)
                .map(JobKeys::folder)
                .filter(base -> !base.isEmpty() && lake.at().uri().startsWith(base))
                .ifPresent(base -> v.mistake(
                        reading.root().find("lake", "at").orElseThrow(),
                        "lake.at",
                        "lies in the source's folder, so its files would be read as new ones: must lie elsewhere"));
        boolean allGiven = !tables.isEmpty() && tables.values().stream().allMatch(TableSettings::isGiven);
        if (allGiven) {
            Set<String> known = tables.values().stream()
                    .flatMap(table -> table.columns().keySet().stream())
                    .collect(Collectors.toCollection(LinkedHashSet::new));
            requireColumns(v, lake.partitionBy(), known, "partition-by");
            requireColumns(v, lake.compaction().sortBy(), known, "compaction", "sort-by");
            lake.also().forEach(layout -> requireColumns(v, layout.partitionBy(), known, "also"));
        }
    }

    /** The folder that a source lists; empty text where it lists none. */
    private static String folder(Source source) {
        if (source instanceof FileSource files) {
            return files.at().base().uri();
        }
        return source instanceof SnapshotSource snapshot
                ? snapshot.at().map(Location::uri).orElse("")
                : "";
    }

    private static void requireColumns(Values v, List<String> columns, Set<String> known, String... key) {
        columns.stream().filter(column -> !known.contains(column)).forEach(column -> {
            String remedy = Nearest.to(column, known)
                    .map(near -> "did you mean " + near + "?")
                    .orElseGet(() -> "known are " + String.join(", ", known));
            Tree at = v.reading()
                    .root()
                    .find(Stream.concat(Stream.of("lake"), Stream.of(key)).toArray(String[]::new))
                    .orElseThrow();
            v.mistake(
                    new Tree.Empty(at.place()), "lake." + String.join(".", key), "no column " + column + ": " + remedy);
        });
    }
}
