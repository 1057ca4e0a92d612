package dev.millrace.job;

import dev.millrace.config.GateSettings;
import dev.millrace.config.Percent;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.RunId;
import dev.millrace.warehouse.Gate;
import dev.millrace.warehouse.GateResult;
import dev.millrace.warehouse.GateRules;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Checks the staging and makes it live. */
final class ReplaceWork implements PhaseWork {
    @Override
    public Optional<PhaseCommit> run(RunContext context) {
        Optional<RunId> same = SameAsLive.in(context.require(Phase.UPLOAD));
        if (same.isPresent()) {
            return SameAsLive.skip(context, Phase.REPLACE, same.get());
        }
        LandedRun landed = LandedRun.load(context);
        Load load = landed.forWarehouse(context);
        context.record(r -> r.phaseStarted(Phase.REPLACE, 1));
        String epoch = context.open().store().live().replacing(load.run(), load.commit(), ThisProcess::isDead);
        try (Warehouse warehouse = context.open().openWarehouse(context.spark())) {
            Version mine = new Version(load.run(), load.commit(), load.job());
            boolean isLive = warehouse.live().equals(Optional.of(mine));
            while (!isLive) {
                landed.requireNotOvertaken(context, warehouse);
                if (warehouse.hasAll(load, landed.tables())) {
                    check(context, landed, load, warehouse);
                    isLive = warehouse.replace(load);
                }
                if (!isLive) {
                    // Another commit went live between, so what was checked against live no longer holds; or what is
                    // loaded cannot be told any more.
                    warehouse.prepare(load);
                    landed.tables()
                            .forEach(
                                    t -> warehouse.upload(load, t, context.run().storage(), file -> {}));
                }
            }
            warehouse.dropPrevious(context.open().warehouse().keepPrevious());
        }
        SameAsLive.replaced(context, landed, epoch);
        context.record(r -> r.unitsDone(Phase.REPLACE, 1));
        return Optional.of(context.commit(Phase.REPLACE, Map.of()));
    }

    private static void check(RunContext context, LandedRun landed, Load load, Warehouse warehouse) {
        require(context, load, Gate.check(warehouse, load, landed.tables(), landed.items(), rules(context)));
    }

    /** Checks what can be told of a run without its warehouse. */
    static void checkWithoutWarehouse(RunContext context, LandedRun landed, Load load) {
        require(context, load, List.of(Gate.quarantined(landed.items(), rules(context))));
    }

    private static void require(RunContext context, Load load, List<GateResult> results) {
        Map<String, String> accepted = context.run().accepted();
        context.record(r -> r.gate(
                results.stream().map(result -> recorded(result, accepted)).toList()));
        Gate.requirePassed(load, results, accepted::containsKey);
    }

    private static dev.millrace.run.GateResult recorded(GateResult result, Map<String, String> accepted) {
        return new dev.millrace.run.GateResult(
                result.rule(),
                result.table(),
                result.expected(),
                result.actual(),
                result.passed(),
                result.passed() ? Optional.empty() : Optional.ofNullable(accepted.get(result.name())));
    }

    /** What the job file asks of a run before it goes live. */
    static GateRules rules(RunContext context) {
        GateSettings gate = context.open().warehouse().gate();
        return new GateRules(
                gate.maxQuarantine().fraction(),
                gate.maxShrink().map(Percent::fraction).orElse(BigDecimal.ONE),
                gate.minRows(),
                gate.notNull(),
                gate.unique());
    }
}
