package dev.millrace.warehouse.redshift;

import dev.millrace.config.WarehouseSettings.Redshift;

/**
 * A Redshift database and how to log in.
 *
 * @param server as the job file names it
 * @param password that its reference led to
 */
public record RedshiftOptions(Redshift server, String password) {
    /** Without the password. */
    @Override
    public String toString() {
        return "Redshift " + server.host() + ":" + server.port() + "/" + server.database() + " as " + server.user();
    }
}
