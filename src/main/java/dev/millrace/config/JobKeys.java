package dev.millrace.config;

import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.config.FileSource.OnChange;
import dev.millrace.config.Job.Overlap;
import dev.millrace.config.LakeSettings.Layout;
import dev.millrace.config.LakeSettings.Publish;
import dev.millrace.config.SchemaSettings.Contract;
import dev.millrace.config.SchemaSettings.KindAttribute;
import dev.millrace.config.SchemaSettings.KindPatterns;
import dev.millrace.config.SchemaSettings.KindRule;
import dev.millrace.config.SchemaSettings.Lists;
import dev.millrace.config.SchemaSettings.OneKind;
import dev.millrace.config.StagingSettings.Spool;
import dev.millrace.config.TableSettings.Column;
import dev.millrace.config.TableSettings.ComputedColumn;
import dev.millrace.config.TableSettings.GivenColumn;
import dev.millrace.table.Codec;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Every key of the job file, declared once. A new key is one constant, its place in a section and in its record. */
final class JobKeys {
    /** The kind of items that match none; see the schema room. */
    private static final String UNKNOWN_KIND = "_unknown";

    /** Columns that rows of files have beside those of their records. */
    private static final Set<String> OF_FILES = Set.of("_file", "_row_id");

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

    /** Keys of the sources that are files. */
    private static final class Files {
        static final Key<FileSource, FolderPattern> AT = Key.required(
                "at",
                Scalars.FOLDER_PATTERN,
                FileSource::at,
                "The folder of the files; all below it are read. Parts of the UTC time in its folders' names tell what"
                        + " time files are of, and bound what is listed.");
        static final Key<FileSource, String> NAMES = Key.of(
                "files",
                Scalars.FILE_NAMES,
                "*",
                FileSource::names,
                "The names of the files that are read; names that begin with `_` or `.` never are.");
        static final Key<FileSource, Duration> LOOKBACK = Key.of(
                "lookback",
                Scalars.DURATION,
                "3d",
                FileSource::lookback,
                "How far back each run lists the folders of time; only where `at` has parts of the time.");
        static final Key<FileSource, Duration> RELIST = Key.of(
                "relist",
                Scalars.DURATION,
                "1d",
                FileSource::relist,
                "How often a run lists all folders, so that no file is late for ever; only where `at` has parts of the"
                        + " time.");
        static final Key<FileSource, OnChange> ON_CHANGE = Key.of(
                "on-change",
                Scalar.oneOf(OnChange.values()),
                "reprocess",
                FileSource::onChange,
                "What becomes of a file that was rewritten after it was read: its rows take the place of the earlier"
                        + " ones, or it goes to quarantine and those stay.");
        static final Key<FileSource, ByteSize> GROUP_SIZE = Key.of(
                "group-size",
                Scalars.SIZE,
                "128MB",
                FileSource::groupSize,
                "Bytes of files that make a unit of work; larger files that can be split are.");
        static final Key<FileSource, Boolean> FILE_COLUMN = Key.of(
                "file-column",
                Scalars.BOOL,
                "true",
                FileSource::fileColumn,
                "Whether rows have a column `_file` with the file that they are from.");
        static final Key<FileSource, Integer> MAX_DEPTH = Key.of(
                "max-depth",
                Scalars.DEPTH,
                "512",
                source -> source.limits().depth(),
                "Objects and arrays inside each other; a record with more goes to quarantine.");
        static final Key<FileSource, ByteSize> MAX_RECORD = Key.of(
                "max-record",
                Scalars.SIZE,
                "16MB",
                source -> source.limits().record(),
                "Bytes of one record; a larger one goes to quarantine, with its beginning only.");
        static final Key<FileSource, Integer> MAX_RATIO = Key.of(
                "max-ratio",
                Scalars.RATIO,
                "500",
                source -> source.limits().ratio(),
                "Bytes that a file may have for each of its compressed bytes; what comes after goes to quarantine.");

        static final Key<FileSource, List<String>> RECORDS = Key.optional(
                "records",
                new PathForm(Scalars.ATTRIBUTE_PATH),
                source -> source.format() instanceof FileSource.Json json
                                && !json.records().isEmpty()
                        ? Optional.of(json.records())
                        : Optional.empty(),
                "Where the records stand, when a file holds one object with all of them, for example `data.items`.");
        static final Key<FileSource, Boolean> HEADER = Key.of(
                "header",
                Scalars.BOOL,
                "false",
                source -> source.format() instanceof FileSource.Json json && json.header(),
                "Whether records are arrays of values, and the first array of a file holds their names.");

        static final Key<FileSource, Character> DELIMITER = Key.of(
                "delimiter", Scalars.CHARACTER, ",", source -> csv(source).delimiter(), "What stands between values.");
        static final Key<FileSource, Character> QUOTE = Key.of(
                "quote",
                Scalars.CHARACTER,
                "\"",
                source -> csv(source).quote(),
                "What stands around a value that holds delimiters, quotes or line ends.");
        static final Key<FileSource, Character> ESCAPE = Key.of(
                "escape",
                Scalars.CHARACTER,
                "\"",
                source -> csv(source).escape(),
                "What stands before a quote inside a quoted value; the quote itself where quotes are doubled.");
        static final Key<FileSource, Character> COMMENT = Key.optional(
                "comment",
                Scalars.CHARACTER,
                source -> csv(source).comment().chars().mapToObj(c -> (char) c).findFirst(),
                "What begins a line that is left out; without it, none is.");
        static final Key<FileSource, String> NULL_TEXT = Key.optional(
                "null-text",
                Scalars.NULL_TEXT,
                source -> Optional.of(csv(source).nullText()).filter(text -> !text.isEmpty()),
                "Text that, without quotes, stands for no value; left out, the empty one.");

