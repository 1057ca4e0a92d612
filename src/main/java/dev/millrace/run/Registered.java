package dev.millrace.run;

/**
 * Tells that all tables which a run has published are registered in the catalog of its job file.
 *
 * @param format version of this file's format, now 1
 * @param commit number of the commit that the run has published
 */
public record Registered(int format, long commit) {
    public static final int FORMAT = 1;
}
