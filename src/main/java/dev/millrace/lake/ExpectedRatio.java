package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.lake.parquet.FileShape;
import dev.millrace.lake.parquet.MergeOptions;
import dev.millrace.lake.parquet.MergeOutcome;
import dev.millrace.lake.parquet.MergeOutcome.Merged;
import dev.millrace.lake.parquet.MergeSlice;
import dev.millrace.lake.parquet.MergeSource;
import dev.millrace.lake.parquet.PageMerge;
import dev.millrace.run.DataFile;
import dev.millrace.run.Json;
import dev.millrace.storage.Storage;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes that compaction writes for bytes that it reads: remembered of the last time, else found out by a pilot, which merges
 * a few files into nothing.
 */
public final class ExpectedRatio {
    private static final Logger LOG = LoggerFactory.getLogger(ExpectedRatio.class);

    private static final int FORMAT = 1;

    /** What a pilot reads at most. */
    private static final long PILOT_BYTES = 32 << 20;

    /** Short pilots are spread over the files. */
    private static final int PILOTS = 3;

    /** Rows that are written by Spark in place of many small files. */
    private static final double OF_REWRITTEN = 0.8;

    /** A file with row groups of more than this shrinks no more. */
    private static final long LARGE_GROUP = 16 << 20;

    /** Of files that shrink less, a pilot of the wanted size is about right. */
    private static final double WELL_SHRUNK = 0.9;

    /** What makes no sense is not believed. */
    private static final double LEAST = 0.05;

    private static final double MOST = 2;

    private ExpectedRatio() {}

    /**
     * What was written for what was read, the last time.
     *
     * @param format version of this file's format, now 1
     */
    record Remembered(int format, long bytesRead, long bytesWritten) {}

    /** The ratio that is kept at a path, or empty. */
    public static Optional<Double> find(Storage storage, String path) {
        return Json.find(storage, path, Remembered.class, FORMAT)
                .filter(last -> last.bytesRead() > 0 && last.bytesWritten() > 0)
                .map(last -> bounded((double) last.bytesWritten() / last.bytesRead()));
    }

    /** Keeps what was written for what was read. */
    public static void remember(Storage storage, String path, long bytesRead, long bytesWritten) {
        if (bytesRead > 0 && bytesWritten > 0) {
            storage.put(path, Json.write(new Remembered(FORMAT, bytesRead, bytesWritten)));
        }
    }

    private static double bounded(double ratio) {
        return Math.max(LEAST, Math.min(MOST, ratio));
    }

    /**
     * A pilot in the partition that has most to be merged.
     *
     * @param partitions files of each
     * @param targetBytes wanted size of a file
     */
    public static double pilot(Storage storage, Stream<List<DataFile>> partitions, long targetBytes) {
        TargetSize asItIs = new TargetSize(targetBytes, 1);
        List<DataFile> most = partitions
                .map(files ->
                        files.stream().filter(file -> !asItIs.isReachedBy(file)).toList())
                .max(Comparator.comparingLong(
                        files -> files.stream().mapToLong(DataFile::bytes).sum()))
                .orElse(List.of());
        return pilot(storage, most, targetBytes);
    }

    /**
     * Merges some of the files into nothing.
     *
     * @param files of a partition that are smaller than is wanted; files that cannot be read are for others to tell
     * @param targetBytes wanted size of a file
     */
    static double pilot(Storage storage, List<DataFile> files, long targetBytes) {
        if (files.size() < 2) {
            return 1;
        }
        double first = merged(storage, files, targetBytes);
        // The more files become one, the more they shrink: as many as will.
        return first < WELL_SHRUNK ? merged(storage, files, (long) (targetBytes / first)) : first;
    }

    /** @param wanted bytes to be read for an output */
    private static double merged(Storage storage, List<DataFile> files, long wanted) {
        long bytes = Math.min(PILOT_BYTES, wanted);
        int pilots = bytes * PILOTS <= PILOT_BYTES ? PILOTS : 1;
        long bytesRead = 0;
        long bytesWritten = 0;
        for (int pilot = 0; pilot < pilots; pilot++) {
            List<DataFile> some = some(files, files.size() * pilot / pilots, bytes);
            try {
                if (hasLargeGroups(storage, some.get(0))) {
                    return 1;
                }
                List<MergeSlice> slices = new ArrayList<>();
                some.forEach(file -> slices.add(MergeSlice.all(source(storage, file))));
                MergeOutcome outcome = PageMerge.merge(slices, OutputStream.nullOutputStream(), MergeOptions.DEFAULT);
                if (!(outcome instanceof Merged merged)) {
                    return OF_REWRITTEN;
                }
                bytesRead += some.stream().mapToLong(DataFile::bytes).sum();
                bytesWritten += merged.report().bytes();
            } catch (Fault unreadable) {
                LOG.info("No pilot of {}: {}", some.get(0).path(), unreadable.getMessage());
            }
        }
        return bytesRead == 0 ? OF_REWRITTEN : bounded((double) bytesWritten / bytesRead);
    }

    private static boolean hasLargeGroups(Storage storage, DataFile file) {
        return file.bytes() > LARGE_GROUP
                && FileShape.read(source(storage, file)).groups().stream()
                        .anyMatch(group -> group.bytes() > LARGE_GROUP);
    }

    private static List<DataFile> some(List<DataFile> files, int from, long bytes) {
        List<DataFile> some = new ArrayList<>();
        long taken = 0;
        for (int i = from; i < files.size() && (some.size() < 2 || taken < bytes); i++) {
            some.add(files.get(i));
            taken += files.get(i).bytes();
        }
        return some;
    }

    private static MergeSource source(Storage storage, DataFile file) {
        return MergeSource.of(storage, file.stored());
    }
}
