package dev.millrace.config;

import java.nio.file.Path;

/**
 * What a job loads.
 *
 * @param engine the database
 * @param schema that readers use
 * @param keepPrevious versions kept for rollback
 * @param gate checks between upload and replace
 */
public record WarehouseSettings(Engine engine, String schema, int keepPrevious, GateSettings gate) {
    /** A kind of database and how it is reached. */
    public sealed interface Engine {}

    /**
     * DuckDB.
     *
     * @param path of the database file that readers open, absolute
     */
    public record DuckDb(Path path) implements Engine {}
}
