package dev.millrace.config;

import dev.millrace.config.Job.Overlap;
import dev.millrace.config.SchemaSettings.Contract;
import dev.millrace.config.SchemaSettings.KindAttribute;
import dev.millrace.config.SchemaSettings.KindPatterns;
import dev.millrace.config.SchemaSettings.KindRule;
import dev.millrace.config.SchemaSettings.Lists;
import dev.millrace.config.SchemaSettings.OneKind;
import dev.millrace.config.StagingSettings.Spool;
import dev.millrace.config.TableSettings.ComputedColumn;
import dev.millrace.config.WarehouseSettings.DuckDb;
import dev.millrace.table.Codec;
import dev.millrace.table.FileFormat;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Every key of the job file, declared once. A new key is one constant, its place in a section and in its record. */
final class JobKeys {
    /** The kind of items that match none; see the schema room. */
    private static final String UNKNOWN_KIND = "_unknown";

    private JobKeys() {}

    private static final class DynamoDb {
        static final Key<DynamoDbSource, String> TABLE =
                Key.required("table", Scalars.DYNAMODB_TABLE, DynamoDbSource::table, "The table that is read.");
        static final Key<DynamoDbSource, String> REGION = Key.optional(
                "region",
                Scalars.REGION,
                DynamoDbSource::region,
                "Its region; left out, the one that the AWS SDK finds in its environment.");
        static final Key<DynamoDbSource, DynamoDbSource.Endpoint> ENDPOINT = Key.optional(
                "endpoint",
                Scalars.ENDPOINT,
                DynamoDbSource::endpoint,
                "Where DynamoDB answers, if not at the region's address; `embedded` is DynamoDB Local, started on this"
                        + " machine.");
        static final Key<DynamoDbSource, String> SAMPLE = Key.optional(
                "sample",
                Scalars.SAMPLE,
                DynamoDbSource::sample,
                "Sample data that fills the table when it is missing; only with `endpoint: embedded`.");
        static final Key<DynamoDbSource, String> ROLE =
                Key.optional("role", Scalars.ROLE, DynamoDbSource::role, "A role that is assumed for reading.");
        static final Key<DynamoDbSource, String> EXTERNAL_ID = Key.optional(
                "external-id",
                Scalars.EXTERNAL_ID,
                DynamoDbSource::externalId,
                "The external id that the role asks for; only with `role`.");
        static final Key<DynamoDbSource, Boolean> CONSISTENT = Key.of(
                "consistent",
                Scalars.BOOL,
                "false",
                DynamoDbSource::consistent,
                "Whether reads are strongly consistent, at twice the capacity.");
        static final Key<DynamoDbSource, OptionalInt> SEGMENTS = Key.of(
                "segments",
                Scalars.SEGMENTS,
                "auto",
                DynamoDbSource::segments,
                "Parts that the scan is cut into, each a unit of work; `auto` goes by table size and cores.");
        static final Key<DynamoDbSource, List<String>> PROJECTION = Key.list(
                "projection",
                new ListForm<>(Scalars.ATTRIBUTE, "[email, total]"),
                DynamoDbSource::projection,
                "The top-level attributes that are read, beside the keys, which always are; left out, all.");
        static final Key<DynamoDbSource, DynamoDbSource.Reader> READER = Key.of(
                "reader",
                Scalar.oneOf(DynamoDbSource.Reader.values()),
                "millrace",
                DynamoDbSource::reader,
                "What reads the table; `audienceproject` is that Spark connector, whose jar the job must be started"
                        + " with and which loses some values.");
        static final Key<DynamoDbSource, String> EXPIRE = Key.optional(
                "expire",
                Scalars.ATTRIBUTE,
                DynamoDbSource::expire,
                "The table's TTL attribute: items whose time (epoch seconds) has passed are left out and counted.");

        static final Key<DynamoDbSource, ReadCapacity> READ_CAPACITY = Key.optional(
                "read-capacity",
                Scalars.READ_CAPACITY,
                DynamoDbSource::readCapacity,
                "What the scan may use: capacity units a second, or a part of what the table has; left out, 25%, and no"
                        + " limit on DynamoDB Local.");
        static final Key<DynamoDbSource, Long> MAX_READ_UNITS = Key.optional(
                "max-read-units",
                Scalars.READ_UNITS,
                DynamoDbSource::maxReadUnits,
                "The capacity units that a run may cost; one that would cost more is refused; left out, any number.");

