package dev.millrace.lake;

import dev.millrace.run.DataFile;
import java.util.regex.Pattern;

/**
 * The wanted size of files, and what is expected of those that are there.
 *
 * @param bytes wanted
 * @param ratio bytes written for bytes read, of files that nobody has compacted yet
 */
public record TargetSize(long bytes, double ratio) {
    /** As {@link PlannedFile#id} begins the names of files, and attempts end them. */
    private static final Pattern WRITTEN_BY_US = Pattern.compile("g[0-9a-f]{20}-[a-z0-9]{8}(-\\d+)?\\.parquet");

    private static final double FEWEST = 0.9;
    private static final double MOST = 1.1;

    public TargetSize {
        if (bytes <= 0 || !(ratio > 0) || Double.isInfinite(ratio)) {
            throw new IllegalArgumentException("Invalid size of files: " + bytes + " bytes, ratio " + ratio);
        }
    }

    double fewest() {
        return FEWEST * bytes;
    }

    double most() {
        return MOST * bytes;
    }

    /** What a file takes once it is merged with others. One that is merged already does not shrink again. */
    public long expected(DataFile file) {
        return isMerged(file) ? file.bytes() : Math.round(file.bytes() * ratio);
    }

    /** Whether a compaction has written a file, as its name says. */
    public static boolean isMerged(DataFile file) {
        return WRITTEN_BY_US.matcher(LakePath.name(file.path())).matches();
    }

    /** Whether a file is as large as is wanted, or larger, so that it is left alone. */
    public boolean isReachedBy(DataFile file) {
        return file.bytes() >= fewest() || expected(file) >= fewest();
    }
}
