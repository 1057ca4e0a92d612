package dev.millrace.warehouse.snowflake;

import dev.millrace.config.WarehouseSettings.Snowflake;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/**
 * A Snowflake account and how to log in.
 *
 * @param account as the job file names it
 * @param key the private key in PEM that its reference led to; empty where there is a password
 * @param passphrase of the key; empty where it is not encrypted
 * @param password that its reference led to; empty where there is a key
 * @param staging uri of the folder that holds the landing files, which the stage has to cover
 * @param spark for the connector; asked for only where it is used
 */
public record SnowflakeOptions(
        Snowflake account,
        Optional<String> key,
        Optional<String> passphrase,
        Optional<String> password,
        String staging,
        Supplier<SparkSession> spark) {
    /** Where nothing is loaded by Spark. */
    public SnowflakeOptions(
            Snowflake account,
            Optional<String> key,
            Optional<String> passphrase,
            Optional<String> password,
            String staging) {
        this(account, key, passphrase, password, staging, () -> {
            throw new IllegalStateException("Nothing is loaded by Spark here");
        });
    }

    /** Without secrets. */
    @Override
    public String toString() {
        return "Snowflake account " + account.account() + ", database " + account.database() + ", user "
                + account.user();
    }
}
