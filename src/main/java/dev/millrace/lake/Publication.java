package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.RunId;
import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What one commit of a job brings to one table.
 *
 * @param job its name
 * @param run that committed
 * @param n the commit's number in the job's ledger
 * @param previous the commit that must be visible in the table before this one; empty for the first that brings it
 *     anything. Commits are published in their order, each to every table, also without rows
 * @param givenUp the commits between both whose runs were given up, perhaps while they were published
 * @param table what was landed, or what {@link Compaction} made of it
 * @param staging the storage that has its files
 * @param folder in {@code staging} where files go that are written on the way: the table's data folder in the landing,
 *     with a trailing slash
 * @param commits of the run
 * @param rewritten source files, as column {@code _file} names them, whose earlier rows leave the table in the act that
 *     brings the new ones
 * @param deduplication how duplicates are removed, if at all
 */
public record Publication(
        String job,
        RunId run,
        long n,
        Optional<Long> previous,
        List<Long> givenUp,
        LandedTable table,
        Storage staging,
        String folder,
        UnitCommits commits,
        Set<String> rewritten,
        Optional<Deduplication> deduplication) {
    /** Column that names the source file of a row. */
    public static final String FILE = "_file";

    public Publication {
        givenUp = List.copyOf(givenUp);
        rewritten = Set.copyOf(rewritten);
        if (previous.isPresent() && previous.get() >= n) {
            throw new IllegalArgumentException("Commit " + n + " cannot follow commit " + previous.get());
        }
    }

    /**
     * Refuses to take for published what another run has under this one's number: then what this one brings would be
     * lost.
     *
     * @param there the run that is noted in the table
     * @param where it is noted
     * @throws Fault of kind USER
     */
    void requireOwn(String there, String where) {
        if (!there.isEmpty() && !there.equals(run.value())) {
            throw Fault.user(
                    "Run " + run + ", commit " + n + ", cannot be published: " + where + " says that commit " + n
                            + " of job " + job + " is run " + there
                            + ", so this job's ledger is another than the one that the table"
                            + " was made by. If staging.at was moved, bring the folder " + job
                            + "/ of the former place there; else"
                            + " publish to another lake");
        }
    }

    /** The same rows in another layout, with their files in another folder. */
    public Publication laidOut(LandedTable other, String otherFolder) {
        return new Publication(
                job, run, n, previous, givenUp, other, staging, otherFolder, commits, rewritten, deduplication);
    }

    /** The same rows for a table that has no others. */
    Publication asSnapshot() {
        Optional<Deduplication> among = deduplication.map(
                rule -> new Deduplication(rule.key(), rule.keep(), Deduplication.Against.BATCH, Optional.empty()));
        return new Publication(
                job, run, n, Optional.empty(), List.of(), table, staging, folder, commits, Set.of(), among);
    }
}
