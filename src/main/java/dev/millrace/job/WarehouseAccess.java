package dev.millrace.job;

import dev.millrace.config.SecretRef;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/**
 * What a warehouse needs beside its settings.
 *
 * @param secret finds what a reference leads to; asked for when the warehouse is opened, and not before
 * @param staging uri of the job's staging, for engines that read the landing themselves
 * @param spark that reaches the staging, for engines that load by it
 */
record WarehouseAccess(Function<SecretRef, String> secret, String staging, Supplier<SparkSession> spark) {
    Optional<String> secret(Optional<SecretRef> reference) {
        return reference.map(secret);
    }
}
