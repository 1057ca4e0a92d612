package dev.millrace.lake.parquet;

/**
 * What is taken of a file: all of it, or a range of its row groups.
 *
 * @param from number of the first row group, from 0 on
 * @param to number behind the last one; {@link #END} for all that follow
 */
public record MergeSlice(MergeSource source, int from, int to) {
    /** Behind the last row group of any file. */
    public static final int END = Integer.MAX_VALUE;

    public MergeSlice {
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException("Row groups " + from + " to " + to + " of " + source.name());
        }
    }

    /** A file whole. */
    public static MergeSlice all(MergeSource source) {
        return new MergeSlice(source, 0, END);
    }
}
