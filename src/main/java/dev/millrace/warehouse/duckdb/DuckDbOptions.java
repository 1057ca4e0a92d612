package dev.millrace.warehouse.duckdb;

/**
 * What the engine may use of this machine.
 *
 * @param memoryBytes for its buffers, beside the JVM's heap; a row group of a table with very long values must fit
 * @param threads it works with
 */
public record DuckDbOptions(long memoryBytes, int threads) {
    public static final DuckDbOptions DEFAULT = new DuckDbOptions(1L << 30, 2);

    public DuckDbOptions {
        if (memoryBytes < 64L << 20 || threads < 1) {
            throw new IllegalArgumentException("Invalid DuckDB options: " + memoryBytes + " bytes of memory, " + threads
                    + " threads: at least 64 MiB and 1");
        }
    }
}
