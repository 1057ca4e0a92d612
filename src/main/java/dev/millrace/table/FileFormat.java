package dev.millrace.table;

/** How a landing file is written. */
public enum FileFormat {
    /** Apache Parquet. */
    PARQUET("parquet"),
    /**
     * RFC 4180 with a header line and LF, UTF-8. Null is an empty field without quotes, an empty string is {@code ""};
     * binary is base64; timestamps are ISO 8601 in UTC with a {@code Z}.
     */
    CSV("csv");

    private final String suffix;

    FileFormat(String suffix) {
        this.suffix = suffix;
    }

    public String suffix() {
        return suffix;
    }
}
