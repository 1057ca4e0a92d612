package dev.millrace.job;

import dev.millrace.dynamodb.SpoolSource;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.LandingManifests;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.RunId;
import dev.millrace.run.TableCounts;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a run has landed, read from its manifests.
 *
 * @param tables that a warehouse loads
 * @param commit the run's number in the job's ledger
 * @param items what became of the source's items
 * @param content fingerprint of the files; empty where an earlier version has landed them
 */
record LandedRun(List<LandedTable> tables, long commit, TableCounts items, Optional<String> content) {
    static final String QUARANTINE = SpoolSource.QUARANTINE.name();

    static LandedRun load(RunContext context) {
        PhaseCommit extracted = context.require(Phase.EXTRACT);
        List<LandedTable> tables = new ArrayList<>();
        ExtractWork.tables(extracted).stream()
                .map(name -> LandingManifests.read(
                        context.run().storage(), LandingManifests.folder(dataFolder(context, name))))
                .forEach(tables::add);
        TableCounts items = items(extracted.counts(), tables);
        return new LandedRun(
                tables,
                Long.parseLong(extracted.facts().get(ExtractWork.COMMIT)),
                items,
                Optional.ofNullable(extracted.facts().get(ExtractWork.CONTENT)));
    }

    /** Where a table's data files lie. */
    static String dataFolder(RunContext context, String table) {
        return dataFolder(context, table, "");
    }

    /** Where its data files lie in another layout, told by the end of its name. */
    static String dataFolder(RunContext context, String table, String layout) {
        return dataFolder(context.plan().job(), context.run().id(), table, layout);
    }

    static String dataFolder(String job, RunId run, String table, String layout) {
        return job + "/" + table + "/snapshot=" + run + "/datalake" + layout + "/";
    }

    static String quarantineFolder(RunContext context) {
        return quarantineFolder(context.plan().job(), context.run().id());
    }

    static String quarantineFolder(String job, RunId run) {
        return job + "/quarantine/" + run + "/datalake/";
    }

    /** Main tables and unknown items: each of the source's items once. */
    private static TableCounts items(Map<String, TableCounts> counts, List<LandedTable> tables) {
        TableCounts sum = TableCounts.NONE;
        for (Map.Entry<String, TableCounts> table : counts.entrySet()) {
            boolean child = tables.stream()
                    .anyMatch(t -> t.name().equals(table.getKey())
                            && t.definition().column("_index").isPresent());
            boolean quarantine = table.getKey().equals(QUARANTINE);
            if (!child && !quarantine) {
                sum = sum.plus(table.getValue());
            }
        }
        return sum;
    }

    /** Rows in are rows out, quarantined, removed and expired, for every table; and every row out is in a file. */
    static void requireBalance(List<LandedTable> landed) {
        for (LandedTable table : landed) {
            if (!table.counts().isBalanced() || table.counts().out() != table.rows()) {
                throw Fault.world("Rows of table " + table.name() + " are missing or invented: " + table.counts()
                        + ", in files " + table.rows() + ": this is a defect, please report it");
            }
        }
    }

    /** A later run may have removed this one's staging, so it is told before anything is looked for there. */
    void requireNotOvertaken(RunContext context, Warehouse warehouse) {
        Optional<Version> found = warehouse.live();
        found.ifPresent(context.open()::requireOwn);
        found.filter(forWarehouse(context)::isBefore).ifPresent(live -> {
            throw Fault.superseded(
                    "Run " + context.run().id() + ", commit " + commit + ", comes too late: run " + live.run()
                            + ", commit " + live.commit() + ", is live. Nothing is lost: that run's data is newer");
        });
    }

    Load forWarehouse(RunContext context) {
        return new Load(
                context.run().id(),
                commit,
                context.open().warehouse().schema(),
                tables.stream().map(LandedTable::definition).toList(),
                context.plan().job(),
                context.open().warehouse().takesOver(),
                context.open()::isOfLedger);
    }
}