        static final Section<DynamoDbSource> SECTION = Section.<DynamoDbSource>of(
                        List.of(
                                TABLE,
                                REGION,
                                ENDPOINT,
                                SAMPLE,
                                ROLE,
                                EXTERNAL_ID,
                                CONSISTENT,
                                SEGMENTS,
                                PROJECTION,
                                READER,
                                EXPIRE,
                                READ_CAPACITY,
                                MAX_READ_UNITS),
                        v -> new DynamoDbSource(
                                v.get(TABLE),
                                v.find(REGION),
                                v.find(ENDPOINT),
                                v.find(SAMPLE),
                                v.find(ROLE),
                                v.find(EXTERNAL_ID),
                                v.get(CONSISTENT),
                                v.get(SEGMENTS),
                                v.get(PROJECTION),
                                v.get(READER),
                                v.find(EXPIRE),
                                v.find(READ_CAPACITY),
                                v.find(MAX_READ_UNITS)))
                .checked(DynamoDb::check);

        private static void check(Values v) {
            boolean embedded =
                    v.find(ENDPOINT).filter(DynamoDbSource.Endpoint::isEmbedded).isPresent();
            boolean wrongEndpoint = v.isGiven(ENDPOINT) && v.find(ENDPOINT).isEmpty();
            if (v.isGiven(SAMPLE) && !embedded && !wrongEndpoint) {
                v.mistake(SAMPLE, "only fills the embedded DynamoDB: add endpoint: embedded, or remove sample");
            }
            if (v.isGiven(EXTERNAL_ID) && !v.isGiven(ROLE)) {
                v.mistake(EXTERNAL_ID, "has no effect without role: add role, or remove external-id");
            }
            if (v.isGiven(ROLE) && embedded) {
                v.mistake(ROLE, "has no effect with endpoint: embedded: remove one of them");
            }
            if (v.find(READER)
                    .filter(r -> r == DynamoDbSource.Reader.AUDIENCEPROJECT)
                    .isPresent()) {
                for (Key<DynamoDbSource, ?> key : List.of(EXTERNAL_ID, PROJECTION, MAX_READ_UNITS)) {
                    if (v.isGiven(key)) {
                        v.mistake(key, "is nothing that reader: audienceproject can do: remove one of them");
                    }
                }
            }
            List<String> projection = v.find(PROJECTION).orElse(List.of());
            v.find(EXPIRE)
                    .filter(attribute -> !projection.isEmpty() && !projection.contains(attribute))
                    .ifPresent(attribute -> v.mistake(EXPIRE, "would not be read: add it to projection"));
        }
    }

    private static final Key<Source, DynamoDbSource> SOURCE_DYNAMODB = Key.optional(
            "dynamodb",
            DynamoDb.SECTION,
            source -> source instanceof DynamoDbSource d ? Optional.of(d) : Optional.empty(),
            "A DynamoDB table, scanned.");
    private static final Section<Source> SOURCE = Section.<Source>of(
                    List.of(SOURCE_DYNAMODB), v -> v.get(SOURCE_DYNAMODB))
            .withOneOf(List.of(SOURCE_DYNAMODB));

    private static final Key<KindRule, String> KIND_ATTRIBUTE = Key.optional(
            "attribute",
            Scalars.ATTRIBUTE,
            rule -> rule instanceof KindAttribute a ? Optional.of(a.attribute()) : Optional.empty(),
            "The top-level attribute whose value is the kind; the same as writing its name right after `kind`.");
    private static final Key<KindRule, Map<String, Map<String, String>>> KIND_PATTERNS = Key.optional(
            "patterns",
            new MapForm<>("kind", Scalars.KIND, new MapForm<>("key attribute", Scalars.ATTRIBUTE, Scalars.GLOB)),
            rule -> rule instanceof KindPatterns p ? Optional.of(p.patterns()) : Optional.empty(),
            "For each kind what its keys look like; the first kind whose patterns all match is taken.");
    private static final KindForm KIND = new KindForm(
            Scalars.ATTRIBUTE,
            Section.<KindRule>of(
                            List.of(KIND_ATTRIBUTE, KIND_PATTERNS),
                            v -> v.find(KIND_ATTRIBUTE)
                                    .<KindRule>map(KindAttribute::new)
                                    .orElseGet(() -> new KindPatterns(v.get(KIND_PATTERNS))))
                    .withOneOf(List.of(KIND_ATTRIBUTE, KIND_PATTERNS))
                    .checked(v -> v.find(KIND_PATTERNS).ifPresent(patterns -> {
                        if (patterns.isEmpty() || patterns.containsValue(Map.<String, String>of())) {
                            v.mistake(
                                    KIND_PATTERNS, "needs a kind, and a pattern for each: {Order: {PK: \"ORDER#*\"}}");
                        }
                    })));

