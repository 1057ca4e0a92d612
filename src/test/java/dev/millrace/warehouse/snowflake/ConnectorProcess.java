package dev.millrace.warehouse.snowflake;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.landing.LandedTable;
import dev.millrace.testing.SnowflakeServer;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Warehouse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.spark.sql.SparkSession;

/** A process that has Snowflake's connector for Spark, and the older driver that comes with it, on its class path. */
final class ConnectorProcess {
    /** Its exit code where it stopped after the step that it was to stop at. */
    static final int STOPPED = 7;

    /** Held, since the log manager holds none of them. */
    private static final Logger DRIVER = Logger.getLogger("net.snowflake");

    private ConnectorProcess() {}

    /** Loads run 1: port, database, folder of the test, step to stop at. */
    public static void main(String[] args) {
        DRIVER.setLevel(Level.OFF);
        Path folder = Path.of(args[2]);
        SnowflakeOptions options = new SnowflakeOptions(
                account(Integer.parseInt(args[0]), args[1], Connector.SPARK_SNOWFLAKE),
                Optional.empty(),
                Optional.empty(),
                Optional.of(SnowflakeServer.PASSWORD),
                "file://" + folder.resolve("staging") + "/",
                ConnectorProcess::spark);
        LandedTable table = SparkSnowflakeTest.landed(folder);
        Load load = Landing.load(1, List.of(table.definition()));
        Landing landing = new Landing(folder.resolve("staging"));
        try (Warehouse warehouse = new SnowflakeWarehouse(
                options,
                "shop",
                step -> {
                    if (step.equals(args[3])) {
                        Runtime.getRuntime().halt(STOPPED);
                    }
                },
                sql -> {})) {
            warehouse.prepare(load);
            warehouse.upload(load, table, landing.storage(), file -> {});
            warehouse.replace(load);
        }
        // Spark's threads would keep it.
        System.exit(0);
    }

    private static SparkSession spark() {
        return SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate();
    }

    static Snowflake account(int port, String database, Connector connector) {
        return new Snowflake(
                SnowflakeServer.ACCOUNT,
                SnowflakeServer.LOADER,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(SnowflakeServer.LOADER),
                SnowflakeServer.WAREHOUSE,
                database,
                Optional.of("OPS.LANDING"),
                Optional.empty(),
                connector,
                JsonColumns.TEXT,
                Optional.of("127.0.0.1"),
                port,
                false,
                Duration.ofSeconds(30));
    }
}
