package dev.millrace.run;

/** How a run ended. A run that the world failed has not ended: it can be taken up again. */
public enum Outcome {
    /** All phases are done. */
    DONE,
    /** A gate refused the replacement. */
    REFUSED,
    /** Another run committed the same inputs first. */
    SUPERSEDED,
    /** Given up without a result; what it had staged is removed. */
    ABANDONED
}