    private static final Key<SchemaSettings, KindRule> SCHEMA_KIND = Key.optional(
            "kind",
            KIND,
            s -> s.kind() instanceof OneKind ? Optional.empty() : Optional.of(s.kind()),
            "What tells the kind of an item, when a table holds several; left out, all items are of one kind.");
    private static final Key<SchemaSettings, Location> CACHE = Key.derived(
            "cache",
            Scalars.FOLDER,
            "`<staging.at>/<job>/schema/`",
            r -> r.textAt("staging", "at")
                    .flatMap(at -> r.textAt("job").map(job -> at + (at.endsWith("/") ? "" : "/") + job + "/schema/")),
            SchemaSettings::cache,
            "Where the versions of the data-schemas are kept.");
    private static final Key<SchemaSettings, Duration> REFRESH = Key.of(
            "refresh",
            Scalars.DURATION,
            "7d",
            SchemaSettings::refresh,
            "The age from which on a data-schema is inferred anew, from what the last run counted; with"
                    + " `contract: evolve`.");
    private static final Key<SchemaSettings, Contract> CONTRACT = Key.of(
            "contract",
            Scalar.oneOf(Contract.values()),
            "evolve",
            SchemaSettings::contract,
            "What becomes of attributes, types and kinds that the data-schema does not know: a refresh takes them over"
                    + " (`evolve`), the run is refused (`freeze`), or they stay in `_rest` (`rescue`).");
    private static final Key<SchemaSettings, Lists> LISTS = Key.of(
            "lists",
            Scalar.oneOf(Lists.values()),
            "child-tables",
            SchemaSettings::lists,
            "What becomes of lists and sets: tables of their own, with the parent's key and the index, or a column of"
                    + " JSON text.");
    private static final Key<SchemaSettings, Percent> SCHEMA_SAMPLE = Key.of(
            "sample", Scalars.PART, "100%", SchemaSettings::sample, "The part of the items that inference looks at.");
    private static final Section<SchemaSettings> SCHEMA = Section.of(
            List.of(SCHEMA_KIND, CACHE, REFRESH, CONTRACT, LISTS, SCHEMA_SAMPLE),
            v -> new SchemaSettings(
                    v.find(SCHEMA_KIND).orElseGet(OneKind::new),
                    v.get(CACHE),
                    v.get(REFRESH),
                    v.get(CONTRACT),
                    v.get(LISTS),
                    v.get(SCHEMA_SAMPLE)));

    private static final Key<ComputedColumn, String> COLUMN_SQL = Key.required(
            "sql", new SqlForm(), ComputedColumn::sql, "A Spark SQL expression over the columns of the same row.");
    private static final Section<ComputedColumn> COLUMN =
            Section.of(List.of(COLUMN_SQL), v -> new ComputedColumn(v.get(COLUMN_SQL)));

