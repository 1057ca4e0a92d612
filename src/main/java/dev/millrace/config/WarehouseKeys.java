package dev.millrace.config;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.Dependents;
import dev.millrace.config.WarehouseSettings.DistStyle;
import dev.millrace.config.WarehouseSettings.DuckDb;
import dev.millrace.config.WarehouseSettings.Encoding;
import dev.millrace.config.WarehouseSettings.Json;
import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.config.WarehouseSettings.Postgres;
import dev.millrace.config.WarehouseSettings.Redshift;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.config.WarehouseSettings.TableDesign;
import dev.millrace.config.WarehouseSettings.Tls;
import dev.millrace.config.WarehouseSettings.Unchanged;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The keys of {@code warehouse}. */
final class WarehouseKeys {
    private WarehouseKeys() {}

    private static final Key<DuckDb, Path> DUCKDB_PATH = Key.required(
            "path",
            Scalars.LOCAL_FILE,
            DuckDb::path,
            "The database file that readers open; its versions lie beside it.");
    private static final Section<DuckDb> DUCKDB = Section.of(List.of(DUCKDB_PATH), v -> new DuckDb(v.get(DUCKDB_PATH)));

    /** {@code warehouse.postgres}. */
    private static final class Postgresql {
        static final Key<Postgres, String> HOST =
                Key.required("host", Scalars.HOST, Postgres::host, "Where the server answers.");
        static final Key<Postgres, Integer> PORT =
                Key.of("port", Scalars.PORT, "5432", Postgres::port, "The server's TCP port.");
        static final Key<Postgres, String> DATABASE = Key.required(
                "database", Scalars.SERVER_NAME, Postgres::database, "The database that holds the schema.");
        static final Key<Postgres, String> USER = Key.required(
                "user",
                Scalars.SERVER_NAME,
                Postgres::user,
                "Who logs in; needs the right to make schemas: `GRANT CREATE ON DATABASE`.");
        static final Key<Postgres, SecretRef> PASSWORD = Key.optional(
                "password",
                new SecretForm(password -> !password.isEmpty(), "is empty: set the variable to the password"),
                Postgres::password,
                "The user's password; left out where the server asks for none.");
        static final Key<Postgres, Tls> TLS = Key.of(
                "tls",
                Scalar.oneOf(Tls.values()),
                "verify-full",
                Postgres::tls,
                "How the connection is protected: encrypted and the host proven, encrypted only, or not at all.");
        static final Key<Postgres, Path> CERTIFICATES = Key.optional(
                "certificates",
                Scalars.LOCAL_FILE,
                Postgres::certificates,
                "A PEM file of the authorities that may have signed the server's certificate; left out, those that the"
                        + " JVM trusts.");
        static final Key<Postgres, Integer> STREAMS = Key.of(
                "streams",
                Scalars.STREAMS,
                "2",
                Postgres::streams,
                "Files that are loaded at once, a connection each.");
        static final Key<Postgres, Duration> PATIENCE = Key.of(
                "patience",
                Scalars.DURATION,
                "5m",
                Postgres::patience,
                "How long a replacement waits for readers that are in its way, before it fails and live stays.");
        static final Key<Postgres, Dependents> DEPENDENTS = Key.of(
                "dependents",
                Scalar.oneOf(Dependents.values()),
                "recreate",
                Postgres::dependents,
                "What becomes of views in other schemas that read the tables: made anew on the new ones in the same"
                        + " transaction, or the run is refused.");

        static final Section<Postgres> SECTION = Section.of(
                List.of(HOST, PORT, DATABASE, USER, PASSWORD, TLS, CERTIFICATES, STREAMS, PATIENCE, DEPENDENTS),
                v -> new Postgres(
                        v.get(HOST),
                        v.get(PORT),
                        v.get(DATABASE),
                        v.get(USER),
                        v.find(PASSWORD),
                        v.get(TLS),
                        v.find(CERTIFICATES),
                        v.get(STREAMS),
                        v.get(PATIENCE),
                        v.get(DEPENDENTS)));
    }

