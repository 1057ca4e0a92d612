package dev.millrace.job;

import dev.millrace.config.Job;
import dev.millrace.dynamodb.Spool;
import dev.millrace.fault.Fault;
import dev.millrace.run.Commit;
import dev.millrace.run.DataFile;
import dev.millrace.run.Plan;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.run.SpooledInput;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.StoredFile;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a run needs that makes rows anew of items which an earlier one has read.
 *
 * @param input the run whose spool is taken
 * @param units of that run
 */
record Handover(SpooledInput input, List<PlannedUnit> units) {
    Handover {
        units = List.copyOf(units);
    }

    /**
     * Of the last run that landed.
     *
     * @throws Fault of kind USER when there is none, or its items are gone
     */
    static Handover ofLast(OpenJob open, Surroundings around) {
        Commit last = lastCommit(open);
        RunStore landed = open.store().run(last.run());
        Plan plan = landed.plan();
        // A run that was a retry itself has no spool of its own.
        RunId spooled = plan.input().map(SpooledInput::run).orElse(landed.id());
        requireSameTable(open, plan, around);
        Handover handover = new Handover(new SpooledInput(spooled, last.n()), plan.units());
        handover.spooled(open);
        return handover;
    }

    static Commit lastCommit(OpenJob open) {
        return open.store()
                .ledger()
                .last()
                .orElseThrow(() -> Fault.user("Job " + open.job().name() + " has landed nothing yet: run it first, by "
                        + "scripts/millrace local " + open.file()));
    }

    /** How many items a run has quarantined. */
    static long quarantined(Commit commit) {
        return commit.counts()
                .getOrDefault(LandedRun.QUARANTINE, TableCounts.NONE)
                .out();
    }

    private static void requireSameTable(OpenJob open, Plan plan, Surroundings around) {
        String was = table(open.began(plan, around).job());
        String now = table(open.job());
        if (!was.equals(now)) {
            throw Fault.user("Run " + plan.run() + " has read table " + was + ", and " + open.file() + " names " + now
                    + ": run the job instead, by scripts/millrace local " + open.file());
        }
    }

    private static String table(Job job) {
        return TableSource.dynamoDb(job).table();
    }

    /**
     * Gives a run the spool of the other one, as if it had read it. May be repeated.
     *
     * @throws Fault of kind USER when it is gone
     */
    void to(RunStore run, OpenJob open) {
        Set<String> there = run.units().committed(Spool.PHASE).stream()
                .map(UnitManifest::unit)
                .collect(Collectors.toSet());
        if (there.size() < units.size()) {
            spooled(open).stream()
                    .filter(unit -> !there.contains(unit.unit()))
                    .map(Spool::takenOver)
                    .forEach(run.units()::commit);
        }
    }

    /** The spool's units, all of them and their files there. */
    private List<UnitManifest> spooled(OpenJob open) {
        RunStore from = open.store().run(input.run());
        List<UnitManifest> spooled = from.units().committed(Spool.PHASE);
        Set<String> files = from.storage().list(from.path("spool/")).stream()
                .map(StoredFile::path)
                .collect(Collectors.toSet());
        boolean whole = spooled.size() == units.size()
                && spooled.stream()
                        .flatMap(unit -> unit.files().stream())
                        .map(DataFile::path)
                        .allMatch(files::contains);
        if (!whole) {
            throw Fault.user(
                    "The items that run " + input.run() + " has read are gone, by staging.spool or staging.keep: "
                            + "there is nothing to make rows of. Run the job instead, which reads the table: scripts/millrace "
                            + "local " + open.file());
        }
        return spooled;
    }
}
