package dev.millrace.job;

import dev.millrace.lake.folder.FolderCompaction;
import java.util.Optional;

/** Shows how far the compaction of a folder is. */
final class FolderProgress implements FolderCompaction.Watch, AutoCloseable {
    private Optional<ProgressLine> line = Optional.empty();

    @Override
    public void begun(int files) {
        line = Optional.of(ProgressLine.start("compact", files));
    }

    @Override
    public void replaced(int files, long rows, long bytes) {
        line.ifPresent(shown -> shown.add(files, rows, bytes));
    }

    @Override
    public void close() {
        line.ifPresent(ProgressLine::close);
    }
}
