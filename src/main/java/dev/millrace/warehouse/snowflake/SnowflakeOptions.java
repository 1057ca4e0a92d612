package dev.millrace.warehouse.snowflake;

import dev.millrace.config.WarehouseSettings.Snowflake;
import java.util.Optional;

/**
 * A Snowflake account and how to log in.
 *
 * @param account as the job file names it
 * @param key the private key in PEM that its reference led to; empty where there is a password
 * @param passphrase of the key; empty where it is not encrypted
 * @param password that its reference led to; empty where there is a key
 * @param staging uri of the folder that holds the landing files, which the stage has to cover
 */
public record SnowflakeOptions(
        Snowflake account,
        Optional<String> key,
        Optional<String> passphrase,
        Optional<String> password,
        String staging) {
    /** Without secrets. */
    @Override
    public String toString() {
        return "Snowflake account " + account.account() + ", database " + account.database() + ", user "
                + account.user();
    }
}
