package dev.millrace.table;

/** How a landing file is compressed: inside for Parquet, around the file for CSV. */
public enum Codec {
    ZSTD,
    SNAPPY,
    GZIP,
    NONE
}
