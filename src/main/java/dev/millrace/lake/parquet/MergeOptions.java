package dev.millrace.lake.parquet;

/**
 * Bounds of what a merge writes. Source pages and row groups are never cut, so one that is larger stays so.
 *
 * @param pageRows rows of a page
 * @param pageBytes bytes of a page before compression
 * @param groupRows rows of a row group
 * @param groupBytes bytes of the source row groups that become one
 * @param dictionaryBytes bytes of a column's dictionary in a row group
 * @param zstdLevel of what is compressed again
 */
public record MergeOptions(
        int pageRows, int pageBytes, long groupRows, long groupBytes, int dictionaryBytes, int zstdLevel) {
    /** What suits readers: pages that can be skipped, row groups that can be read side by side. */
    public static final MergeOptions DEFAULT = new MergeOptions(20_000, 1 << 20, 1 << 20, 32 << 20, 1 << 20, 3);

    public MergeOptions {
        if (pageRows <= 0 || pageBytes <= 0 || groupRows <= 0 || groupBytes <= 0 || dictionaryBytes <= 0) {
            throw new IllegalArgumentException("Bounds must be positive: " + pageRows + " and " + pageBytes
                    + " of a page, " + groupRows + " and " + groupBytes + " of a row group, " + dictionaryBytes
                    + " of a dictionary");
        }
    }
}