        static final Section<FileSource> JSON = Section.<FileSource>of(
                        List.of(
                                AT,
                                NAMES,
                                RECORDS,
                                HEADER,
                                LOOKBACK,
                                RELIST,
                                ON_CHANGE,
                                GROUP_SIZE,
                                FILE_COLUMN,
                                MAX_DEPTH,
                                MAX_RECORD,
                                MAX_RATIO),
                        v -> source(v, new FileSource.Json(v.find(RECORDS).orElse(List.of()), v.get(HEADER))))
                .checked(Files::check)
                .checked(v -> {
                    if (v.isGiven(RECORDS) && v.find(HEADER).filter(h -> h).isPresent()) {
                        v.mistake(RECORDS, "does not go with header: remove one of them");
                    }
                });
        static final Section<FileSource> CSV = Section.<FileSource>of(
                        List.of(
                                AT,
                                NAMES,
                                DELIMITER,
                                QUOTE,
                                ESCAPE,
                                COMMENT,
                                NULL_TEXT,
                                LOOKBACK,
                                RELIST,
                                ON_CHANGE,
                                GROUP_SIZE,
                                FILE_COLUMN,
                                MAX_RECORD,
                                MAX_RATIO),
                        v -> source(
                                v,
                                new FileSource.Csv(
                                        v.get(DELIMITER),
                                        v.get(QUOTE),
                                        v.get(ESCAPE),
                                        v.find(COMMENT).map(String::valueOf).orElse(""),
                                        v.find(NULL_TEXT).orElse(""))))
                .checked(Files::check)
                .checked(Files::checkDialect);
        static final Section<FileSource> PARQUET = Section.<FileSource>of(
                        List.of(AT, NAMES, LOOKBACK, RELIST, ON_CHANGE, GROUP_SIZE, FILE_COLUMN),
                        v -> source(v, new FileSource.Parquet()))
                .checked(Files::check);

        private static final FileSource.Limits LIMITS = FileSource.Limits.DEFAULT;

        private static FileSource source(Values v, FileSource.Format format) {
            return new FileSource(
                    format,
                    v.get(AT),
                    v.get(NAMES),
                    v.get(LOOKBACK),
                    v.get(RELIST),
                    v.get(ON_CHANGE),
                    v.get(GROUP_SIZE),
                    v.get(FILE_COLUMN),
                    new FileSource.Limits(
                            v.find(MAX_DEPTH).orElse(LIMITS.depth()),
                            v.find(MAX_RECORD).orElse(LIMITS.record()),
                            v.find(MAX_RATIO).orElse(LIMITS.ratio())));
        }

        static Optional<FileSource> of(Source source, Class<? extends FileSource.Format> format) {
            return source instanceof FileSource files && format.isInstance(files.format())
                    ? Optional.of(files)
                    : Optional.empty();
        }

        private static FileSource.Csv csv(FileSource source) {
            return (FileSource.Csv) source.format();
        }

        private static void check(Values v) {
            boolean hasTime = v.find(AT).filter(FolderPattern::hasTime).isPresent();
            if (v.isGiven(AT) && v.find(AT).isPresent() && !hasTime) {
                for (Key<FileSource, Duration> key : List.of(LOOKBACK, RELIST)) {
                    if (v.isGiven(key) && !key.isDefault(v.find(key), v.reading())) {
                        v.mistake(
                                key,
                                "has no effect, since at has no part of the time and is listed whole: remove it, or"
                                        + " write {yyyy} and so on into at");
                    }
                }
            }
        }

        private static void checkDialect(Values v) {
            Map<Character, Key<FileSource, Character>> taken = new HashMap<>();
            for (Key<FileSource, Character> key : List.of(DELIMITER, QUOTE, COMMENT)) {
                v.find(key).ifPresent(c -> {
                    Key<FileSource, Character> other = taken.putIfAbsent(c, key);
                    if (other != null) {
                        v.mistake(key, "is what " + other.name() + " is: must be another character");
                    }
                });
            }
            v.find(ESCAPE)
                    .map(taken::get)
                    .filter(other -> other != QUOTE)
                    .ifPresent(other -> v.mistake(
                            ESCAPE, "is what " + other.name() + " is: must be the quote or another character"));
        }
    }

