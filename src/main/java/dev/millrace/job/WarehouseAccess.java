package dev.millrace.job;

import dev.millrace.config.SecretRef;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a warehouse needs beside its settings.
 *
 * @param secret finds what a reference leads to; asked for when the warehouse is opened, and not before
 * @param staging uri of the job's staging, for engines that read the landing themselves
 */
record WarehouseAccess(Function<SecretRef, String> secret, String staging) {
    Optional<String> secret(Optional<SecretRef> reference) {
        return reference.map(secret);
    }
}
