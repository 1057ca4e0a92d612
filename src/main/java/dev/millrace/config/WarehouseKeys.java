package dev.millrace.config;

import dev.millrace.config.WarehouseSettings.Dependents;
import dev.millrace.config.WarehouseSettings.DuckDb;
import dev.millrace.config.WarehouseSettings.Postgres;
import dev.millrace.config.WarehouseSettings.Tls;
import dev.millrace.config.WarehouseSettings.Unchanged;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
    private static final Key<WarehouseSettings, String> WAREHOUSE_SCHEMA = Key.derived(
            "schema",
            Scalars.SQL_NAME,
            "the job's name, `-` as `_`",
            r -> r.textAt("job").filter(job -> !job.isEmpty()).map(WarehouseKeys::schemaName),
            WarehouseSettings::schema,
            "The schema that readers use and that is replaced as a whole.");
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
                    List.of(ENGINE_DUCKDB, ENGINE_POSTGRES, WAREHOUSE_SCHEMA, KEEP_PREVIOUS, UNCHANGED, WAREHOUSE_GATE),
                    v -> new WarehouseSettings(
                            v.find(ENGINE_DUCKDB)
                                    .<WarehouseSettings.Engine>map(duckDb -> duckDb)
                                    .orElseGet(() -> v.get(ENGINE_POSTGRES)),
                            v.get(WAREHOUSE_SCHEMA),
                            v.get(KEEP_PREVIOUS),
                            v.get(UNCHANGED),
                            v.get(WAREHOUSE_GATE)))
            .withOneOf(List.of(ENGINE_DUCKDB, ENGINE_POSTGRES));

    private static String schemaName(String job) {
        String name = job.replace('-', '_');
        String legal = Character.isDigit(name.charAt(0)) ? "_" + name : name;
        return legal.substring(0, Math.min(63, legal.length()));
    }
}
