package dev.millrace.lake.folder;

import java.time.Instant;
import java.util.List;

/**
 * What a compaction did.
 *
 * @param format version of this file's format, now 1
 * @param compaction its id
 * @param folder uri
 * @param ended when
 * @param partitions that there was something to do in
 * @param untouched all others, in which no row count was asked for
 */
public record FolderRecord(
        int format,
        String compaction,
        String folder,
        Instant started,
        Instant ended,
        List<Partition> partitions,
        Untouched untouched) {
    public static final int FORMAT = 1;

    /** How a partition ended. */
    public enum Outcome {
        /** It would be compacted. */
        PLANNED,
        /** Its files are replaced. */
        COMPACTED,
        /** They are as they were. */
        FAILED,
        /** They are as they were: pages alone cannot merge them. */
        REFUSED,
        /** They are as they were: no row is in them. */
        WITHOUT_ROWS,
        /** They are replaced, but somebody else changed one of them at that very moment. */
        CONFLICT
    }

    /** Files of a partition, or what they were replaced by; kept ones are in neither. */
    public record Figures(int files, long bytes, long rows) {
        public static final Figures NONE = new Figures(0, 0, 0);

        public Figures plus(Figures other) {
            return new Figures(files + other.files, bytes + other.bytes, rows + other.rows);
        }
    }

    /** Partitions in which all files have a good size already. */
    public record Untouched(int partitions, int files, long bytes) {
        static final Untouched NONE = new Untouched(0, 0, 0);

        Untouched plus(int filesOfPartition, long bytesOfPartition) {
            return new Untouched(partitions + 1, files + filesOfPartition, bytes + bytesOfPartition);
        }
    }

    /**
     * One partition.
     *
     * @param path of its folder; empty for the table's own
     * @param before what was to be replaced; rows are 0 where they were not read
     * @param after what it was replaced by; where nothing was, as before
     * @param kept how many files beside them had a good size already
     * @param rewritten why rows were written anew in place of pages being merged, each reason once
     * @param message what there is to know of its end; empty when it is compacted
     */
    public record Partition(
            String path,
            Outcome outcome,
            Figures before,
            Figures after,
            int kept,
            List<String> rewritten,
            String message) {
        public Partition {
            rewritten = List.copyOf(rewritten);
        }
    }

    public FolderRecord {
        partitions = List.copyOf(partitions);
    }

    /** How many partitions ended so. */
    public long count(Outcome outcome) {
        return partitions.stream()
                .filter(partition -> partition.outcome() == outcome)
                .count();
    }
}
