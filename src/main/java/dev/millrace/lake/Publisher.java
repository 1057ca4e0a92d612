package dev.millrace.lake;

/** Makes a commit visible to the readers of a table. */
public interface Publisher {
    /**
     * Publishes a commit, or finds that it is. May be stopped anywhere and repeated, and done twice at once: the result is
     * that of one undisturbed run.
     *
     * @throws dev.millrace.fault.Fault of kind USER when the table is of another shape than the rows
     * @throws dev.millrace.fault.Fault of kind WORLD when an earlier commit is not published yet
     */
    Published publish(Publication publication);
}
