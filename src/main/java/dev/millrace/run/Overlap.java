package dev.millrace.run;

/** What to do when another run holds the job. */
public enum Overlap {
    /** End at once, with exit code 4. */
    SKIP,
    /** Wait until it is free. */
    WAIT
}
