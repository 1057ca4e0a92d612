package dev.millrace.schedule;

import dev.millrace.run.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Phases that one job of a platform does in one start. They are those that need the same rights: nobody who reads the
 * source may write the warehouse.
 *
 * @param name of the stage
 * @param phases in order
 */
record Stage(String name, List<Phase> phases) {
    Stage {
        phases = List.copyOf(phases);
    }

    /** As {@code --phases} takes them. */
    String argument() {
        return phases.stream().map(Phase::label).collect(Collectors.joining(","));
    }

    /** A job's phases by stage, in order. */
    static List<Stage> of(List<Phase> phases) {
        List<Stage> stages = new ArrayList<>();
        for (Phase phase : phases) {
            String name = switch (phase) {
                case INFER_SCHEMA, EXTRACT -> "extract";
                case COMPACT, PUBLISH -> "lake";
                case PREPARE, UPLOAD, REPLACE -> "load";
            };
            int last = stages.size() - 1;
            if (last >= 0 && stages.get(last).name().equals(name)) {
                List<Phase> longer = new ArrayList<>(stages.get(last).phases());
                longer.add(phase);
                stages.set(last, new Stage(name, longer));
            } else {
                stages.add(new Stage(name, List.of(phase)));
            }
        }
        return stages;
    }
}
