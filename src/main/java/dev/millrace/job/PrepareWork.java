package dev.millrace.job;

import dev.millrace.fault.Fault;
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
            prepare(context, landed, warehouse);
        }
        context.record(r -> r.unitsDone(Phase.PREPARE, 1));
        return Optional.of(context.commit(Phase.PREPARE, Map.of()));
    }

    private static void prepare(RunContext context, LandedRun landed, Warehouse warehouse) {
        try {
            warehouse.prepare(landed.forWarehouse(context));
        } catch (Fault late) {
            if (late.kind() == Fault.Kind.SUPERSEDED) {
                // By its number; it is later only if the number is of this job's ledger.
                warehouse.live().ifPresent(context.open()::requireOwn);
            }
            throw late;
        }
    }
}