    private static final class Snapshot {
        static final Key<SnapshotSource, FileLocation> MANIFEST = Key.optional(
                "manifest",
                Scalars.FILE,
                SnapshotSource::manifest,
                "The `manifest-summary.json` of a manifest that lists the files; its data has columns `uri`, `size`,"
                        + " `etag` and `n_record`, of which the last two may be null.");
        static final Key<SnapshotSource, FileLocation> EXPORT = Key.optional(
                "export",
                Scalars.EXPORT,
                SnapshotSource::export,
                "An export that is there: the `manifest-summary.json` of a full one of a DynamoDB table, in DynamoDB JSON;"
                        + " or of an RDS or Aurora snapshot its folder, or the `export_info_<id>.json` in it.");
        static final Key<SnapshotSource, Map<String, String>> KEYS = Key.map(
                "keys",
                new MapForm<>("key attribute", Scalars.ATTRIBUTE, Scalars.KEY_TYPE),
                SnapshotSource::keys,
                "The exported DynamoDB table's keys with their types, partition key first, which no export tells:"
                        + " `{PK: S, SK: S}`; only with `export`.");
        static final Key<SnapshotSource, SnapshotSource.Requested> REQUEST = Key.optional(
                "request",
                Scalar.oneOf(SnapshotSource.Requested.values()),
                source -> source.request().map(SnapshotSource.ExportRequest::items),
                "Has DynamoDB export `table` to `to` when a run begins, and waits for it: `full` exports all items. The"
                        + " table needs point-in-time recovery.");
        static final Key<SnapshotSource, String> TABLE = Key.optional(
                "table",
                Scalars.DYNAMODB_TABLE,
                source -> source.request().map(SnapshotSource.ExportRequest::table),
                "The DynamoDB table that is exported; only with `request`.");
        static final Key<SnapshotSource, Location> TO = Key.optional(
                "to",
                Scalars.FOLDER,
                source -> source.request().map(SnapshotSource.ExportRequest::to),
                "The folder on S3 that exports are written below; only with `request`.");
        static final Key<SnapshotSource, String> REGION = Key.optional(
                "region",
                Scalars.REGION,
                source -> source.request().flatMap(SnapshotSource.ExportRequest::region),
                "The table's region; left out, the one that the AWS SDK finds in its environment; only with `request`.");
        static final Key<SnapshotSource, URI> ENDPOINT = Key.optional(
                "endpoint",
                Scalars.ADDRESS,
                source -> source.request().flatMap(SnapshotSource.ExportRequest::endpoint),
                "Where DynamoDB answers, if not at the region's address; only with `request`.");
        static final Key<SnapshotSource, String> ROLE = Key.optional(
                "role",
                Scalars.ROLE,
                source -> source.request().flatMap(SnapshotSource.ExportRequest::role),
                "A role that is assumed for the request; only with `request`.");
        static final Key<SnapshotSource, String> EXTERNAL_ID = Key.optional(
                "external-id",
                Scalars.EXTERNAL_ID,
                source -> source.request().flatMap(SnapshotSource.ExportRequest::externalId),
                "The external id that the role asks for; only with `role`.");
        static final Key<SnapshotSource, Location> AT = Key.optional(
                "at",
                Scalars.FOLDER,
                SnapshotSource::at,
                "The folder of the files, all below it, when there is no manifest.");
        static final Key<SnapshotSource, String> NAMES = Key.of(
                "files",
                Scalars.FILE_NAMES,
                "*",
                SnapshotSource::names,
                "The names of the files in `at`; names that begin with `_` or `.` never are of the snapshot.");
        static final Key<SnapshotSource, SnapshotSource.Format> FORMAT = Key.of(
                "format",
                Scalar.oneOf(SnapshotSource.Format.values()),
                "parquet",
                SnapshotSource::format,
                "What the files hold: Parquet, CSV with a header line, or JSON records; the last two also in gzip, zstd"
                        + " or bzip2.");
        static final Key<SnapshotSource, OptionalLong> GROUP_SIZE = Key.of(
                "group-size",
                Scalars.GROUP_SIZE,
                "auto",
                SnapshotSource::groupBytes,
                "Bytes of files that make a unit of work at most, unless a file has more that cannot be cut; `auto` makes about"
                        + " 64 units, bounded by what a task reads in two minutes.");
        static final Key<SnapshotSource, Boolean> FILE_COLUMN = Key.of(
                "file-column",
                Scalars.BOOL,
                "true",
                SnapshotSource::fileColumn,
                "Whether rows have a column `_file` with the file that they are from.");
        private static final List<Key<SnapshotSource, ?>> OF_REQUEST =
                List.of(TABLE, TO, REGION, ENDPOINT, ROLE, EXTERNAL_ID);
        static final Section<SnapshotSource> SECTION = Section.<SnapshotSource>of(
                        List.of(
                                MANIFEST,
                                EXPORT,
                                KEYS,
                                REQUEST,
                                TABLE,
                                TO,
                                REGION,
                                ENDPOINT,
                                ROLE,
                                EXTERNAL_ID,
                                AT,
                                NAMES,
                                FORMAT,
                                GROUP_SIZE,
                                FILE_COLUMN),
                        v -> new SnapshotSource(
                                v.find(MANIFEST),
                                v.find(EXPORT),
                                v.get(KEYS),
                                v.find(REQUEST).map(items -> request(v, items)),
                                v.find(AT),
                                v.get(NAMES),
                                v.get(FORMAT),
                                v.get(GROUP_SIZE),
                                v.get(FILE_COLUMN)))
                .withOneOf(List.of(MANIFEST, EXPORT, AT, REQUEST))
                .checked(Snapshot::check)
                .checked(Snapshot::checkRequest);

