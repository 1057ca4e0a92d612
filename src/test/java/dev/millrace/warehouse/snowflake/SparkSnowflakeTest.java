package dev.millrace.warehouse.snowflake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.Processes;
import dev.millrace.testing.SnowflakeServer;
import dev.millrace.testing.SparkSnowflakeProcess;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.Warehouse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code connector: spark-snowflake}, in processes that have the connector's jar, on the Snowflake test server. */
class SparkSnowflakeTest {
    private static final TableDefinition VALUES = new TableDefinition(
            "values of all",
            List.of(
                    new Column("id", ColumnType.BIGINT, false),
                    new Column("text", ColumnType.STRING, true),
                    new Column("Exact Number", ColumnType.decimal(38, 37), true),
                    new Column("price", ColumnType.decimal(5, 2), true),
                    new Column("number", ColumnType.DOUBLE, true),
                    new Column("flag", ColumnType.BOOLEAN, true),
                    new Column("bytes", ColumnType.BINARY, true),
                    new Column("day", ColumnType.DATE, true),
                    new Column("moment", ColumnType.TIMESTAMP, true),
                    new Column("document", ColumnType.JSON, true)),
            List.of("id"));

    /** Hours that a clock of a zone with summer time shows twice, days of before the calendar, and the ends of types. */
    private static final List<String> ROWS = List.of(
            "1, 'a \"quoted\" | text\n', 1.0000000000000000000000000000000000001, -0.01, 5e-324, true, '\\x00\\xFF'::BLOB,"
                    + " DATE '0001-01-01', TIMESTAMPTZ '0001-01-01 00:00:00Z', '{\"a\": 7.10}'",
            "-9223372036854775808, '', 0.0000000000000000000000000000000000001, 999.99, -1.7976931348623157e308, false,"
                    + " ''::BLOB, DATE '9999-12-31', TIMESTAMPTZ '9999-12-31 23:59:59.999999Z', '[]'",
            "9223372036854775807, '\\N', NULL, 0.00, 0.1, NULL, NULL, DATE '1582-10-10',"
                    + " TIMESTAMPTZ '2026-04-04 13:30:00.000001Z', 'null'",
            "4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, TIMESTAMPTZ '2026-04-04 14:30:00Z', NULL");

    @TempDir
    private Path folder;

    private static String path(int file) {
        return "runs/" + Landing.runId(1) + "/landing/values/part-" + file + ".parquet";
    }

    /** As the files lie in the folder of a test. */
    static LandedTable landed(Path folder) {
        Landing landing = new Landing(folder.resolve("staging"));
        List<DataFile> files = new ArrayList<>();
        for (int i = 0; i < ROWS.size(); i++) {
            files.add(landing.file(VALUES.name(), path(i), 1));
        }
        return Landing.table(VALUES, FileFormat.PARQUET, Codec.ZSTD, files);
    }

    /** A row as DuckDB selects it. */
    private static String select(String row) {
        String names = VALUES.columns().stream()
                .map(column -> "\"" + column.name() + "\"")
                .collect(Collectors.joining(", "));
        return "SELECT id::BIGINT AS id, text::VARCHAR AS text,\"Exact Number\"::DECIMAL(38,37) AS \"Exact Number\", price::DECIMAL(5,2) AS price,"
                + " number::DOUBLE AS number, flag::BOOLEAN AS flag, bytes::BLOB AS bytes, day::DATE AS day,"
                + " moment::TIMESTAMPTZ AS moment, document::VARCHAR AS document FROM (VALUES (" + row + ")) AS v ("
                + names + ")";
    }

    private Processes.Ended run(String database, String stopAt) {
        ProcessBuilder process = SparkSnowflakeProcess.builder(
                ConnectorProcess.class.getName(),
                Integer.toString(SnowflakeServer.port()),
                database,
                folder.toString(),
                stopAt);
        return Processes.run(process.directory(folder.toFile()));
    }

    @Test
    void loadsEachTableOnceAndExactlyAlsoWhenItWasKilled() {
        Landing landing = new Landing(folder.resolve("staging"));
        for (int i = 0; i < ROWS.size(); i++) {
            landing.parquet(VALUES.name(), path(i), 1, select(ROWS.get(i)));
        }
        String database = SnowflakeServer.newDatabase();
        SnowflakeServer.execute(
                SnowflakeServer.ADMIN,
                "CREATE SCHEMA " + database + ".OPS",
                "CREATE STAGE " + database + ".OPS.LANDING URL = 'file://" + folder.resolve("staging") + "/'",
                "GRANT USAGE ON SCHEMA " + database + ".OPS TO ROLE LOADER",
                "GRANT USAGE ON STAGE " + database + ".OPS.LANDING TO ROLE LOADER");
        // The rows are there then, and the ledger knows nothing of them.
        Processes.Ended stopped = run(database, "rows written");
        assertThat(stopped.exitCode()).as(stopped.output()).isEqualTo(ConnectorProcess.STOPPED);
        Processes.Ended ended = run(database, "none");
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        SnowflakeOptions options = new SnowflakeOptions(
                ConnectorProcess.account(SnowflakeServer.port(), database, Connector.COPY),
                Optional.empty(),
                Optional.empty(),
                Optional.of(SnowflakeServer.PASSWORD),
                "file://" + folder.resolve("staging") + "/");
        try (Warehouse warehouse = new SnowflakeWarehouse(options, "shop")) {
            assertThat(Queried.of(
                                    warehouse,
                                    "SELECT id, text, \"Exact Number\", price, number, flag, HEX_ENCODE(bytes),"
                                            + " TO_VARCHAR(day), moment, document FROM \"values of all\" ORDER BY id")
                            .rows())
                    .extracting(List::toString)
                    .containsExactly(
                            "[-9223372036854775808, , 0.0000000000000000000000000000000000001, 999.99,"
                                    + " -1.7976931348623157e+308, false, , 9999-12-31, 9999-12-31 23:59:59.999999, []]",
                            "[1, a \"quoted\" | text\n, 1.0000000000000000000000000000000000001, -0.01, 5e-324, true,"
                                    + " 00FF, 0001-01-01, 0001-01-01 00:00:00, {\"a\": 7.10}]",
                            "[4, ∅, ∅, ∅, ∅, ∅, ∅, ∅, 2026-04-04 14:30:00, ∅]",
                            "[9223372036854775807, \\N, ∅, 0.00, 0.1, ∅, ∅, 1582-10-10, 2026-04-04 13:30:00.000001,"
                                    + " null]");
        }
    }
}