    /** {@code warehouse.snowflake}. */
    private static final class Snowflakes {
        static final Key<Snowflake, String> ACCOUNT = Key.required(
                "account",
                Scalars.ACCOUNT,
                Snowflake::account,
                "The account's identifier, for example acme-prod; the host is `<account>.snowflakecomputing.com`.");
        static final Key<Snowflake, String> USER = Key.required(
                "user",
                Scalars.SERVER_NAME,
                Snowflake::user,
                "Who logs in; its role needs `USAGE` and `CREATE SCHEMA` on the database.");
        static final Key<Snowflake, SecretRef> KEY = Key.optional(
                "key",
                new SecretForm(
                        key -> key.contains("PRIVATE KEY-----"), "is no PEM: must be a private key in PKCS#8 PEM"),
                Snowflake::key,
                "The user's private key, as PKCS#8 in PEM; this or `password`.");
        static final Key<Snowflake, SecretRef> PASSPHRASE = Key.optional(
                "key-passphrase",
                new SecretForm(text -> !text.isEmpty(), "is empty: set the variable to the passphrase"),
                Snowflake::keyPassphrase,
                "What decrypts the key, where it is encrypted.");
        static final Key<Snowflake, SecretRef> PASSWORD = Key.optional(
                "password",
                new SecretForm(password -> !password.isEmpty(), "is empty: set the variable to the password"),
                Snowflake::password,
                "The user's password, where it has no key.");
        static final Key<Snowflake, String> ROLE = Key.optional(
                "role", Scalars.SERVER_NAME, Snowflake::role, "The role to work as; left out, the user's default.");
        static final Key<Snowflake, String> COMPUTING = Key.required(
                "warehouse",
                Scalars.SERVER_NAME,
                Snowflake::warehouse,
                "The virtual warehouse that loads and counts; its size and suspension are left as they are.");
        static final Key<Snowflake, String> DATABASE = Key.required(
                "database", Scalars.SERVER_NAME, Snowflake::database, "The database that holds the schema.");
        static final Key<Snowflake, String> STAGE = Key.optional(
                "stage",
                Scalars.STAGE,
                Snowflake::stage,
                "An external stage whose URL holds `staging.at`, for example `OPS.LANDING`; this or"
                        + " `storage-integration`.");
        static final Key<Snowflake, String> INTEGRATION = Key.optional(
                "storage-integration",
                Scalars.SERVER_NAME,
                Snowflake::storageIntegration,
                "A storage integration that may read `staging.at`, for a stage that Millrace makes.");
        static final Key<Snowflake, Connector> CONNECTOR = Key.of(
                "connector",
                Scalar.oneOf(Connector.values()),
                "copy",
                Snowflake::connector,
                "What loads the tables: `copy` by Snowflake itself, or `spark-snowflake` by its connector for Spark, which is"
                        + " slower, and in which a table that was broken off is loaded anew.");
        static final Key<Snowflake, JsonColumns> JSON = Key.of(
                "json",
                Scalar.oneOf(JsonColumns.values()),
                "text",
                Snowflake::json,
                "What columns of JSON become: their text as it came, or `VARIANT`.");
        static final Key<Snowflake, String> HOST = Key.optional(
                "host",
                Scalars.HOST,
                Snowflake::host,
                "Where the account answers, for a private link; left out, where its identifier says.");
        static final Key<Snowflake, Integer> PORT =
                Key.of("port", Scalars.PORT, "443", Snowflake::port, "The account's TCP port.");
        static final Key<Snowflake, Boolean> TLS = Key.of(
                "tls",
                Scalars.BOOL,
                "true",
                Snowflake::tls,
                "Whether the connection is encrypted and the host proven; `false` is for test servers on this machine only.");
        static final Key<Snowflake, Duration> PATIENCE = Key.of(
                "patience",
                Scalars.DURATION,
                "10m",
                Snowflake::patience,
                "How long a phase waits for another process that works on the same schema; one that was killed gives way"
                        + " after 5 minutes.");

        private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost");

        static final Section<Snowflake> SECTION = Section.<Snowflake>of(
                        List.of(
                                ACCOUNT,
                                USER,
                                KEY,
                                PASSPHRASE,
                                PASSWORD,
                                ROLE,
                                COMPUTING,
                                DATABASE,
                                STAGE,
                                INTEGRATION,
                                CONNECTOR,
                                JSON,
                                HOST,
                                PORT,
                                TLS,
                                PATIENCE),
                        v -> new Snowflake(
                                v.get(ACCOUNT),
                                v.get(USER),
                                v.find(KEY),
                                v.find(PASSPHRASE),
                                v.find(PASSWORD),
                                v.find(ROLE),
                                v.get(COMPUTING),
                                v.get(DATABASE),
                                v.find(STAGE),
                                v.find(INTEGRATION),
                                v.get(CONNECTOR),
                                v.get(JSON),
                                v.find(HOST),
                                v.get(PORT),
                                v.get(TLS),
                                v.get(PATIENCE)))
                .withOneOf(List.of(STAGE, INTEGRATION))
                .checked(v -> {
                    if (v.isGiven(KEY) == v.isGiven(PASSWORD)) {
                        v.mistake(
                                KEY,
                                v.isGiven(KEY)
                                        ? "is given beside password: keep one of them"
                                        : "is missing: give the user's private key, or password");
                    }
                    if (!v.get(TLS) && v.find(HOST).filter(LOOPBACK::contains).isEmpty()) {
                        v.mistake(TLS, "is for test servers on this machine (host: 127.0.0.1 or localhost): remove it");
                    }
                    if (v.isGiven(PASSPHRASE) && !v.isGiven(KEY)) {
                        v.mistake(PASSPHRASE, "has no key to decrypt: remove it");
                    }
                    if (v.get(CONNECTOR) == Connector.SPARK_SNOWFLAKE) {
                        if (v.isGiven(PASSPHRASE)) {
                            v.mistake(PASSPHRASE, "is given, but spark-snowflake takes no encrypted key: decrypt it");
                        }
                        if (v.get(JSON) == JsonColumns.VARIANT) {
                            v.mistake(
                                    JSON, "is variant, which spark-snowflake cannot load: leave it out, or take copy");
                        }
                    }
                });
    }

