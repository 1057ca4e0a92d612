package dev.millrace.job;

import dev.millrace.dynamodb.ReadBudget;
import dev.millrace.dynamodb.Spool;
import dev.millrace.fault.Fault;
import dev.millrace.run.Phase;
import dev.millrace.run.PlannedUnit;
import java.util.List;
import java.util.function.Consumer;

/**
 * The part of a run that reads its table: within the job's limits, and with its cost on record.
 *
 * @param context of the run
 * @param source the table
 * @param limits that hold for the run
 * @param spool where what is read goes
 */
record Reading(RunContext context, TableSource source, ReadLimits limits, Spool spool) {
    static Reading of(RunContext context, TableSource source) {
        ReadLimits declared = ReadLimits.of(source);
        boolean isLifted = declared.mostUnits().isPresent() && context.run().accepts(ReadBudget.RULE);
        ReadLimits limits = isLifted ? declared.withoutMost() : declared;
        ReadBudget budget = limits.budget(
                source.description(),
                source.access().consistent(),
                context.plan().units().size(),
                context.share());
        return new Reading(context, source, limits, source.spool(context.run(), budget));
    }

    /** Does units of a phase, which are read first where they are not spooled yet. */
    void work(Phase phase, List<PlannedUnit> units, Consumer<Spool> job) {
        if (!units.isEmpty()) {
            requireUnits();
        }
        try {
            context.work(phase, units, () -> {
                Spool reading =
                        spool.spread(!context.spark().get().sparkContext().isLocal());
                source.fill(reading, context, units, limits);
                job.accept(reading);
            });
        } catch (Exception | Error failure) {
            try {
                settle();
            } catch (RuntimeException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
        settle();
    }

    /** A table that costs more than the run may is told before anything of it is read. */
    private void requireUnits() {
        if (limits.mostUnits().isEmpty()
                || !context.run().units().units(Spool.PHASE).isEmpty()) {
            return;
        }
        double cost = source.description().readUnits(source.access().consistent());
        double used = context.run().reads().claimed();
        if (used + cost > limits.mostUnits().get()) {
            throw Fault.gate(
                    List.of(ReadBudget.RULE),
                    "Reading " + source.access() + " costs about " + Figures.units(cost)
                            + " capacity units by its size, more than " + ReadBudget.RULE + ": "
                            + Figures.count(limits.mostUnits().get())
                            + (used > 0 ? ", of which " + Figures.units(used) + " are used" : "")
                            + ": nothing is read. Raise source.dynamodb." + ReadBudget.RULE + ", or let this run go on "
                            + "without it: scripts/millrace accept "
                            + context.run().id() + " --gate "
                            + ReadBudget.RULE + " --reason TEXT");
        }
    }

    private void settle() {
        spool.settle();
        context.record(
                recorder -> context.run().reads().cost().ifPresent(cost -> recorder.read(cost.within(limits.text()))));
    }
}
