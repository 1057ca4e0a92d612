package dev.millrace.warehouse.snowflake;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.fault.Fault;
import dev.millrace.testing.SnowflakeServer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/**
 * Connects by TLS in a JVM with a trust store of its own, since a driver keeps what it was told first. Its arguments are the
 * database, the staging and {@code host:port} of each server; for each it prints a line, what is live or why it did not
 * connect.
 */
public final class TlsProcess {
    private TlsProcess() {}

    public static void main(String[] args) {
        for (String place : Arrays.asList(args).subList(2, args.length)) {
            String[] parts = place.split(":", -1);
            SnowflakeOptions options = new SnowflakeOptions(
                    new Snowflake(
                            SnowflakeServer.ACCOUNT,
                            SnowflakeServer.LOADER,
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            SnowflakeServer.WAREHOUSE,
                            args[0],
                            Optional.of("OPS.LANDING"),
                            Optional.empty(),
                            Connector.COPY,
                            JsonColumns.TEXT,
                            Optional.of(parts[0]),
                            Integer.parseInt(parts[1]),
                            true,
                            Duration.ofSeconds(10)),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(SnowflakeServer.PASSWORD),
                    args[1]);
            try (SnowflakeWarehouse warehouse = new SnowflakeWarehouse(options, "shop")) {
                System.out.println("live: " + warehouse.live());
            } catch (Fault fault) {
                System.out.println(fault.kind() + ": " + fault.getMessage());
            }
        }
    }
}
