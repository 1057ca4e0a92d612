package dev.millrace.lake.folder;

import dev.millrace.lake.FileOutcome;
import dev.millrace.lake.folder.FolderPlan.PlannedPartition;
import dev.millrace.lake.folder.FolderRecord.Figures;
import dev.millrace.lake.folder.FolderRecord.Outcome;
import dev.millrace.run.DataFile;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * How a partition ends whose new files were to be written.
 *
 * @param record what is kept of it, when all goes well from here on
 * @param replacement what is to be done; empty where one of its files failed
 */
record Ending(FolderRecord.Partition record, Optional<Replacement.Partition> replacement) {
    private static final String SUFFIX = ".parquet";

    /** @param results one for each of its outputs */
    static Ending of(PlannedPartition partition, List<FileOutcome> results) {
        List<DataFile> files = new ArrayList<>();
        List<String> rewritten = new ArrayList<>();
        for (FileOutcome result : results) {
            if (result instanceof FileOutcome.Failed failed) {
                return new Ending(ended(partition, Outcome.FAILED, failed.why()), Optional.empty());
            }
        }
        for (FileOutcome result : results) {
            if (result instanceof FileOutcome.Refused refused) {
                return new Ending(ended(partition, Outcome.REFUSED, refused.why()), Optional.empty());
            }
            FileOutcome.Written written = (FileOutcome.Written) result;
            files.addAll(written.files());
            if (!written.rewritten().isEmpty() && !rewritten.contains(written.rewritten())) {
                rewritten.add(written.rewritten());
            }
        }
        Figures before = partition.before();
        if (files.isEmpty()) {
            // A folder without any file would lose its columns.
            return new Ending(
                    ended(partition, Outcome.WITHOUT_ROWS, "no row in any file; they stay"), Optional.empty());
        }
        long rows = files.stream().mapToLong(DataFile::rows).sum();
        FolderRecord.Partition record = new FolderRecord.Partition(
                partition.path(),
                Outcome.COMPACTED,
                new Figures(before.files(), before.bytes(), rows),
                new Figures(
                        files.size(), files.stream().mapToLong(DataFile::bytes).sum(), rows),
                partition.kept(),
                rewritten,
                "");
        return new Ending(record, Optional.of(replacement(partition, files)));
    }

    private static Replacement.Partition replacement(PlannedPartition partition, List<DataFile> files) {
        String suffix = suffix(partition.sources());
        return new Replacement.Partition(
                partition.path(),
                files.stream()
                        .map(file -> new Replacement.Written(
                                file.path(), partition.path() + name(file.path(), suffix), file.bytes()))
                        .toList(),
                partition.sources().stream()
                        .map(file -> new Replacement.Source(file.path(), file.bytes(), file.etag()))
                        .toList());
    }

    private static String name(String path, String suffix) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        return name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) + suffix : name;
    }

    /** How the names end that readers look for: that of all files where it is the same, else as most readers want it. */
    private static String suffix(Collection<DataFile> sources) {
        List<String> suffixes =
                sources.stream().map(file -> suffix(file.path())).distinct().toList();
        return suffixes.size() == 1 ? suffixes.get(0) : SUFFIX;
    }

    private static String suffix(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot);
    }

    /** Without a change. */
    static FolderRecord.Partition ended(PlannedPartition partition, Outcome outcome, String why) {
        return new FolderRecord.Partition(
                partition.path(), outcome, partition.before(), partition.before(), partition.kept(), List.of(), why);
    }

    static FolderRecord.Partition conflict(FolderRecord.Partition done, String why) {
        return new FolderRecord.Partition(
                done.path(), Outcome.CONFLICT, done.before(), done.after(), done.kept(), done.rewritten(), why);
    }
}
