package dev.millrace.warehouse.postgres;

import dev.millrace.config.WarehouseSettings.Postgres;
import java.util.Optional;

/**
 * A PostgreSQL server and how to log in.
 *
 * @param server as the job file names it
 * @param password that its reference led to; empty where the server asks for none
 */
public record PostgresOptions(Postgres server, Optional<String> password) {
    /** Without the password. */
    @Override
    public String toString() {
        return "PostgreSQL " + server.host() + ":" + server.port() + "/" + server.database() + " as " + server.user();
    }
}
