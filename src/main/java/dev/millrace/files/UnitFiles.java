package dev.millrace.files;

import dev.millrace.run.PlannedUnit;
import java.io.Serializable;
import java.util.List;

/** Tells which files a unit reads; tasks carry it. */
public interface UnitFiles extends Serializable {
    /**
     * A file of a unit, or a part of one.
     *
     * @param part what is read
     * @param refused why it is not read and goes to quarantine whole; empty for all others
     * @param md5 that the whole file has to have, in base64; empty where nobody has said so
     */
    record Entry(FilePart part, String refused, String md5) implements Serializable {
        public Entry(FilePart part, String refused) {
            this(part, refused, "");
        }
    }

    /** What a unit reads, always the same. */
    List<Entry> of(PlannedUnit unit);
}
