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
     */
    record Entry(FilePart part, String refused) implements Serializable {}

    /** What a unit reads, always the same. */
    List<Entry> of(PlannedUnit unit);
}
