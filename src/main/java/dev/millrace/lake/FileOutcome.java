package dev.millrace.lake;

import dev.millrace.run.DataFile;
import java.util.List;

/** What became of a {@link PlannedFile}. */
public sealed interface FileOutcome {
    /**
     * It is written, found to hold what it should, and committed.
     *
     * @param files mostly one; none where there was no row
     * @param rewritten why its rows were read and written; empty text where its pages were merged
     */
    record Written(List<DataFile> files, String rewritten) implements FileOutcome {
        public Written {
            files = List.copyOf(files);
        }
    }

    /** Pages cannot make it, and rows may not. Nothing is written. */
    record Refused(String why) implements FileOutcome {}

    /** It cannot be written: a file is broken or encrypted, or types do not go together. Nothing of it is of use. */
    record Failed(String why) implements FileOutcome {}
}
