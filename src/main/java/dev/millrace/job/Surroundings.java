package dev.millrace.job;

import dev.millrace.config.WarehouseSettings;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.duckdb.DuckDbOptions;
import dev.millrace.warehouse.duckdb.DuckDbWarehouse;
import dev.millrace.warehouse.postgres.PostgresOptions;
import dev.millrace.warehouse.postgres.PostgresWarehouse;
import dev.millrace.warehouse.redshift.RedshiftOptions;
import dev.millrace.warehouse.redshift.RedshiftWarehouse;
import dev.millrace.warehouse.snowflake.SnowflakeOptions;
import dev.millrace.warehouse.snowflake.SnowflakeWarehouse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * What a process finds around it; below this room nothing looks there by itself.
 *
 * @param base what relative paths start from
 * @param home the checkout or installation, with {@code scripts/} and {@code conf/}; the launcher names it
 * @param environment looks up an environment variable
 * @param clock tells the time
 * @param random names runs
 * @param storages opens the storage that a location names
 * @param warehouses opens the warehouse that settings name, with what else it needs, to be closed
 */
record Surroundings(
        Path base,
        Optional<Path> home,
        Function<String, Optional<String>> environment,
        Clock clock,
        Random random,
        BiFunction<String, StorageOptions, Storage> storages,
        BiFunction<WarehouseSettings, WarehouseAccess, Warehouse> warehouses) {
    /** The process's own. */
    static Surroundings ofProcess() {
        return new Surroundings(
                Path.of("").toAbsolutePath(),
                Optional.ofNullable(System.getProperty("millrace.home")).map(Path::of),
                name -> Optional.ofNullable(System.getenv(name)),
                Clock.systemUTC(),
                new Random(),
                Storages::open,
                Surroundings::warehouse);
    }

    static Warehouse warehouse(WarehouseSettings settings, WarehouseAccess access) {
        if (settings.engine() instanceof WarehouseSettings.DuckDb duckDb) {
            return new DuckDbWarehouse(duckDb.path(), settings.schema(), DuckDbOptions.DEFAULT);
        }
        if (settings.engine() instanceof WarehouseSettings.Postgres server) {
            return new PostgresWarehouse(
                    new PostgresOptions(server, access.secret(server.password())), settings.schema());
        }
        if (settings.engine() instanceof WarehouseSettings.Snowflake account) {
            return new SnowflakeWarehouse(
                    new SnowflakeOptions(
                            account,
                            access.secret(account.key()),
                            access.secret(account.keyPassphrase()),
                            access.secret(account.password()),
                            access.staging(),
                            access.spark()),
                    settings.schema());
        }
        if (settings.engine() instanceof WarehouseSettings.Redshift server) {
            return new RedshiftWarehouse(
                    new RedshiftOptions(server, access.secret().apply(server.password())), settings.schema());
        }
        throw new IllegalStateException("No such engine: " + settings.engine());
    }
}