    /** {@code warehouse.redshift}. */
    private static final class RedshiftKeys {
        static final Key<Redshift, String> HOST = Key.required(
                "host", Scalars.HOST, Redshift::host, "Where the cluster or the serverless workgroup answers.");
        static final Key<Redshift, Integer> PORT =
                Key.of("port", Scalars.PORT, "5439", Redshift::port, "Its TCP port.");
        static final Key<Redshift, String> DATABASE = Key.required(
                "database", Scalars.SERVER_NAME, Redshift::database, "The database that holds the schema.");
        static final Key<Redshift, String> USER = Key.required(
                "user",
                Scalars.SERVER_NAME,
                Redshift::user,
                "Who logs in; needs the right to make schemas: `GRANT CREATE ON DATABASE`.");
        static final Key<Redshift, SecretRef> PASSWORD = Key.required(
                "password",
                new SecretForm(password -> !password.isEmpty(), "is empty: set the variable to the password"),
                Redshift::password,
                "The user's password.");
        static final Key<Redshift, String> IAM_ROLE = Key.required(
                "iam-role",
                Scalars.IAM_ROLE,
                Redshift::iamRole,
                "The role with which COPY reads the landing; the cluster must have it attached. `default`: the cluster's"
                        + " default role.");
        static final Key<Redshift, Tls> TLS = Key.of(
                "tls",
                Scalar.oneOf(Tls.values()),
                "verify-full",
                Redshift::tls,
                "How the connection is protected: encrypted and the host proven, encrypted only, or not at all.");
        static final Key<Redshift, Duration> PATIENCE = Key.of(
                "patience",
                Scalars.DURATION,
                "5m",
                Redshift::patience,
                "How long a replacement waits for readers that are in its way, and how long what collides with other"
                        + " transactions is tried again.");
        static final Key<Redshift, Dependents> DEPENDENTS = Key.of(
                "dependents",
                Scalar.oneOf(Dependents.values()),
                "recreate",
                Redshift::dependents,
                "What becomes of views in other schemas that are bound to the tables: made anew on the new ones in the"
                        + " same transaction, or the run is refused.");
        static final Key<Redshift, Json> JSON = Key.of(
                "json",
                Scalar.oneOf(Json.values()),
                "text",
                Redshift::json,
                "How JSON columns are kept: as the text that came, or parsed, as SUPER.");

        static final Key<TableDesign, String> DISTKEY = Key.optional(
                "distkey",
                Scalars.COLUMN,
                TableDesign::distkey,
                "The column whose equal values lie together: DISTSTYLE KEY.");
        static final Key<TableDesign, DistStyle> DISTSTYLE = Key.optional(
                "diststyle",
                Scalar.oneOf(DistStyle.values()),
                TableDesign::diststyle,
                "Where rows lie, for a table without distkey.");
        static final Key<TableDesign, List<String>> SORTKEY = Key.list(
                "sortkey",
                new ListForm<>(Scalars.COLUMN, "[created_at]"),
                TableDesign::sortkey,
                "The columns that rows are sorted by; left out, as Redshift finds best.");
        static final Key<TableDesign, Map<String, Encoding>> ENCODE = Key.map(
                "encode",
                new MapForm<>("column", Scalars.COLUMN, Scalar.oneOf(Encoding.values())),
                TableDesign::encode,
                "The columns' encodings; of those left out as Redshift finds best.");
        static final Section<TableDesign> TABLE = Section.<TableDesign>of(
                        List.of(DISTKEY, DISTSTYLE, SORTKEY, ENCODE),
                        v -> new TableDesign(v.find(DISTKEY), v.find(DISTSTYLE), v.get(SORTKEY), v.get(ENCODE)))
                .checked(v -> {
                    if (v.isGiven(DISTKEY) && v.isGiven(DISTSTYLE)) {
                        v.mistake(DISTSTYLE, "has no effect beside distkey: remove one of them");
                    }
                });
        static final Key<Redshift, Map<String, TableDesign>> TABLES = Key.map(
                "tables",
                new MapForm<>("table", Scalars.SQL_NAME, TABLE),
                Redshift::tables,
                "How tables are laid out, by their name; columns must be the table's.");

