package dev.millrace.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.Upload;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Snowflake test server does what Snowflake's documentation says, as far as our tests lean on it. */
class SnowflakeServerTest {
    private String database;
    private Connection connection;

    @BeforeEach
    void connect() throws SQLException {
        database = SnowflakeServer.newDatabase();
        connection = SnowflakeServer.connect(SnowflakeServer.LOADER);
        run("USE DATABASE " + database);
    }

    @AfterEach
    void close() throws SQLException {
        if (connection != null) {
            connection.close();
        }
    }

    private void run(String... statements) throws SQLException {
        run(connection, statements);
    }

    private static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private List<String> rows(String sql) throws SQLException {
        return rows(connection, sql);
    }

    /** Each row's values, joined by blanks. */
    private static List<String> rows(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                List<String> values = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    values.add(result.getString(i));
                }
                rows.add(String.join(" ", values));
            }
            return rows;
        }
    }

    private List<String> column(String sql, String name) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<String> values = new ArrayList<>();
            while (result.next()) {
                values.add(result.getString(name));
            }
            return values;
        }
    }

    private Throwable refusal(String sql) {
        return catchThrowableOfType(SQLException.class, () -> run(sql));
    }

    private static Connection login(String user, Properties properties) throws SQLException {
        properties.putAll(SnowflakeServer.properties());
        properties.put("user", user);
        return DriverManager.getConnection(SnowflakeServer.url(), properties);
    }

    @Test
    void aSwapOfSchemasTakesTablesCommentAndGrantsAlong() throws SQLException {
        run(
                "CREATE TRANSIENT SCHEMA A COMMENT = 'it''s \\\\ {\"a\": 1}'",
                "CREATE TABLE T (ID NUMBER(19,0))",
                "INSERT INTO T VALUES (1)",
                "GRANT SELECT ON TABLE T TO ROLE PUBLIC",
                "CREATE SCHEMA B",
                "CREATE TABLE T (ID NUMBER(19,0))",
                "INSERT INTO T VALUES (2), (3)",
                "CREATE SCHEMA READERS",
                "CREATE VIEW V AS SELECT max(ID) AS LAST FROM A.T");
        run("ALTER SCHEMA \"A\" SWAP WITH \"B\"");
        assertThat(rows("SELECT count(*) FROM A.T")).containsExactly("2");
        assertThat(rows("SELECT LAST FROM READERS.V")).containsExactly("3");
        assertThat(column("SHOW SCHEMAS LIKE 'B' IN DATABASE " + database, "comment"))
                .containsExactly("it's \\ {\"a\": 1}");
        assertThat(column("SHOW SCHEMAS LIKE 'B' IN DATABASE " + database, "options"))
                .containsExactly("TRANSIENT");
        assertThat(rows("SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE COMMENT IS NOT NULL"))
                .containsExactly("B");
        assertThat(column("SHOW GRANTS ON TABLE B.T", "privilege")).containsExactly("OWNERSHIP", "SELECT");
        assertThat(column("SHOW GRANTS ON TABLE A.T", "privilege")).containsExactly("OWNERSHIP");
        run("ALTER SCHEMA B RENAME TO C", "COMMENT ON SCHEMA C IS 'other'");
        assertThat(column("SHOW TABLES IN SCHEMA C", "kind")).containsExactly("TRANSIENT");
        assertThat(refusal("SELECT * FROM B.T"))
                .hasMessageContaining("Object '" + database + ".B.T' does not exist or not authorized");
    }

    @Test
    void namesInQuotesAreOfTheirCase() throws SQLException {
        run("CREATE SCHEMA S", "CREATE TABLE \"orders\" (\"Id\" NUMBER, NAME VARCHAR)");
        assertThat(rows("SELECT \"Id\", name FROM \"orders\"")).isEmpty();
        assertThat(refusal("SELECT * FROM orders")).hasMessageContaining("ORDERS' does not exist");
        assertThat(refusal("SELECT id FROM \"orders\"")).hasMessageContaining("invalid identifier 'ID'");
    }

    @Test
    void valuesComeBackAsTheyAre() throws SQLException {
        run(
                "ALTER SESSION SET TIMEZONE = 'UTC'",
                "CREATE SCHEMA S",
                "CREATE TABLE T (N NUMBER(38,37), I NUMBER(19,0), D FLOAT, B BINARY, A DATE, M TIMESTAMP_NTZ(6), V VARIANT)",
                "INSERT INTO T SELECT 1.0000000000000000000000000000000000001, -9223372036854775808, 5e-324,"
                        + " TO_BINARY('00FF', 'HEX'), '0001-01-01', '9999-12-31 23:59:59.999999', PARSE_JSON('{\"a\": [1]}')");
        assertThat(rows("SELECT N, I, D, HEX_ENCODE(B), A, V FROM T"))
                .containsExactly(
                        "1.0000000000000000000000000000000000001 -9223372036854775808 5e-324 00FF 0001-01-01 {\"a\":[1]}");
        assertThat(rows("SELECT TO_VARCHAR(M) FROM T")).containsExactly("9999-12-31 23:59:59.999999");
    }

    @Test
    void aTransactionIsAllOrNothingAndDdlCommitsIt() throws SQLException {
        run("CREATE SCHEMA S", "CREATE TABLE T (ID NUMBER)", "BEGIN TRANSACTION", "INSERT INTO T VALUES (1)");
        try (Connection other = SnowflakeServer.connect(SnowflakeServer.LOADER)) {
            String count = "SELECT count(*) FROM " + database + ".S.T";
            assertThat(rows(other, count)).containsExactly("0");
            assertThat(rows(count)).containsExactly("1");
            run("ROLLBACK");
            assertThat(rows(count)).containsExactly("0");
            run("BEGIN", "INSERT INTO T VALUES (2)");
            assertThat(rows("SELECT CURRENT_TRANSACTION() IS NULL")).containsExactly("FALSE");
            run("CREATE TABLE U (ID NUMBER)");
            assertThat(rows("SELECT CURRENT_TRANSACTION() IS NULL")).containsExactly("TRUE");
            assertThat(rows(other, count)).containsExactly("1");
        }
    }

    @Test
    void anUpdateWaitsForTheTransactionThatHasChangedTheTable()
            throws SQLException, ExecutionException, InterruptedException {
        run("CREATE SCHEMA S", "CREATE TABLE L (HOLDER VARCHAR)", "INSERT INTO L VALUES ('none')");
        run("BEGIN", "UPDATE L SET HOLDER = 'first'");
        try (Connection other = SnowflakeServer.connect(SnowflakeServer.LOADER)) {
            run(other, "USE SCHEMA " + database + ".S", "ALTER SESSION SET LOCK_TIMEOUT = 0");
            assertThatThrownBy(() -> run(other, "UPDATE L SET HOLDER = 'second'"))
                    .isInstanceOfSatisfying(SQLException.class, e -> {
                        assertThat(e.getErrorCode()).isEqualTo(625);
                        assertThat(e.getSQLState()).isEqualTo("57014");
                    });
            run(other, "ALTER SESSION SET LOCK_TIMEOUT = 60");
            ExecutorService thread = Executors.newSingleThreadExecutor();
            try {
                Future<?> update = thread.submit(() -> {
                    run(other, "BEGIN", "UPDATE L SET HOLDER = HOLDER || ' second'");
                    return null;
                });
                run("COMMIT");
                update.get();
                assertThat(rows(other, "SELECT HOLDER FROM L")).containsExactly("first second");
            } finally {
                thread.shutdownNow();
            }
        }
    }

    @Test
    void filesOnS3AreLoadedOnceEach(@TempDir Path folder) throws SQLException, IOException {
        String bucket = S3Server.newBucket();
        Storage storage = Storages.open("s3://" + bucket + "/landing", S3Server.options());
        Path parquet = folder.resolve("a.parquet");
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:")) {
            run(
                    duck,
                    "COPY (SELECT range AS id, 'n' || range AS name, 1.25::DECIMAL(5,2) AS price,"
                            + " TIMESTAMPTZ '2026-01-02 03:04:05.000006Z' AS at FROM range(3)) TO '" + parquet + "'"
                            + " (FORMAT parquet)");
        }
        put(storage, "a [1].parquet", Files.readAllBytes(parquet));
        ByteArrayOutputStream csv = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(csv)) {
            out.write("id,name,price,at\n7,\"x \"\"y\"\"\n\",,2026-01-02T03:04:05.000006Z\n8,\"\",2.50,\n"
                    .getBytes(UTF_8));
        }
        put(storage, "b.csv.gz", csv.toByteArray());
        run(
                "ALTER SESSION SET TIMEZONE = 'UTC'",
                "CREATE SCHEMA S",
                "CREATE STAGE LANDING URL = 's3://" + bucket + "/landing/' STORAGE_INTEGRATION = "
                        + SnowflakeServer.INTEGRATION,
                "CREATE TABLE T (ID NUMBER(19,0) NOT NULL, NAME VARCHAR, PRICE NUMBER(5,2), AT TIMESTAMP_NTZ(6))");
        String copy = "COPY INTO T FROM @S.LANDING FILES = ('a [1].parquet') FILE_FORMAT = (TYPE = PARQUET"
                + " USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
                + " ON_ERROR = ABORT_STATEMENT";
        run("BEGIN");
        assertThat(rows(copy))
                .containsExactly("s3://" + bucket + "/landing/a [1].parquet LOADED 3 3 1 0 null null null null");
        run("ROLLBACK");
        assertThat(column(copy, "rows_loaded")).containsExactly("3");
        assertThat(column(copy, "status")).containsExactly("Copy executed with 0 files processed.");
        assertThat(rows("SELECT ID, NAME, PRICE, TO_VARCHAR(AT) FROM T WHERE ID = 2"))
                .containsExactly("2 n2 1.25 2026-01-02 03:04:05.000006");
        String csvFormat = "TYPE = CSV COMPRESSION = GZIP FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = ()"
                + " EMPTY_FIELD_AS_NULL = TRUE ESCAPE_UNENCLOSED_FIELD = NONE";
        run("COPY INTO T FROM @LANDING FILES = ('b.csv.gz') FILE_FORMAT = (" + csvFormat
                + " PARSE_HEADER = TRUE) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE ON_ERROR = ABORT_STATEMENT");
        String loaded = "SELECT ID, NAME, PRICE FROM T WHERE ID > 6 ORDER BY ID";
        assertThat(rows(loaded)).containsExactly("7 x \"y\"\n null", "8  2.50");
        run(
                "CREATE FILE FORMAT CSVS " + csvFormat + " SKIP_HEADER = 1",
                "TRUNCATE TABLE T",
                "COPY INTO T (ID, NAME, PRICE) FROM (SELECT TO_NUMBER($1, 19, 0), $2, TO_NUMBER($3, 5, 2) FROM @LANDING)"
                        + " FILES = ('b.csv.gz') FILE_FORMAT = (FORMAT_NAME = 'S.CSVS') ON_ERROR = ABORT_STATEMENT");
        assertThat(rows(loaded)).containsExactly("7 x \"y\"\n null", "8  2.50");
        assertThat(refusal("COPY INTO T (ID) FROM (SELECT $3 FROM @LANDING) FILES = ('b.csv.gz')"
                        + " FILE_FORMAT = (FORMAT_NAME = 'S.CSVS') FORCE = TRUE"))
                .hasMessageContaining("NULL result in a non-nullable column")
                .hasMessageContaining("Row 1, column \"T\"[\"ID\":1]");
        assertThat(refusal("COPY INTO T (PRICE) FROM (SELECT TO_NUMBER($2, 5, 2) FROM @LANDING) FILES = ('b.csv.gz')"
                        + " FILE_FORMAT = (FORMAT_NAME = 'S.CSVS') FORCE = TRUE"))
                .hasMessageContaining("Numeric value 'x \"y\"")
                .hasMessageContaining("Row 1, column \"T\"[\"PRICE\":1]");
        assertThat(refusal(copy.replace("a [1]", "none"))).hasMessageContaining("none.parquet' was not found");
        String names = IntStream.range(0, 1001).mapToObj(i -> "'" + i + "'").collect(Collectors.joining(", "));
        assertThat(refusal(copy.replace("'a [1].parquet'", names))).hasMessageContaining("1000");
        assertThat(refusal(copy.replace("BINARY_AS_TEXT", "BINARY_AS_TEST")))
                .hasMessageContaining("invalid parameter 'BINARY_AS_TEST'");
    }

    private static void put(Storage storage, String path, byte[] bytes) throws IOException {
        try (Upload upload = storage.create(path)) {
            upload.stream().write(bytes);
            upload.commit();
        }
    }

    @Test
    void whoHasNoPrivilegeIsToldWhatIsMissing() throws SQLException {
        SnowflakeServer.execute(
                SnowflakeServer.ADMIN, "REVOKE CREATE SCHEMA ON DATABASE " + database + " FROM ROLE LOADER");
        assertThat(refusal("CREATE SCHEMA S"))
                .hasMessageContaining("Insufficient privileges to operate on database '" + database + "'");
    }

    @Test
    void onlyThePasswordOrTheKeyOfTheUserLogsIn() throws SQLException, NoSuchAlgorithmException {
        Properties wrong = new Properties();
        wrong.put("password", "other");
        assertThatThrownBy(() -> login(SnowflakeServer.LOADER, wrong))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getErrorCode()).isEqualTo(390100))
                .hasMessageContaining("Incorrect username or password");
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair own = generator.generateKeyPair();
        KeyPair foreign = generator.generateKeyPair();
        SnowflakeServer.execute(
                SnowflakeServer.ADMIN,
                "CREATE USER IF NOT EXISTS KEEPER DEFAULT_ROLE = LOADER RSA_PUBLIC_KEY = '"
                        + Base64.getEncoder().encodeToString(own.getPublic().getEncoded()) + "'",
                "GRANT ROLE LOADER TO USER KEEPER");
        try (Connection keyed = login("keeper", withKey(own))) {
            assertThat(rows(keyed, "SELECT CURRENT_USER() || ' ' || CURRENT_ROLE()"))
                    .containsExactly("KEEPER LOADER");
        }
        assertThatThrownBy(() -> login("keeper", withKey(foreign)))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getErrorCode()).isEqualTo(390144))
                .hasMessageContaining("JWT token is invalid");
    }

    private static Properties withKey(KeyPair pair) {
        Properties properties = new Properties();
        properties.put("authenticator", "SNOWFLAKE_JWT");
        properties.put("privateKey", pair.getPrivate());
        return properties;
    }

    @Test
    void aStatementThatTheServerDoesNotKnowIsAnError() {
        for (String sql : List.of(
                "MAKE SCHEMA S",
                "ALTER SCHEMA PUBLIC SWAP PUBLIC",
                "CREATE TABLE PUBLIC.T (ID NUMBER) WITH NOTHING",
                "ALTER SESSION SET NO_SUCH = 1",
                "SELECT NO_SUCH_FUNCTION(1)",
                "DROP SCHEMA NO_SUCH")) {
            assertThat(refusal(sql)).as(sql).isNotNull();
        }
    }
}
