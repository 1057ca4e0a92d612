package dev.millrace.config;

import dev.millrace.config.DynamoDbSource.At;
import dev.millrace.config.DynamoDbSource.Embedded;
import dev.millrace.config.DynamoDbSource.Endpoint;
import dev.millrace.table.ColumnType;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** The forms of single values. */
final class Scalars {
    private static final String HTTP = "https?://.+";

    static final Scalar<Boolean> BOOL = new Scalar<>(
            "`true` or `false`",
            "must be true or false",
            Map.of("type", "boolean"),
            (text, base) ->
                    text.equals("true") || text.equals("false") ? Optional.of(text.equals("true")) : Optional.empty(),
            b -> b);

    static final Scalar<Duration> DURATION = new Scalar<>(
            "duration",
            Durations.RULE,
            Scalar.text(Durations.FORM),
            (text, base) -> Durations.parse(text),
            Durations::text);

    static final Scalar<Percent> PERCENT = Scalar.of(
            "percentage",
            "must be a percentage from 0% to 100%, for example 0.1%",
            Scalar.text(Percent.FORM),
            Percent::parse);

    static final Scalar<Percent> PART = Scalar.of(
            "percentage",
            "must be a percentage above 0% and at most 100%, for example 10%",
            Scalar.text(Percent.FORM),
            text -> Percent.parse(text).filter(p -> p.percent().signum() > 0));

    static final Scalar<Location> FOLDER = new Scalar<>(
            "folder: local path, `file:///...` or `s3://bucket/prefix`",
            "must be a folder: a local path, file:///path, s3://bucket/prefix or s3a://bucket/prefix",
            Scalar.anyText(),
            Location::parse,
            Location::uri);

    static final Scalar<FileLocation> FILE = new Scalar<>(
            "file: local path, `file:///...` or `s3://bucket/key`",
            FileLocation.RULE,
            Scalar.anyText(),
            FileLocation::parse,
            FileLocation::uri);

    static final Scalar<FileLocation> EXPORT = new Scalar<>(
            "file or folder: local path, `file:///...` or `s3://bucket/key`",
            FileLocation.RULE.replaceFirst("a file", "a file or folder"),
            Scalar.anyText(),
            (text, base) -> FileLocation.parse(text.endsWith("/") ? text.substring(0, text.length() - 1) : text, base),
            FileLocation::uri);

    static final Scalar<FolderPattern> FOLDER_PATTERN = new Scalar<>(
            "folder; names in it may hold `{yyyy}`, `{MM}`, `{dd}`, `{HH}`, `{mm}`",
            FolderPattern.RULE,
            Scalar.anyText(),
            FolderPattern::parse,
            FolderPattern::toString);

    static final Scalar<String> FILE_NAMES = Scalar.matching(
            "name of a file, `*` and `?` in it",
            "must be the name of a file without /, with * for any characters and ? for one, for example *.json.gz",
            "[^/]+");

    static final Scalar<ByteSize> SIZE = Scalar.of("size", ByteSize.RULE, Scalar.text(ByteSize.FORM), ByteSize::parse);

    static final Scalar<OptionalLong> GROUP_SIZE = new Scalar<>(
            "`auto`, or size",
            "must be auto, or " + ByteSize.RULE.replaceFirst("^must be ", ""),
            Map.of("anyOf", List.of(Map.of("enum", List.of("auto")), Scalar.text(ByteSize.FORM))),
            (text, base) -> text.equals("auto")
                    ? Optional.of(OptionalLong.empty())
                    : ByteSize.parse(text).map(size -> OptionalLong.of(size.bytes())),
            size -> size.isPresent() ? new ByteSize(size.getAsLong()).toString() : "auto");

    static final Scalar<Integer> DEPTH = small(1, 1_000, "must be a whole number from 1 to 1000");

    static final Scalar<Integer> RATIO = small(1, 1_000_000, "must be a whole number from 1 to 1000000");

    static final Scalar<Integer> PORT = small(1, 65_535, "must be a TCP port from 1 to 65535, for example 5432");

    static final Scalar<Integer> STREAMS = small(1, 64, "must be a whole number from 1 to 64");

    static final Scalar<String> HOST = Scalar.matching(
            "host",
            "must be the name or address of a host, for example db.acme.com",
            "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?");

    static final Scalar<String> ACCOUNT = Scalar.matching(
            "account identifier",
            "must be an account's identifier, for example acme-prod",
            "[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?");