        private static SnapshotSource.ExportRequest request(Values v, SnapshotSource.Requested items) {
            return new SnapshotSource.ExportRequest(
                    items,
                    v.get(TABLE),
                    v.find(REGION),
                    v.find(ENDPOINT),
                    v.find(ROLE),
                    v.find(EXTERNAL_ID),
                    v.get(TO));
        }

        private static void check(Values v) {
            boolean namesFiles = v.isGiven(MANIFEST) || v.isGiven(EXPORT) || v.isGiven(REQUEST);
            if (namesFiles && isOther(v, NAMES)) {
                v.mistake(NAMES, "has no effect on a manifest or an export, which names its files: remove it");
            }
            boolean isOfItems = v.find(EXPORT).filter(SnapshotSource::isOfItems).isPresent();
            int keys = v.find(KEYS).map(Map::size).orElse(1);
            if (!isOfItems && keys > 0 && v.isGiven(KEYS)) {
                v.mistake(
                        KEYS,
                        v.isGiven(REQUEST)
                                ? "are those of the table, which DynamoDB tells: remove it"
                                : "is only for an export of a DynamoDB table: remove it");
            }
            if (isOfItems && (keys < 1 || keys > 2)) {
                v.mistake(KEYS, "must name the table's partition key, and its sort key if it has one: {PK: S, SK: S}");
            }
            if (isOfItems || v.isGiven(REQUEST)) {
                if (isOther(v, FORMAT)) {
                    v.mistake(FORMAT, "has no effect on an export, which is in DynamoDB JSON: remove it");
                }
                if (isOther(v, FILE_COLUMN)) {
                    v.mistake(FILE_COLUMN, "has no effect on an export, whose rows are known by their keys: remove it");
                }
            } else if (v.isGiven(EXPORT) && isOther(v, FORMAT)) {
                v.mistake(FORMAT, "has no effect on an export of RDS or Aurora, which is in Parquet: remove it");
            }
        }

        private static void checkRequest(Values v) {
            for (Key<SnapshotSource, ?> key : OF_REQUEST) {
                if (v.isGiven(key) && !v.isGiven(REQUEST)) {
                    v.mistake(key, "is only for an export that is requested: add request: full, or remove it");
                }
            }
            if (!v.isGiven(REQUEST)) {
                return;
            }
            for (Key<SnapshotSource, ?> key : List.of(TABLE, TO)) {
                if (!v.isGiven(key)) {
                    v.mistake(key, "is missing: request needs it");
                }
            }
            if (v.find(TO).filter(Location::isLocal).isPresent()) {
                v.mistake(TO, "is no place that DynamoDB exports to: must be s3://bucket/prefix");
            }
            if (v.isGiven(EXTERNAL_ID) && !v.isGiven(ROLE)) {
                v.mistake(EXTERNAL_ID, "has no effect without role: add role, or remove external-id");
            }
        }

        private static <T> boolean isOther(Values v, Key<SnapshotSource, T> key) {
            return v.isGiven(key) && !key.isDefault(v.find(key), v.reading());
        }
    }

    private static final Key<Source, DynamoDbSource> SOURCE_DYNAMODB = Key.optional(
            "dynamodb",
            DynamoDb.SECTION,
            source -> source instanceof DynamoDbSource d ? Optional.of(d) : Optional.empty(),
            "A DynamoDB table, scanned.");
    private static final Key<Source, FileSource> SOURCE_JSON = Key.optional(
            "json",
            Files.JSON,
            source -> Files.of(source, FileSource.Json.class),
            "JSON files, each read once: lines, arrays, or records with nothing between them; also in gzip, zstd or"
                    + " bzip2.");
    private static final Key<Source, FileSource> SOURCE_CSV = Key.optional(
            "csv",
            Files.CSV,
            source -> Files.of(source, FileSource.Csv.class),
            "CSV files with a header line, each read once; also in gzip, zstd or bzip2.");
    private static final Key<Source, FileSource> SOURCE_PARQUET = Key.optional(
            "parquet",
            Files.PARQUET,
            source -> Files.of(source, FileSource.Parquet.class),
            "Parquet files, each read once.");
    private static final Key<Source, SnapshotSource> SOURCE_SNAPSHOT = Key.optional(
            "snapshot",
            Snapshot.SECTION,
            source -> source instanceof SnapshotSource s ? Optional.of(s) : Optional.empty(),
            "Files that together are a snapshot, all read by every run, such as the export of a database.");
    private static final Section<Source> SOURCE = Section.<Source>of(
                    List.of(SOURCE_DYNAMODB, SOURCE_JSON, SOURCE_CSV, SOURCE_PARQUET, SOURCE_SNAPSHOT),
                    v -> v.find(SOURCE_DYNAMODB)
                            .<Source>map(source -> source)
                            .or(() -> v.find(SOURCE_JSON))
                            .or(() -> v.find(SOURCE_CSV))
                            .or(() -> v.find(SOURCE_PARQUET))
                            .orElseGet(() -> v.get(SOURCE_SNAPSHOT)))
            .withOneOf(List.of(SOURCE_DYNAMODB, SOURCE_JSON, SOURCE_CSV, SOURCE_PARQUET, SOURCE_SNAPSHOT));

