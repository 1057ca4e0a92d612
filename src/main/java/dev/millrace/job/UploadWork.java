package dev.millrace.job;

import dev.millrace.landing.LandedTable;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.RunId;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Warehouse;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** Loads the run's landing files into the staging, each once. */
final class UploadWork implements PhaseWork {
    @Override
    public Optional<PhaseCommit> run(RunContext context) {
        Optional<RunId> same = SameAsLive.in(context.require(Phase.PREPARE));
        if (same.isPresent()) {
            return SameAsLive.skip(context, Phase.UPLOAD, same.get());
        }
        LandedRun landed = LandedRun.load(context);
        Load load = landed.forWarehouse(context);
        int files = landed.tables().stream().mapToInt(t -> t.files().size()).sum();
        AtomicInteger done = new AtomicInteger();
        context.record(r -> r.phaseStarted(Phase.UPLOAD, files));
        try (Warehouse warehouse = context.open().openWarehouse(context.spark());
                ProgressLine line = ProgressLine.start(Phase.UPLOAD.label(), files)) {
            landed.requireNotOvertaken(context, warehouse);
            for (LandedTable table : landed.tables()) {
                warehouse.upload(load, table, context.run().storage(), file -> {
                    line.add(1, file.rows(), file.bytes());
                    context.record(r -> r.unitsDone(Phase.UPLOAD, done.incrementAndGet()));
                });
            }
        }
        return Optional.of(context.commit(Phase.UPLOAD, Map.of()));
    }
}
