package dev.millrace.warehouse.postgres;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a PostgreSQL database is reached and used.
 *
 * @param host where the server answers
 * @param port its TCP port
 * @param database that holds the schema
 * @param user to log in as; it owns what is made
 * @param password of the user; empty where the server asks for none
 * @param tls how the connection is protected
 * @param certificates of the authorities that may have signed the server's, in PEM; empty: those the JVM trusts
 * @param streams files that are loaded at once, a connection each
 * @param patience how long a replacement waits for readers that are in its way
 * @param dependents what becomes of views in other schemas
 */
public record PostgresOptions(
        String host,
        int port,
        String database,
        String user,
        Optional<String> password,
        Tls tls,
        Optional<Path> certificates,
        int streams,
        Duration patience,
        Dependents dependents) {
    /** How the connection is protected. */
    public enum Tls {
        /** Encrypted, and the server proves that it is the host it is asked for. */
        VERIFY_FULL,
        /** Encrypted; nobody knows by whom. */
        REQUIRE,
        /** In clear. */
        OFF
    }

    /** What becomes of views in other schemas that read live tables. */
    public enum Dependents {
        /** They are made anew on the new tables, in the same transaction. */
        RECREATE,
        /** The gate refuses. */
        REFUSE
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "PostgreSQL " + host + ":" + port + "/" + database + " as " + user;
    }
}