    /** A stage of Snowflake in its schema, with or without the database. */
    static final Scalar<String> STAGE = Scalar.matching(
            "stage",
            "must be SCHEMA.STAGE or DATABASE.SCHEMA.STAGE, for example OPS.LANDING",
            "[^\\p{Cntrl}.]{1,255}\\.[^\\p{Cntrl}.]{1,255}(\\.[^\\p{Cntrl}.]{1,255})?");

    static final Scalar<String> SERVER_NAME =
            Scalar.matching("name", "must be a name of at most 63 characters, for example shop", "[^\\p{Cntrl}]{1,63}");

    static final Scalar<String> IAM_ROLE = Scalar.matching(
            "role: ARN, several chained by commas, or `default`",
            "must be a role's ARN, for example arn:aws:iam::111122223333:role/millrace-copy, or default",
            "default|arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=.@/-]+"
                    + "(,arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=.@/-]+)*");

    static final Scalar<Integer> KEPT_VERSIONS = small(1, 1_000, "must be a whole number from 1 to 1000");

    static final Scalar<Character> CHARACTER = new Scalar<>(
            "one character, or `\\t`",
            "must be one ASCII character that ends no line, or \\t for a tab, for example \";\"",
            Scalar.text("[\\x20-\\x7E]|\\t|\\\\t"),
            (text, base) -> character(text),
            c -> c == '\t' ? "\\t" : String.valueOf(c));

    static final Scalar<String> NULL_TEXT = Scalar.of(
            "text",
            "must be text in one line",
            Ordered.of("type", "string"),
            text -> Optional.of(text).filter(t -> t.lines().count() <= 1));

    static final Scalar<String> PATTERN = Scalar.of(
            "pattern of a time",
            "must be a pattern of Java's DateTimeFormatter, for example yyyy-MM-dd HH:mm:ss",
            Scalar.anyText(),
            text -> Optional.of(text).filter(DeclaredType::isPattern));

    static final Scalar<String> FUNCTION = Scalar.matching(
            "function",
            "must be at most 63 of a-z, 0-9 and underscore and not begin with a digit",
            "[a-z_][a-z0-9_]{0,62}");

    static final Scalar<String> CLASS = Scalar.matching(
            "name of a Java class",
            "must be the name of a Java class, for example com.acme.Normalize",
            "[A-Za-z_$][\\w$]*(\\.[A-Za-z_$][\\w$]*)*");

    static final Scalar<Path> LOCAL_FILE = new Scalar<>(
            "local path of a file",
            "must be the local path of a file, for example data/shop/warehouse.duckdb",
            Scalar.anyText(),
            (text, base) -> text.endsWith("/") ? Optional.empty() : Location.localPath(text, base),
            Path::toString);

    static final Scalar<URI> ADDRESS = Scalar.of(
            "http or https address",
            "must be an http or https address, for example http://localhost:9000",
            Scalar.text(HTTP),
            Scalars::address);

    static final Scalar<Endpoint> ENDPOINT = new Scalar<>(
            "http or https address, or `embedded`",
            "must be an http or https address or embedded, for example http://localhost:8000",
            Scalar.text(HTTP + "|embedded"),
            (text, base) -> text.equals("embedded")
                    ? Optional.of(new Embedded())
                    : address(text).map(At::new),
            endpoint -> endpoint instanceof At at ? at.uri().toString() : "embedded");

    static final Scalar<OptionalInt> SEGMENTS = new Scalar<>(
            "`auto`, or a whole number, 1 to 1000000",
            "must be auto or a whole number from 1 to 1000000",
            Map.of(
                    "anyOf",
                    List.of(
                            Map.of("enum", List.of("auto")),
                            Ordered.of("type", "integer", "minimum", 1, "maximum", 1_000_000))),
            (text, base) -> text.equals("auto")
                    ? Optional.of(OptionalInt.empty())
                    : Scalar.wholeIn(text, 1, 1_000_000).map(n -> OptionalInt.of(Math.toIntExact(n))),
            segments -> segments.isPresent() ? (Object) segments.getAsInt() : "auto");

    static final Scalar<ReadCapacity> READ_CAPACITY = new Scalar<>(
            "whole number from 1, or percentage",
            "must be a whole number of units a second or a percentage above 0%, for example 500 or 25%",
            Map.of("anyOf", List.of(Ordered.of("type", "integer", "minimum", 1), Scalar.text(Percent.FORM))),
            (text, base) -> Scalar.wholeIn(text, 1, Long.MAX_VALUE)
                    .<ReadCapacity>map(ReadCapacity.Units::new)
                    .or(() -> Percent.parse(text)
                            .filter(p -> p.percent().signum() > 0)
                            .map(ReadCapacity.Part::new)),
            capacity ->
                    capacity instanceof ReadCapacity.Units units ? (Object) units.perSecond() : capacity.toString());