    private static final class Table {
        static final Key<TableSettings, String> NAME = Key.optional(
                "name",
                Scalars.SQL_NAME,
                TableSettings::name,
                "The table's name in landing and warehouse; left out, it is made from the kind.");
        static final Key<TableSettings, Map<String, DeclaredType>> TYPES = Key.map(
                "types",
                new MapForm<>("column", Scalars.COLUMN, Scalars.TYPE),
                TableSettings::types,
                "Types that win over the inferred ones; a value that does not fit goes to `_rest`. The epochs make a"
                        + " timestamp from a number.");
        static final Key<TableSettings, Map<String, String>> RENAME = Key.map(
                "rename",
                new MapForm<>("column", Scalars.COLUMN, Scalars.COLUMN),
                TableSettings::rename,
                "New names by inferred column name.");
        static final Key<TableSettings, List<AttributePath>> DROP = Key.list(
                "drop",
                new ListForm<>(Scalars.ATTRIBUTE_PATH, "[card_number, address.street]"),
                TableSettings::drop,
                "Attributes that are left out of everything but the spool; see `staging.spool`.");
        static final Key<TableSettings, List<AttributePath>> HASH = Key.list(
                "hash",
                new ListForm<>(Scalars.ATTRIBUTE_PATH, "[email]"),
                TableSettings::hash,
                "Attributes that are replaced by a hash in everything but the spool; see `staging.spool`.");
        static final Key<TableSettings, Map<String, ComputedColumn>> COLUMNS = Key.map(
                "columns",
                new MapForm<>("column", Scalars.COLUMN, COLUMN),
                TableSettings::columns,
                "Computed columns, added after the others in this order.");

        static final Section<TableSettings> SECTION = Section.<TableSettings>of(
                        List.of(NAME, TYPES, RENAME, DROP, HASH, COLUMNS),
                        v -> new TableSettings(
                                v.find(NAME), v.get(TYPES), v.get(RENAME), v.get(DROP), v.get(HASH), v.get(COLUMNS)))
                .checked(Table::check);

        private static void check(Values v) {
            List<AttributePath> dropped = v.find(DROP).orElse(List.of());
            v.find(HASH).orElse(List.of()).stream()
                    .filter(dropped::contains)
                    .forEach(path -> v.mistake(HASH, path + " is dropped too: remove it from one of them"));
        }
    }

    private static final class Staging {
        static final Key<StagingSettings, Location> AT = Key.required(
                "at", Scalars.FOLDER, StagingSettings::at, "The folder of all runs' files; the job's own is below it.");
        static final Key<StagingSettings, Duration> KEEP = Key.of(
                "keep", Scalars.DURATION, "2d", StagingSettings::keep, "How long a run's files stay after its end.");
        static final Key<StagingSettings, FileFormat> FORMAT = Key.of(
                "format",
                Scalar.oneOf(FileFormat.values()),
                "parquet",
                StagingSettings::format,
                "How files are written.");
        static final Key<StagingSettings, Codec> CODEC = Key.derived(
                "codec",
                Scalar.oneOf(Codec.values()),
                "`zstd`; `gzip` for csv",
                r -> Optional.of(
                        r.textAt("staging", "format").filter("csv"::equals).isPresent() ? "gzip" : "zstd"),
                StagingSettings::codec,
                "How files are compressed; csv has no snappy.");
        static final Key<StagingSettings, Spool> SPOOL = Key.derived(
                "spool",
                Scalar.oneOf(Spool.values()),
                "`keep`; `delete` where a table has `drop` or `hash`",
                r -> Optional.of(protectedTable(r).isPresent() ? "delete" : "keep"),
                StagingSettings::spool,
                "What becomes of the source's items as they came: kept as long as the run's files, deleted once they"
                        + " are landed, or kept encrypted.");
        static final Key<StagingSettings, SecretRef> SPOOL_KEY = Key.optional(
                "spool-key",
                new SecretForm(StagingSettings::isSpoolKey, StagingSettings.KEY_RULE),
                StagingSettings::spoolKey,
                "The key of an encrypted spool, 32 bytes in base64; required with `spool: encrypt`.");

        static final Section<StagingSettings> SECTION = Section.<StagingSettings>of(
                        List.of(AT, KEEP, FORMAT, CODEC, SPOOL, SPOOL_KEY),
                        v -> new StagingSettings(
                                v.get(AT), v.get(KEEP), v.get(FORMAT), v.get(CODEC), v.get(SPOOL), v.find(SPOOL_KEY)))
                .checked(Staging::check);

