package dev.millrace.warehouse;

import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A warehouse that a job's runs replace as a whole: prepare, upload, check, replace.
 *
 * <p>All state is read from the warehouse itself. So each method may be killed at any instant and called again, also by
 * another process, and may be called when its work is done already: the result is that of one undisturbed call.
 *
 * <p>Failures of the engine, the disk or the network are {@link dev.millrace.fault.Fault}s of kind WORLD that name
 * what they concern.
 */
public interface Warehouse extends AutoCloseable {
    /** What readers see; empty before the first replacement. */
    Optional<Version> live();

    /** Refuses a user who could not replace what is live, as far as that can be told before a run begins. */
    default void requireUsable() {}

    /** What a rollback would bring back; empty when there is none or it was dropped. */
    Optional<Version> previous();

    /**
     * Makes an empty staging with all of the run's tables and removes the leftovers of earlier runs that died. A
     * staging that this run has already, with the same definitions, keeps what was loaded. Remembers which commit was
     * live. Refuses as superseded when a later commit is live, and as a gate when the run was live and was rolled back.
     * Does nothing when the run itself is live.
     */
    void prepare(Load load);

    /**
     * Loads a table's landing files into the staging, each exactly once.
     *
     * @param staging where the files lie
     * @param loaded told of every file that is in, after the fact: first of those that earlier calls loaded
     * @throws dev.millrace.fault.Fault WORLD when a file is not the one the manifest describes: its size, etag or
     *     number of rows differ; names the file. Its rows are not loaded.
     */
    Uploaded upload(Load load, LandedTable table, Storage staging, Consumer<DataFile> loaded);

    /**
     * Counts what the gate asks for. Tables and columns must be the load's.
     *
     * @param notNull columns in which missing values are counted
     * @param unique columns whose combined values are compared
     */
    Counts check(Load load, List<ColumnSet> notNull, List<ColumnSet> unique);

    /**
     * Whether all files are loaded, as far as the warehouse can tell: where it lost what told so, {@link #prepare} and
     * {@link #upload} come again.
     *
     * @param tables all of the run
     */
    default boolean hasAll(Load load, List<LandedTable> tables) {
        return true;
    }

    /**
     * Makes the run's staging live, all tables in one act, and keeps what was live as the previous version. Refuses as
     * superseded when a later commit than this run's is live, and as a gate when the run was live before and was rolled
     * back: only a run that begins later replaces what a person brought back.
     *
     * @return whether the run is live now, perhaps since before; if not, nothing was changed, because another commit
     *     went live since {@link #prepare}, or the warehouse lost what tells what is loaded: what was checked has to be
     *     checked anew, from prepare on
     */
    boolean replace(Load load);

    /**
     * Makes the previous version live in one act. Repeated, it goes back further, as far as versions are kept.
     *
     * @return what is live now
     * @throws dev.millrace.fault.Fault USER when there is no previous version
     */
    Version rollback();

    /**
     * Removes the versions that only a longer rollback than {@code keep} steps would need.
     *
     * @param keep number of previous versions to keep, 0 or more
     */
    void dropPrevious(int keep);

    /**
     * Runs one select on live; it can change nothing and reach no other files.
     *
     * @param nullText what stands for a missing value
     * @throws dev.millrace.fault.Fault USER with the engine's message, on one line, when it refuses the statement, and
     *     when nothing is live yet
     */
    void query(String sql, String nullText, QueryRows rows);

    /** Gives up connections. Never throws. */
    @Override
    void close();
}
