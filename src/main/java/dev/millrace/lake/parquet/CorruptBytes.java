package dev.millrace.lake.parquet;

/** Bytes that are not what Parquet says they should be. Whoever knows file, column and page makes a fault of it. */
final class CorruptBytes extends RuntimeException {
    CorruptBytes(String what) {
        super(what);
    }

    CorruptBytes(String what, Throwable cause) {
        super(what, cause);
    }
}
