package dev.millrace.job;

import dev.millrace.config.CompactionSettings;
import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.config.LakeSettings;
import dev.millrace.lake.Compaction;
import dev.millrace.lake.Compaction.Compacted;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes few files of the many that a run has landed, before anybody reads them. */
final class CompactWork implements PhaseWork {
    @Override
    public Optional<PhaseCommit> run(RunContext context) {
        LandedRun landed = LandedRun.load(context);
        context.record(r -> r.phaseStarted(Phase.COMPACT, landed.tables().size()));
        int done = 0;
        for (LandedTable table : landed.tables()) {
            Compacted compacted = compacted(context, table);
            context.record(r -> r.compacted(table.name(), compacted.record()));
            Validation.requireCompacted(context, table, compacted.table());
            int tables = ++done;
            context.record(r -> r.unitsDone(Phase.COMPACT, tables));
        }
        return Optional.of(context.commit(Phase.COMPACT, Map.of()));
    }

    /** A landed table with the files that it has after compaction; what is compacted already is only looked up. */
    static Compacted compacted(RunContext context, LandedTable table) {
        LakeSettings lake = context.open().lake();
        boolean mayRewrite = context.run().accepts(Compaction.ENGINE);
        Compaction compaction = new Compaction(
                context.run().id(),
                context.run().storage(),
                context.run().units(),
                lake.fileSize().bytes(),
                mayRewrite ? new CompactionSettings(Engine.AUTO, List.of()) : lake.compaction());
        return compaction.compact(context.spark().get(), table, LandedRun.dataFolder(context, table.name()));
    }
}