        static final Section<Redshift> SECTION = Section.of(
                List.of(HOST, PORT, DATABASE, USER, PASSWORD, IAM_ROLE, TLS, PATIENCE, DEPENDENTS, JSON, TABLES),
                v -> new Redshift(
                        v.get(HOST),
                        v.get(PORT),
                        v.get(DATABASE),
                        v.get(USER),
                        v.get(PASSWORD),
                        v.get(IAM_ROLE),
                        v.get(TLS),
                        v.get(PATIENCE),
                        v.get(DEPENDENTS),
                        v.get(JSON),
                        v.get(TABLES)));
    }

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
    private static final Key<WarehouseSettings, Postgres> ENGINE_POSTGRES = Key.optional(
            "postgres",
            Postgresql.SECTION,
            w -> w.engine() instanceof Postgres p ? Optional.of(p) : Optional.empty(),
            "A PostgreSQL database.");
    private static final Key<WarehouseSettings, Snowflake> ENGINE_SNOWFLAKE = Key.optional(
            "snowflake",
            Snowflakes.SECTION,
            w -> w.engine() instanceof Snowflake s ? Optional.of(s) : Optional.empty(),
            "A Snowflake database.");
    private static final Key<WarehouseSettings, Redshift> ENGINE_REDSHIFT = Key.optional(
            "redshift",
            RedshiftKeys.SECTION,
            w -> w.engine() instanceof Redshift r ? Optional.of(r) : Optional.empty(),
            "An Amazon Redshift database; the landing must lie on S3.");
    private static final Key<WarehouseSettings, String> WAREHOUSE_SCHEMA = Key.derived(
            "schema",
            Scalars.SQL_NAME,
            "the job's name, `-` as `_`",
            r -> r.textAt("job").filter(job -> !job.isEmpty()).map(WarehouseKeys::schemaName),
            WarehouseSettings::schema,
            "The schema that readers use and that is replaced as a whole.");
    private static final Key<WarehouseSettings, String> TAKES_OVER = Key.optional(
            "takes-over",
            Scalars.JOB_NAME,
            WarehouseSettings::takesOver,
            "The name that the job had before, whose versions in the schema its runs replace; its own name where the"
                    + " former staging is lost: then it replaces those that its ledger does not know. Versions of any other"
                    + " job are left alone. A job of a new name also needs `schema`, as it was.");
    private static final Key<WarehouseSettings, Integer> KEEP_PREVIOUS = Key.of(
            "keep-previous",
            Scalars.VERSIONS,
            "1",
            WarehouseSettings::keepPrevious,
            "Replaced versions that are kept for `rollback`.");
    private static final Key<WarehouseSettings, Unchanged> UNCHANGED = Key.of(
            "unchanged",
            Scalar.oneOf(Unchanged.values()),
            "skip",
            WarehouseSettings::unchanged,
            "What a run does that brings just the rows that are live: let the warehouse sleep, or replace it all the same;"
                    + " `--again` replaces once.");
    private static final Key<WarehouseSettings, GateSettings> WAREHOUSE_GATE =
            Key.map("gate", GATE, WarehouseSettings::gate, "Checks between upload and replace; tables by their name.");
    static final Section<WarehouseSettings> SECTION = Section.<WarehouseSettings>of(
                    List.of(
                            ENGINE_DUCKDB,
                            ENGINE_POSTGRES,
                            ENGINE_SNOWFLAKE,
                            ENGINE_REDSHIFT,
                            WAREHOUSE_SCHEMA,
                            TAKES_OVER,
                            KEEP_PREVIOUS,
                            UNCHANGED,
                            WAREHOUSE_GATE),
                    v -> new WarehouseSettings(
                            v.find(ENGINE_DUCKDB)
                                    .<WarehouseSettings.Engine>map(duckDb -> duckDb)
                                    .or(() -> v.find(ENGINE_POSTGRES))
                                    .or(() -> v.find(ENGINE_SNOWFLAKE))
                                    .orElseGet(() -> v.get(ENGINE_REDSHIFT)),
                            v.get(WAREHOUSE_SCHEMA),
                            v.find(TAKES_OVER),
                            v.get(KEEP_PREVIOUS),
                            v.get(UNCHANGED),
                            v.get(WAREHOUSE_GATE)))
            .withOneOf(List.of(ENGINE_DUCKDB, ENGINE_POSTGRES, ENGINE_SNOWFLAKE, ENGINE_REDSHIFT));

    private static String schemaName(String job) {
        String name = job.replace('-', '_');
        String legal = Character.isDigit(name.charAt(0)) ? "_" + name : name;
        return legal.substring(0, Math.min(63, legal.length()));
    }
}
