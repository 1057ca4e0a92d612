package dev.millrace.run;

import java.util.Locale;

/** How a run ended. */
public enum Outcome {
    /** All phases are done. */
    DONE,
    /** The world failed, or the process was stopped. The run can be taken up again, so it has a record but no end. */
    FAILED,
    /** A gate refused the replacement. */
    REFUSED,
    /** A later run committed, or replaced live, first: this one's data is older and is not used. */
    SUPERSEDED,
    /** Given up without a result; what it had staged is removed. */
    ABANDONED;

    /** As files write it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
