package dev.millrace.job;

import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.RunId;
import dev.millrace.warehouse.Warehouse;
import java.util.Map;
import java.util.Optional;

/** Makes the run's pristine staging in the warehouse. */
final class PrepareWork implements PhaseWork {
    @Override
    public Optional<PhaseCommit> run(RunContext context) {
        LandedRun landed = LandedRun.load(context);
        Optional<RunId> same = SameAsLive.find(context, landed);
        if (same.isPresent()) {
            return SameAsLive.skip(context, Phase.PREPARE, same.get());
        }
        context.record(r -> r.phaseStarted(Phase.PREPARE, 1));
        try (Warehouse warehouse = context.open().openWarehouse()) {
            warehouse.prepare(landed.forWarehouse(context));
        }
        context.record(r -> r.unitsDone(Phase.PREPARE, 1));
        return Optional.of(context.commit(Phase.PREPARE, Map.of()));
    }
}