    static final Scalar<Long> READ_UNITS =
            Scalar.whole(1, Long.MAX_VALUE, "must be a whole number of capacity units, at least 1");

    static final Scalar<Integer> VERSIONS = new Scalar<>(
            "whole number, 0 to 100",
            "must be a whole number from 0 to 100",
            Ordered.of("type", "integer", "minimum", 0, "maximum", 100),
            (text, base) -> Scalar.wholeIn(text, 0, 100).map(Math::toIntExact),
            n -> n);

    static final Scalar<Long> ROWS = Scalar.whole(0, Long.MAX_VALUE, "must be a whole number of rows, at least 0");

    static final Scalar<String> JOB_NAME = Scalar.matching(
            "name",
            "must be at most 63 of a-z, 0-9 and hyphen and not begin with a hyphen, for example shop",
            "[a-z0-9][a-z0-9-]{0,62}");

    /** A job or, with a scheme, an asset of Airflow. */
    static final Scalar<String> STARTED_BY = Scalar.matching(
            "name of a job, or URI",
            "must be the name of a job, such as users, or the URI of an asset, such as s3://acme/users/",
            "[a-z0-9][a-z0-9-]{0,62}|[a-z][a-z0-9+.-]*://[^\\s\"'\\\\]+");

    static final Scalar<Integer> RETRIES = small(0, 20, "must be a whole number from 0 to 20");

    /** A table or schema of a warehouse. */
    static final Scalar<String> SQL_NAME = Scalar.matching(
            "name",
            "must be at most 63 of a-z, 0-9 and underscore and not begin with a digit, for example orders",
            "[a-z_][a-z0-9_]{0,62}");

    static final Scalar<String> COLUMN = Scalar.matching(
            "column", "must be at most 63 of a-z, 0-9 and underscore, for example address__city", "[a-z0-9_]{1,63}");

    static final Scalar<String> DATABASE = Scalar.matching(
            "name of a database",
            "must be at most 128 of a-z, 0-9 and underscore, for example lake",
            "[a-z0-9_]{1,128}");

    static final Scalar<String> DYNAMODB_TABLE = Scalar.matching(
            "name of a DynamoDB table",
            "must be 3 to 255 of letters, digits, underscore, hyphen and dot",
            "[A-Za-z0-9_.-]{3,255}");

    static final Scalar<String> KEY_TYPE = Scalar.of(
            "`S`, `N` or `B`",
            "must be S, N or B, the type of a key",
            Map.of("enum", List.of("S", "N", "B")),
            text -> Optional.of(text).filter(List.of("S", "N", "B")::contains));

    static final Scalar<String> REGION = Scalar.matching(
            "name of a region", "must be the name of a region, for example eu-west-1", "[a-z0-9]+(-[a-z0-9]+)*");

    static final Scalar<String> ROLE = Scalar.matching(
            "ARN of an IAM role",
            "must be the ARN of an IAM role, for example arn:aws:iam::111122223333:role/read",
            "arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+");

    static final Scalar<String> EXTERNAL_ID =
            Scalar.matching("text", "must be 2 to 1224 of letters, digits and _+=,.@:/-", "[\\w+=,.@:/-]{2,1224}");

    static final Scalar<String> SAMPLE = Scalar.matching("`shop`", "must be shop, the only sample", "shop");

    static final Scalar<String> ATTRIBUTE = nonEmpty("attribute", "must be the name of an attribute");

    static final Scalar<String> KIND = nonEmpty("kind", "must be the name of a kind, not empty");

    static final Scalar<String> GLOB =
            nonEmpty("text with `*`", "must be text, with * for any characters, for example ORDER#*");

    static final Scalar<AttributePath> ATTRIBUTE_PATH = Scalar.of(
            "attribute path",
            "must be an attribute path such as address.city; a dot that belongs to a name has a backslash before it",
            Scalar.anyText(),
            AttributePath::parse);

    static final Scalar<String> SQL = Scalar.of(
            "Spark SQL expression",
            "must be a Spark SQL expression, for example to_date(created_at)",
            Scalar.anyText(),
            text -> Optional.of(text).filter(t -> !t.isBlank()));

    static final Scalar<DeclaredType> TYPE = Scalar.of(
            "type: " + types().stream().map(t -> "`" + t + "`").collect(Collectors.joining(", ")),
            "must be a type: " + Scalar.either(types()) + " with 1 to 38 digits, of them 0 to 37 after the point;"
                    + " inside { } it needs quotes",
            Scalar.text(types().stream()
                    .map(t -> t.startsWith("decimal") ? "decimal\\(\\s*\\d{1,2}\\s*,\\s*\\d{1,2}\\s*\\)" : t)
                    .collect(Collectors.joining("|"))),
            DeclaredType::parse);

