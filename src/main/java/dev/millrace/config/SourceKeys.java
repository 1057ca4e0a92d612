package dev.millrace.config;

import dev.millrace.config.FileSource.OnChange;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** The keys of {@code source}. */
final class SourceKeys {
    private SourceKeys() {}

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

    private static final Key<Source, DynamoDbSource> DYNAMODB = Key.optional(
            "dynamodb",
            DynamoDb.SECTION,
            source -> source instanceof DynamoDbSource d ? Optional.of(d) : Optional.empty(),
            "A DynamoDB table, scanned.");
    private static final Key<Source, FileSource> JSON = Key.optional(
            "json",
            Files.JSON,
            source -> Files.of(source, FileSource.Json.class),
            "JSON files, each read once: lines, arrays, or records with nothing between them; also in gzip, zstd or"
                    + " bzip2.");
    private static final Key<Source, FileSource> CSV = Key.optional(
            "csv",
            Files.CSV,
            source -> Files.of(source, FileSource.Csv.class),
            "CSV files with a header line, each read once; also in gzip, zstd or bzip2.");
    private static final Key<Source, FileSource> PARQUET = Key.optional(
            "parquet",
            Files.PARQUET,
            source -> Files.of(source, FileSource.Parquet.class),
            "Parquet files, each read once.");
    private static final Key<Source, SnapshotSource> SNAPSHOT = Key.optional(
            "snapshot",
            Snapshot.SECTION,
            source -> source instanceof SnapshotSource s ? Optional.of(s) : Optional.empty(),
            "Files that together are a snapshot, all read by every run, such as the export of a database.");
    static final Section<Source> SECTION = Section.<Source>of(
                    List.of(DYNAMODB, JSON, CSV, PARQUET, SNAPSHOT),
                    v -> v.find(DYNAMODB)
                            .<Source>map(source -> source)
                            .or(() -> v.find(JSON))
                            .or(() -> v.find(CSV))
                            .or(() -> v.find(PARQUET))
                            .orElseGet(() -> v.get(SNAPSHOT)))
            .withOneOf(List.of(DYNAMODB, JSON, CSV, PARQUET, SNAPSHOT));

    /** Whether every run reads its source whole. */
    static boolean isReadWhole(Reading reading) {
        return reading.root().find("source", "dynamodb").isPresent()
                || reading.root().find("source", "snapshot").isPresent();
    }
}