        private static void check(Values v) {
            boolean csv = v.find(FORMAT).filter(f -> f == FileFormat.CSV).isPresent();
            if (csv && v.find(CODEC).filter(c -> c == Codec.SNAPPY).isPresent()) {
                v.mistake(CODEC, "is not for csv: must be gzip, zstd or none there");
            }
            Optional<Spool> spool = v.find(SPOOL);
            if (spool.filter(s -> s == Spool.ENCRYPT).isPresent() && !v.isGiven(SPOOL_KEY)) {
                v.mistake(SPOOL, "needs spool-key: add it as ${env:NAME} or ${secret:ID#key}");
            }
            if (spool.filter(s -> s != Spool.ENCRYPT).isPresent() && v.isGiven(SPOOL_KEY)) {
                v.mistake(SPOOL_KEY, "has no effect without spool: encrypt: add that, or remove spool-key");
            }
            if (spool.filter(s -> s == Spool.KEEP).isPresent()) {
                protectedTable(v.reading())
                        .ifPresent(kind -> v.mistake(
                                SPOOL,
                                "would keep what tables." + kind + " drops or hashes: must be delete or encrypt"));
            }
        }
    }

    private static final Key<S3Settings, URI> S3_ENDPOINT =
            Key.optional("endpoint", Scalars.ADDRESS, S3Settings::endpoint, "Where the store answers, if not at AWS.");
    private static final Key<S3Settings, String> S3_REGION = Key.optional(
            "region",
            Scalars.REGION,
            S3Settings::region,
            "Region of the buckets; left out, the one that the AWS SDK finds in its environment.");
    private static final Key<S3Settings, Boolean> PATH_STYLE = Key.of(
            "path-style",
            Scalars.BOOL,
            "false",
            S3Settings::pathStyle,
            "Whether the bucket stands in the path instead of the host name.");
    private static final Section<S3Settings> S3 = Section.of(
            List.of(S3_ENDPOINT, S3_REGION, PATH_STYLE),
            v -> new S3Settings(v.find(S3_ENDPOINT), v.find(S3_REGION), v.get(PATH_STYLE)));

    private static final Key<DuckDb, Path> DUCKDB_PATH = Key.required(
            "path",
            Scalars.LOCAL_FILE,
            DuckDb::path,
            "The database file that readers open; its versions lie beside it.");
    private static final Section<DuckDb> DUCKDB = Section.of(List.of(DUCKDB_PATH), v -> new DuckDb(v.get(DUCKDB_PATH)));

    private static final Key<GateSettings, Percent> MAX_SHRINK = Key.optional(
            "max-shrink",
            Scalars.PERCENT,
            GateSettings::maxShrink,
            "The part of its rows that a table may lose against live; left out, any.");
    private static final Key<GateSettings, Percent> MAX_QUARANTINE = Key.of(
            "max-quarantine",
            Scalars.PERCENT,
            "0.1%",
            GateSettings::maxQuarantine,
            "The part of the rows read that may be in quarantine.");
    private static final Key<GateSettings, Map<String, Long>> MIN_ROWS = Key.map(
            "min-rows",
            new MapForm<>("table", Scalars.SQL_NAME, Scalars.ROWS),
            GateSettings::minRows,
            "The rows that a table must have at least.");
    private static final Key<GateSettings, Map<String, List<String>>> NOT_NULL = Key.map(
            "not-null",
            new MapForm<>("table", Scalars.SQL_NAME, new ListForm<>(Scalars.COLUMN, "[order_id]")),
            GateSettings::notNull,
            "Columns in which a null refuses the replacement.");
    private static final Key<GateSettings, Map<String, List<List<String>>>> UNIQUE = Key.map(
            "unique",
            new MapForm<>(
                    "table",
                    Scalars.SQL_NAME,
                    new ListForm<>(new ColumnsForm(Scalars.COLUMN), "[order_id] or [[order_id, line]]")),
            GateSettings::unique,
            "Columns in which a repeated value refuses the replacement.");
    private static final Section<GateSettings> GATE = Section.of(
            List.of(MAX_SHRINK, MAX_QUARANTINE, MIN_ROWS, NOT_NULL, UNIQUE),
            v -> new GateSettings(
                    v.find(MAX_SHRINK), v.get(MAX_QUARANTINE), v.get(MIN_ROWS), v.get(NOT_NULL), v.get(UNIQUE)));

