package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.lake.PageTask.Ending;
import dev.millrace.lake.parquet.MergeOptions;
import dev.millrace.lake.parquet.MergeOutcome;
import dev.millrace.lake.parquet.MergeOutcome.MergeReport;
import dev.millrace.lake.parquet.MergeOutcome.Merged;
import dev.millrace.lake.parquet.MergeOutcome.Reason;
import dev.millrace.lake.parquet.MergeOutcome.Refused;
import dev.millrace.lake.parquet.MergeSlice;
import dev.millrace.lake.parquet.MergeSource;
import dev.millrace.lake.parquet.PageCheck;
import dev.millrace.lake.parquet.PageMerge;
import dev.millrace.run.DataFile;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a planned file by merging pages, in a task, and commits it. */
final class PageTask implements Function<PlannedFile, Ending> {
    private static final long serialVersionUID = 1;
    private static final Logger LOG = LoggerFactory.getLogger(PageTask.class);

    private final FileWriting writing;

    PageTask(FileWriting writing) {
        this.writing = writing;
    }

    enum Kind {
        WRITTEN,
        REFUSED,
        FAILED
    }

    /**
     * How it ended.
     *
     * @param detail why, unless it is written
     */
    record Ending(PlannedFile file, Kind kind, String detail) implements Serializable {}

    @Override
    public Ending call(PlannedFile file) {
        if (writing.commits().find(writing.phase(), writing.unit(file)).isPresent()) {
            return new Ending(file, Kind.WRITTEN, "");
        }
        try {
            return merge(file);
        } catch (Fault fault) {
            return new Ending(file, Kind.FAILED, fault.getMessage());
        } catch (RuntimeException defect) { // Ours: rows may do, and other files have to go on.
            LOG.error("Unit {}: pages could not be merged", writing.unit(file), defect);
            return new Ending(
                    file,
                    Kind.REFUSED,
                    "pages could not be merged: " + defect + ": this is a defect, please report it");
        }
    }

    private Ending merge(PlannedFile file) {
        long start = System.nanoTime();
        String attempt = FileWriting.randomAttempt();
        List<MergeSlice> slices = file.slices().stream().map(this::slice).toList();
        try (Upload upload = writing.target().create(writing.before(file) + attempt + FileWriting.SUFFIX)) {
            MergeOutcome outcome = PageMerge.merge(slices, upload.stream(), MergeOptions.DEFAULT);
            if (outcome instanceof Refused refused) {
                // Nobody else can read what is encrypted either.
                Kind kind = refused.reason() == Reason.ENCRYPTION ? Kind.FAILED : Kind.REFUSED;
                return new Ending(file, kind, refused.detail());
            }
            MergeReport report = ((Merged) outcome).report();
            StoredFile stored = upload.commit();
            try {
                requireSame(report, stored);
            } catch (Fault fault) {
                writing.target().delete(List.of(stored.path()));
                throw fault;
            }
            DataFile written =
                    new DataFile(writing.table(), stored.path(), stored.bytes(), report.rows(), stored.etag());
            writing.commit(file, attempt, List.of(written), "");
            LOG.info(
                    "Unit {}: {} rows of {} files, {} bytes in {} s",
                    writing.unit(file),
                    report.rows(),
                    report.files(),
                    stored.bytes(),
                    Math.round((System.nanoTime() - start) / 1e8) / 10.0);
            return new Ending(file, Kind.WRITTEN, "");
        }
    }

    private MergeSlice slice(Slice slice) {
        return new MergeSlice(
                MergeSource.of(writing.source(), slice.file().stored()), slice.fromGroup(), slice.toGroup());
    }

    /** Holds what is in storage now against what was merged. */
    private void requireSame(MergeReport report, StoredFile stored) {
        MergeSource source = MergeSource.of(writing.target(), stored);
        Optional<String> difference = report.sources().difference(PageCheck.read(source));
        if (difference.isPresent()) {
            throw Fault.world("Cannot merge to " + source.name() + ": " + difference.get()
                    + ": this is a defect, please report it");
        }
    }
}
