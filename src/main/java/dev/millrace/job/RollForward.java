package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;

/**
 * Goes on with runs of files that have committed and were not finished, before a run that is named does the same
 * phases: nobody else brings what they have read, and those after them have to wait for it. A start that names no run
 * takes them up by itself.
 */
final class RollForward {
    private final OpenJob open;
    private final Surroundings around;
    private final PrintStream out;

    /** @param out is told of each run that is gone on with, a line before its work begins */
    RollForward(OpenJob open, Surroundings around, PrintStream out) {
        this.open = open;
        this.around = around;
        this.out = out;
    }

    /**
     * Does phases of all such runs, in the order of their commits; not of those that have ended, as a run that a gate
     * refused has.
     *
     * @param named is about to begin, or to go on
     * @param wanted phases that will be done of it; none for all
     * @throws Fault by its kind, which names the run that could not be gone on with
     */
    void before(RunId named, List<Phase> wanted) {
        if (open.store().run(named).end().isPresent()) {
            return;
        }
        for (RunStore run : open.store().committedUnfinished()) {
            if (run.id().equals(named)) {
                return;
            }
            List<Phase> missing = run.plan().phases().stream()
                    .filter(phase ->
                            run.phase(phase).isEmpty() || (phase == Phase.PUBLISH && Registering.isMissing(open, run)))
                    .toList();
            List<Phase> phases =
                    missing.stream().filter(phase -> isWanted(phase, wanted)).toList();
            if (missing.isEmpty()) {
                // It was stopped before it said that it is done, which whoever looks at any of its phases says.
                goOn(run, "its end", List.of(Phase.EXTRACT));
            } else if (!phases.isEmpty()) {
                goOn(run, String.join(", ", phases.stream().map(Phase::label).toList()), phases);
            }
        }
    }

    /** A run may have been stopped between its commit to the ledger and that of its phase: nothing is read any more. */
    private static boolean isWanted(Phase phase, List<Phase> wanted) {
        return wanted.isEmpty()
                || wanted.contains(phase)
                || (phase == Phase.EXTRACT && wanted.contains(Phase.INFER_SCHEMA));
    }

    /** By the job file that it began with. */
    private void goOn(RunStore run, String what, List<Phase> phases) {
        out.println("rolling forward run " + run.id() + ", which has committed and was not finished: " + what);
        out.flush();
        try {
            OpenJob then = open.began(run.plan(), around);
            // The run that is about to begin registers its own, which takes the place of this one's: only that is the
            // end's.
            new PipelineRunner(around)
                    .run(then, Optional.of(run.id()), Arguments.Share.ALL, phases)
                    .flatMap(PipelineRunner.Ended::unregistered)
                    .ifPresent(fault -> out.println(fault.getMessage()));
        } catch (Exception | Error failure) { // Spark throws exceptions that are checked and that nobody declares.
            Optional<Fault> fault = Fault.in(failure);
            if (fault.isPresent() && fault.get().kind() == Fault.Kind.SUPERSEDED) {
                out.println(fault.get().getMessage());
            } else if (fault.isPresent()) {
                throw fault.get()
                        .of("Run " + run.id() + " has committed before this start and could not be rolled forward");
            } else {
                throw failure;
            }
        }
    }
}