    /** Whether every run reads its source whole. */
    private static boolean isReadWhole(Reading reading) {
        return reading.root().find("source", "dynamodb").isPresent()
                || reading.root().find("source", "snapshot").isPresent();
    }

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
            r -> Staging.at(r)
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

    /** Keys of one column. */
    private static final class Columns {
        static final Key<Column, AttributePath> FROM = Key.optional(
                "from",
                Scalars.ATTRIBUTE_PATH,
                column -> given(column).map(GivenColumn::from),
                "The path of the value in a record; the same as writing it right after the column.");
        static final Key<Column, DeclaredType> TYPE = Key.optional(
                "type",
                Scalars.TYPE,
                column -> given(column).map(GivenColumn::type),
                "The column's type; left out, `string`. `iso` and the epochs make a timestamp of text or number; a value"
                        + " that does not fit goes to `_rest`.");
        static final Key<Column, String> PATTERN = Key.optional(
                "pattern",
                Scalars.PATTERN,
                column -> given(column).flatMap(c -> c.type().pattern()),
                "How a `timestamp` or `date` is written, as a pattern of Java's DateTimeFormatter; UTC where it has no"
                        + " zone.");
        static final Key<Column, String> SQL = Key.optional(
                "sql",
                new SqlForm(),
                column -> column instanceof ComputedColumn c
                        ? Optional.of(c.sql())
                        : given(column).flatMap(GivenColumn::sql),
                "A Spark SQL expression over the columns of the same row that stand before it; beside `from`, what takes"
                        + " the place of the value, which the column's own name stands for in it.");

        static final Section<Column> SECTION = Section.<Column>of(
                        List.of(FROM, TYPE, PATTERN, SQL),
                        v -> v.find(FROM)
                                .<Column>map(from -> new GivenColumn(from, type(v), v.find(SQL)))
                                .orElseGet(() -> new ComputedColumn(v.get(SQL))))
                .withAnyOf(List.of(FROM, SQL))
                .checked(Columns::check);

        static final ColumnForm FORM = new ColumnForm(Scalars.ATTRIBUTE_PATH, SECTION);

        private static Optional<GivenColumn> given(Column column) {
            return column instanceof GivenColumn c ? Optional.of(c) : Optional.empty();
        }

        private static DeclaredType type(Values v) {
            DeclaredType type = v.find(TYPE).orElse(ColumnForm.TEXT);
            return v.find(PATTERN)
                    .map(pattern -> DeclaredType.ofPattern(type.type(), pattern))
                    .orElse(type);
        }

        private static void check(Values v) {
            if (v.isGiven(SQL) && !v.isGiven(FROM)) {
                for (Key<Column, ?> key : List.of(TYPE, PATTERN)) {
                    if (v.isGiven(key)) {
                        v.mistake(key, "has no effect on sql, which tells the type itself: write cast(… as …) there");
                    }
                }
                return;
            }
            boolean isTime = v.find(TYPE)
                    .filter(type -> type.reading() == DeclaredType.Reading.PLAIN)
                    .filter(type -> type.type().equals(ColumnType.TIMESTAMP)
                            || type.type().equals(ColumnType.DATE))
                    .isPresent();
            boolean wrongType = v.isGiven(TYPE) && v.find(TYPE).isEmpty();
            if (v.isGiven(PATTERN) && !isTime && !wrongType) {
                v.mistake(PATTERN, "is only for a time: write type: timestamp or type: date beside it");
            }
        }
    }

    /** Keys of a table's {@code deduplicate}. */
    private static final class Duplicates {
        static final Key<Deduplicate, List<String>> KEY = Key.required(
                "key",
                new ListForm<>(Scalars.COLUMN, "[session_id, timestamp]"),
                Deduplicate::key,
                "The columns that tell rows apart.");
        static final Key<Deduplicate, Deduplicate.Keep> KEEP = Key.of(
                "keep",
                Scalar.oneOf(Deduplicate.Keep.values()),
                "first",
                Deduplicate::keep,
                "The row that stays of those with one key, in the order of files and of records in them.");
        static final Key<Deduplicate, Deduplicate.Against> AGAINST = Key.of(
                "against",
                Scalar.oneOf(Deduplicate.Against.values()),
                "batch",
                Deduplicate::against,
                "Where the same row is looked for: among those of the run, or in the published table too.");
        static final Key<Deduplicate, Duration> WITHIN = Key.optional(
                "within",
                Scalars.DURATION,
                Deduplicate::within,
                "How far back in the published table; left out, all of it.");
        static final Section<Deduplicate> SECTION = Section.<Deduplicate>of(
                        List.of(KEY, KEEP, AGAINST, WITHIN),
                        v -> new Deduplicate(v.get(KEY), v.get(KEEP), v.get(AGAINST), v.find(WITHIN)))
                .checked(v -> {
                    if (v.find(KEY).filter(List::isEmpty).isPresent()) {
                        v.mistake(KEY, "must name a column");
                    }
                    if (v.isGiven(WITHIN)
                            && v.find(AGAINST)
                                    .filter(a -> a == Deduplicate.Against.BATCH)
                                    .isPresent()) {
                        v.mistake(WITHIN, "has no effect without against: table: add that, or remove within");
                    }
                });
    }

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
        static final Key<TableSettings, Map<String, Column>> COLUMNS = Key.map(
                "columns",
                new MapForm<>("column", Scalars.COLUMN, Columns.FORM),
                TableSettings::columns,
                "Columns: with `sql` computed ones, added after the others in this order; with paths, of files only, the"
                        + " table's columns in place of inferred ones.");
        static final Key<TableSettings, Boolean> KEEP_REST = Key.of(
                "keep-rest",
                Scalars.BOOL,
                "true",
                TableSettings::keepRest,
                "Whether what no column holds is kept in `_rest`; it is counted either way.");
        static final Key<TableSettings, Deduplicate> DEDUPLICATE = Key.optional(
                "deduplicate",
                Duplicates.SECTION,
                TableSettings::deduplicate,
                "Which rows of files are the same, so that one of them stays; left out, all do.");