    private static final Key<WarehouseSettings, DuckDb> ENGINE_DUCKDB = Key.optional(
            "duckdb",
            DUCKDB,
            w -> w.engine() instanceof DuckDb d ? Optional.of(d) : Optional.empty(),
            "A DuckDB database.");
    private static final Key<WarehouseSettings, String> WAREHOUSE_SCHEMA = Key.derived(
            "schema",
            Scalars.SQL_NAME,
            "the job's name, `-` as `_`",
            r -> r.textAt("job").filter(job -> !job.isEmpty()).map(JobKeys::schemaName),
            WarehouseSettings::schema,
            "The schema that readers use and that is replaced as a whole.");
    private static final Key<WarehouseSettings, Integer> KEEP_PREVIOUS = Key.of(
            "keep-previous",
            Scalars.VERSIONS,
            "1",
            WarehouseSettings::keepPrevious,
            "Replaced versions that are kept for `rollback`.");
    private static final Key<WarehouseSettings, GateSettings> WAREHOUSE_GATE =
            Key.map("gate", GATE, WarehouseSettings::gate, "Checks between upload and replace; tables by their name.");
    private static final Section<WarehouseSettings> WAREHOUSE = Section.<WarehouseSettings>of(
                    List.of(ENGINE_DUCKDB, WAREHOUSE_SCHEMA, KEEP_PREVIOUS, WAREHOUSE_GATE),
                    v -> new WarehouseSettings(
                            v.get(ENGINE_DUCKDB), v.get(WAREHOUSE_SCHEMA), v.get(KEEP_PREVIOUS), v.get(WAREHOUSE_GATE)))
            .withOneOf(List.of(ENGINE_DUCKDB));

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
    private static final Key<Job, Source> SOURCE_KEY =
            Key.required("source", SOURCE, Job::source, "Where rows come from: exactly one of its children.");
    private static final Key<Job, SchemaSettings> SCHEMA_KEY =
            Key.map("schema", SCHEMA, Job::schema, "How data-schemas are found and kept.");
    private static final Key<Job, Map<String, TableSettings>> TABLES = Key.map(
            "tables",
            new MapForm<>("kind", Scalars.KIND, Table.SECTION),
            Job::tables,
            "Settings by kind; kinds that are not named get all columns as inferred.");
    private static final Key<Job, StagingSettings> STAGING_KEY =
            Key.required("staging", Staging.SECTION, Job::staging, "Where a run keeps its files, and how.");
    private static final Key<Job, S3Settings> S3_KEY =
            Key.map("s3", S3, Job::s3, "How S3 is reached; for stores that speak S3 but are not AWS.");
    private static final Key<Job, WarehouseSettings> WAREHOUSE_KEY = Key.optional(
            "warehouse", WAREHOUSE, Job::warehouse, "What is loaded; left out, the run ends with the landing files.");

    /** The whole job file. */
    static final Section<Job> ROOT = Section.<Job>of(
                    List.of(
                            NAME,
                            OVERLAP,
                            RESUME_WITHIN,
                            SOURCE_KEY,
                            SCHEMA_KEY,
                            TABLES,
                            STAGING_KEY,
                            S3_KEY,
                            WAREHOUSE_KEY),
                    v -> new Job(
                            v.get(NAME),
                            v.get(OVERLAP),
                            v.get(RESUME_WITHIN),
                            v.get(SOURCE_KEY),
                            v.get(SCHEMA_KEY),
                            v.get(TABLES),
                            v.get(STAGING_KEY),
                            v.get(S3_KEY),
                            v.find(WAREHOUSE_KEY)))
            .checked(JobKeys::checkTables);

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

    /** The first kind whose table has attributes that must not be kept as they are. */
    private static Optional<String> protectedTable(Reading reading) {
        if (!(reading.root().find("tables").orElse(null) instanceof Tree.Mapping tables)) {
            return Optional.empty();
        }
        return tables.entries().stream()
                .map(Tree.Entry::key)
                .filter(kind -> List.of("drop", "hash").stream()
                        .anyMatch(key -> tables.find(kind, key).orElse(null) instanceof Tree.Sequence list
                                && !list.items().isEmpty()))
                .findFirst();
    }

    private static String schemaName(String job) {
        String name = job.replace('-', '_');
        String legal = Character.isDigit(name.charAt(0)) ? "_" + name : name;
        return legal.substring(0, Math.min(63, legal.length()));
    }
}