    /** What a platform of AWS calls a job, queue or definition. */
    static final Scalar<String> RESOURCE = Scalar.matching(
            "name", "must be a name of at most 255 characters, for example millrace-shop", "[^\\p{Cntrl}]{1,255}");

    static final Scalar<String> STATE_MACHINE = Scalar.matching(
            "ARN of a state machine",
            "must be the ARN of a state machine, for example"
                    + " arn:aws:states:eu-west-1:111122223333:stateMachine:millrace-prod-{job}",
            "arn:aws[a-z-]*:states:[a-z0-9-]+:\\d{12}:stateMachine:[\\w{}-]{1,80}");

    static final Scalar<String> WORKER_TYPE =
            Scalar.matching("type of a worker", "must be a worker type of Glue, for example G.1X", "[A-Z]\\.\\d+X");

    static final Scalar<Integer> WORKERS = small(2, 10_000, "must be a whole number of workers from 2 to 10000");

    /** What a platform of AWS knows an application or a cluster by. */
    static final Scalar<String> RESOURCE_ID = Scalar.matching(
            "id", "must be an id of letters, digits and hyphens, for example j-2AXXXXXXGAPLF", "[A-Za-z0-9-]{1,64}");

    private static final String S3_KEY = "s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^,\\s]+";

    static final Scalar<String> S3_FILE =
            Scalar.matching("file on S3", "must be a file on S3, for example s3://acme/millrace/millrace.jar", S3_KEY);

    static final Scalar<String> JAR = Scalar.matching(
            "path of a file, or file on S3",
            "must be an absolute path or a file on S3, for example /opt/millrace/millrace.jar",
            "/[^,\\s]+|" + S3_KEY);

    static final Scalar<String> BUCKET = Scalar.matching(
            "bucket", "must be the name of a bucket, for example acme-staging", "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");

    static final Scalar<String> AWS_ACCOUNT = Scalar.matching(
            "account", "must be an AWS account of 12 digits, in quotes, for example \"111122223333\"", "\\d{12}");

    static final Scalar<String> KMS_KEY = Scalar.matching(
            "KMS key",
            "must be a KMS key: its ARN, its id, or alias/NAME",
            "arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:(key|alias)/[A-Za-z0-9/_-]+|alias/[A-Za-z0-9/_-]+|[A-Za-z0-9-]{1,64}");

    static final Scalar<String> SPARK_SETTING = Scalar.matching(
            "setting", "must be a setting of Spark, for example spark.executor.memory", "spark\\.[A-Za-z0-9._-]+");

    static final Scalar<String> SPARK_VALUE =
            Scalar.matching("text", "must be text without spaces or quotes", "[^\\s\"']+");

    static final Scalar<String> WORD = Scalar.matching("text", "must be a word without spaces", "\\S+");

    static final Scalar<Integer> ARRAY = small(2, 10_000, "must be a whole number from 2 to 10000");

    private Scalars() {}

    private static List<String> types() {
        // Decimal last: the message goes on with its digits.
        List<String> names = new java.util.ArrayList<>(Arrays.stream(ColumnType.Kind.values())
                .filter(kind -> kind != ColumnType.Kind.DECIMAL)
                .map(Scalar::label)
                .toList());
        names.addAll(List.of(DeclaredType.MILLIS, DeclaredType.SECONDS, DeclaredType.ISO, "decimal(18,2)"));
        return names;
    }

    private static Scalar<Integer> small(int least, int most, String rule) {
        return new Scalar<>(
                "whole number, " + least + " to " + most,
                rule,
                Ordered.of("type", "integer", "minimum", least, "maximum", most),
                (text, base) -> Scalar.wholeIn(text, least, most).map(Math::toIntExact),
                n -> n);
    }

    private static Optional<Character> character(String text) {
        if (text.equals("\\t")) {
            return Optional.of('\t');
        }
        return Optional.of(text).filter(t -> t.matches("[\\x20-\\x7E\\t]")).map(t -> t.charAt(0));
    }

    private static Scalar<String> nonEmpty(String shape, String rule) {
        return Scalar.of(
                shape, rule, Scalar.anyText(), text -> Optional.of(text).filter(t -> !t.isEmpty()));
    }

    private static Optional<URI> address(String text) {
        try {
            URI uri = new URI(text);
            boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            return web && uri.getHost() != null ? Optional.of(uri) : Optional.empty();
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }
}