        static final Section<TableSettings> SECTION = Section.<TableSettings>of(
                        List.of(NAME, TYPES, RENAME, DROP, HASH, COLUMNS, KEEP_REST, DEDUPLICATE),
                        v -> new TableSettings(
                                v.find(NAME),
                                v.get(TYPES),
                                v.get(RENAME),
                                v.get(DROP),
                                v.get(HASH),
                                v.get(COLUMNS),
                                v.get(KEEP_REST),
                                v.find(DEDUPLICATE)))
                .checked(Table::check)
                .checked(Table::checkColumns);

        private static void check(Values v) {
            List<AttributePath> dropped = v.find(DROP).orElse(List.of());
            v.find(HASH).orElse(List.of()).stream()
                    .filter(dropped::contains)
                    .forEach(path -> v.mistake(HASH, path + " is dropped too: remove it from one of them"));
        }

        private static final String ONLY_INFERRED =
                "is only for inferred columns: name and type of a given one stand in columns";

        private static void checkColumns(Values v) {
            Map<String, Column> columns = v.find(COLUMNS).orElse(Map.of());
            Map<String, AttributePath> given = new LinkedHashMap<>();
            columns.forEach((name, column) -> {
                if (column instanceof GivenColumn g) {
                    given.put(name, g.from());
                }
            });
            if (given.isEmpty()) {
                if (v.find(COLUMNS).isPresent()
                        && v.find(KEEP_REST).filter(keep -> !keep).isPresent()) {
                    v.mistake(KEEP_REST, "is only for a table whose columns are given by their paths: remove it");
                }
                return;
            }
            if (!v.find(TYPES).orElse(Map.of()).isEmpty()) {
                v.mistake(TYPES, ONLY_INFERRED);
            }
            if (!v.find(RENAME).orElse(Map.of()).isEmpty()) {
                v.mistake(RENAME, ONLY_INFERRED);
            }
            Map<String, AttributePath> before = new LinkedHashMap<>();
            given.forEach((name, path) -> {
                before.forEach((other, taken) -> {
                    if (path.covers(taken) || taken.covers(path)) {
                        v.mistake(
                                COLUMNS,
                                name + " is " + path + " and " + other + " is " + taken
                                        + ": one value is in one column; compute the other by sql");
                    }
                });
                before.put(name, path);
                v.find(DROP).orElse(List.of()).stream()
                        .filter(dropped -> dropped.covers(path))
                        .forEach(dropped -> v.mistake(DROP, dropped + " is column " + name + ": remove one of them"));
            });
            v.find(DEDUPLICATE)
                    .ifPresent(duplicates -> duplicates.key().stream()
                            .filter(column -> !columns.containsKey(column) && !OF_FILES.contains(column))
                            .forEach(column -> v.mistake(
                                    DEDUPLICATE,
                                    "no column " + column + ": "
                                            + Nearest.to(column, columns.keySet())
                                                    .map(near -> "did you mean " + near + "?")
                                                    .orElseGet(() ->
                                                            "known are " + String.join(", ", columns.keySet())))));
        }
    }

    private static final class Staging {
        static final Key<StagingSettings, Location> AT = Key.derived(
                "at",
                Scalars.FOLDER,
                "`<lake.at>/_staging/`; required without a lake",
                Staging::at,
                StagingSettings::at,
                "The folder of all runs' files; the job's own is below it.");
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
                "How files are compressed, also those of the lake; csv has no snappy.");
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

        /** The folder, given or by default. */
        static Optional<String> at(Reading r) {
            return r.textAt("staging", "at")
                    .or(() -> r.textAt("lake", "at").map(at -> at + (at.endsWith("/") ? "" : "/") + "_staging/"));
        }

        private static void check(Values v) {
            if (!v.isGiven(AT) && v.reading().root().find("lake").isEmpty()) {
                v.mistake(AT, "is missing: " + Scalars.FOLDER.shape().replace("`", ""));
            }
            boolean csv = v.find(FORMAT).filter(f -> f == FileFormat.CSV).isPresent();
            if (csv && v.find(CODEC).filter(c -> c == Codec.SNAPPY).isPresent()) {
                v.mistake(CODEC, "is not for csv: must be gzip, zstd or none there");
            }
            Optional<Spool> spool = v.find(SPOOL);
            if (spool.filter(s -> s == Spool.ENCRYPT).isPresent() && !v.isGiven(SPOOL_KEY)) {
                v.mistake(SPOOL, "needs spool-key: add it as " + SecretRef.FORMS);
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

    /** Keys of the lake. */
    private static final class Lake {
        static final Key<LakeSettings, Location> AT =
                Key.required("at", Scalars.FOLDER, LakeSettings::at, "The folder of the tables, one folder each.");
        static final Key<LakeSettings, Publish> PUBLISH = Key.derived(
                "publish",
                Scalar.oneOf(Publish.values()),
                "`delta`; `versioned` for a source that is read whole by every run",
                r -> Optional.of(isReadWhole(r) ? "versioned" : "delta"),
                LakeSettings::publish,
                "How readers come to see new files: by a commit of a Delta table, one by one in plain folders, or by a"
                        + " pointer to a new folder.");
        static final Key<LakeSettings, List<String>> PARTITION_BY = Key.list(
                "partition-by",
                new ListForm<>(Scalars.COLUMN, "[record_date]"),
                LakeSettings::partitionBy,
                "The columns whose values name the folders of a table's files, from the outermost; tables without one of"
                        + " them are not partitioned by it.");
        static final Key<LakeSettings, ByteSize> FILE_SIZE = Key.of(
                "file-size",
                Scalars.SIZE,
                "128MB",
                LakeSettings::fileSize,
                "About how big files are made before they are published.");
        static final Key<LakeSettings, Integer> KEEP = Key.of(
                "keep-versions",
                Scalars.KEPT_VERSIONS,
                "7",
                LakeSettings::versions,
                "The versions of a table that are kept with `publish: versioned`.");

        static final Key<Layout, List<String>> LAYOUT_BY = Key.required(
                "partition-by",
                new ListForm<>(Scalars.COLUMN, "[stack, record_date]"),
                Layout::partitionBy,
                "The columns of this layout, which stands beside the table under its name and `_by_` with the columns.");
        static final Section<Layout> LAYOUT = Section.<Layout>of(List.of(LAYOUT_BY), v -> new Layout(v.get(LAYOUT_BY)))
                .checked(v -> {
                    if (v.find(LAYOUT_BY).filter(List::isEmpty).isPresent()) {
                        v.mistake(LAYOUT_BY, "must name a column");
                    }
                });
        static final Key<LakeSettings, List<Layout>> ALSO = Key.list(
                "also",
                new ListForm<>(LAYOUT, "[{partition-by: [stack, record_date]}]"),
                LakeSettings::also,
                "Other layouts that the same rows are written in, in the same commit of the job.");

        static final Key<CompactionSettings, Engine> ENGINE = Key.of(
                "engine",
                Scalar.oneOf(Engine.values()),
                "auto",
                CompactionSettings::engine,
                "What makes few files of many: `pages` merges pages and refuses the run where that cannot be done, `rewrite`"
                        + " reads and writes rows by Spark, `auto` rewrites only what pages cannot make.");
        static final Key<CompactionSettings, List<String>> SORT_BY = Key.list(
                "sort-by",
                new ListForm<>(Scalars.COLUMN, "[user_id]"),
                CompactionSettings::sortBy,
                "The columns by which the rows of each compacted file are sorted, which rewrites it; tables without one of"
                        + " them are not sorted by it.");
        static final Section<CompactionSettings> COMPACTION = Section.<CompactionSettings>of(
                        List.of(ENGINE, SORT_BY), v -> new CompactionSettings(v.get(ENGINE), v.get(SORT_BY)))
                .checked(v -> {
                    boolean sorts = v.find(SORT_BY).filter(by -> !by.isEmpty()).isPresent();
                    if (sorts && v.find(ENGINE).filter(Engine.PAGES::equals).isPresent()) {
                        v.mistake(SORT_BY, "sorts rows, which engine: pages does not: remove one of them");
                    }
                });
        static final Key<LakeSettings, CompactionSettings> COMPACTION_KEY = Key.map(
                "compaction",
                COMPACTION,
                LakeSettings::compaction,
                "How files are compacted before they are published.");

        static final Key<CatalogSettings, String> DATABASE = Key.required(
                "database",
                Scalars.DATABASE,
                CatalogSettings::database,
                "The database of the tables; made where it is missing.");
        static final Key<CatalogSettings, String> CATALOG_REGION = Key.optional(
                "region",
                Scalars.REGION,
                CatalogSettings::region,
                "The catalog's region; left out, the one that the AWS SDK finds in its environment.");
        static final Key<CatalogSettings, URI> CATALOG_ENDPOINT = Key.optional(
                "endpoint", Scalars.ADDRESS, CatalogSettings::endpoint, "Where Glue answers, if not at AWS.");
        static final Section<CatalogSettings> CATALOG = Section.of(
                List.of(DATABASE, CATALOG_REGION, CATALOG_ENDPOINT),
                v -> new CatalogSettings(v.get(DATABASE), v.find(CATALOG_REGION), v.find(CATALOG_ENDPOINT)));
        static final Key<LakeSettings, CatalogSettings> CATALOG_KEY = Key.optional(
                "catalog",
                CATALOG,
                LakeSettings::catalog,
                "The Glue Data Catalog that each run registers the tables in once they are published, for Athena and"
                        + " others; left out, none.");

        static final Section<LakeSettings> SECTION = Section.<LakeSettings>of(
                        List.of(AT, PUBLISH, PARTITION_BY, FILE_SIZE, KEEP, ALSO, COMPACTION_KEY, CATALOG_KEY),
                        v -> new LakeSettings(
                                v.get(AT),
                                v.get(PUBLISH),
                                v.get(PARTITION_BY),
                                v.get(FILE_SIZE),
                                v.get(KEEP),
                                v.get(ALSO),
                                v.get(COMPACTION_KEY),
                                v.find(CATALOG_KEY)))
                .checked(Lake::check);

        private static void check(Values v) {
            if (v.isGiven(KEEP)
                    && !KEEP.isDefault(v.find(KEEP), v.reading())
                    && v.find(PUBLISH).filter(p -> p != Publish.VERSIONED).isPresent()) {
                v.mistake(KEEP, "has no effect without publish: versioned: add that, or remove keep-versions");
            }
            List<String> main = v.find(PARTITION_BY).orElse(List.of());
            if (v.find(ALSO).orElse(List.of()).contains(new Layout(main))) {
                v.mistake(ALSO, "has the layout of partition-by too: remove one of them");
            }
            if (v.isGiven(CATALOG_KEY)
                    && v.find(AT).filter(at -> !at.uri().startsWith("s3://")).isPresent()) {
                v.mistake(
                        CATALOG_KEY,
                        "is for tables on S3, where its readers find them: put lake.at on S3, or remove it");
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
    private static final Key<S3Settings, S3Settings.Encryption> ENCRYPTION = Key.optional(
            "encryption",
            Scalar.oneOf(S3Settings.Encryption.values()),
            S3Settings::encryption,
            "How S3 is asked to encrypt each object that is written; left out, as the bucket does by itself.");
    private static final Key<S3Settings, String> KMS_KEY = Key.optional(
            "kms-key",
            Scalars.KMS_KEY,
            S3Settings::kmsKey,
            "The key of `sse-kms`; left out, the one that AWS keeps for S3 in the account.");
    private static final Key<S3Settings, Map<String, String>> OWNERS = Key.map(
            "owners",
            new MapForm<>("bucket", Scalars.BUCKET, Scalars.AWS_ACCOUNT),
            S3Settings::owners,
            "The account that has to own a bucket: S3 refuses each request to one of that name that is another's.");
    private static final Section<S3Settings> S3 = Section.of(
                    List.of(S3_ENDPOINT, S3_REGION, PATH_STYLE, ENCRYPTION, KMS_KEY, OWNERS),
                    v -> new S3Settings(
                            v.find(S3_ENDPOINT),
                            v.find(S3_REGION),
                            v.get(PATH_STYLE),
                            v.find(ENCRYPTION),
                            v.find(KMS_KEY),
                            v.get(OWNERS)))
            .checked(JobKeys::checkEncryption);

    private static void checkEncryption(Values v) {
        boolean byKms = v.find(ENCRYPTION)
                .filter(e -> e == S3Settings.Encryption.SSE_KMS)
                .isPresent();
        if (v.isGiven(KMS_KEY) && !byKms) {
            v.mistake(KMS_KEY, "has no effect without encryption: sse-kms: add that, or remove kms-key");
        }
    }

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
    private static final Key<Job, Source> SOURCE_KEY =
            Key.required("source", SOURCE, Job::source, "Where rows come from: exactly one of its children.");
    private static final Key<Job, SchemaSettings> SCHEMA_KEY =
            Key.map("schema", SCHEMA, Job::schema, "How data-schemas are found and kept.");
    private static final Key<Job, Map<String, TableSettings>> TABLES = Key.map(
            "tables",
            new MapForm<>("kind", Scalars.KIND, Table.SECTION),
            Job::tables,
            "Settings by kind; kinds that are not named get all columns as inferred.");
    private static final Key<Job, Map<String, String>> FUNCTIONS = Key.map(
            "functions",
            new MapForm<>("function", Scalars.FUNCTION, Scalars.CLASS),
            Job::functions,
            "Functions that expressions may use beside Spark's, by name: Java classes of the jar or of `--jars`.");
    private static final Key<Job, StagingSettings> STAGING_KEY = Key.map(
            "staging",
            Staging.SECTION,
            Job::staging,
            "Where a run keeps its files, and how; may be left out where there is a lake.");
    private static final Key<Job, LakeSettings> LAKE_KEY =
            Key.optional("lake", Lake.SECTION, Job::lake, "Where tables are published as files; left out, nowhere.");
    private static final Key<Job, S3Settings> S3_KEY = Key.map(
            "s3",
            S3,
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
                .filter(staging -> !Staging.SPOOL.isDefault(Optional.of(staging.spool()), reading))
                .ifPresent(staging -> v.mistake(
                        reading.root().find("staging", "spool").orElseThrow(),
                        "staging.spool",
                        "has no effect on files, which are their own spool: remove it"));
        if (v.isGiven(WAREHOUSE_KEY) && !isReadWhole(reading)) {
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
        boolean isWhole = isReadWhole(reading);
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
}
