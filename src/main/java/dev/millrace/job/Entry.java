package dev.millrace.job;

import dev.millrace.run.Phase;
import java.util.ArrayList;
import java.util.List;

/**
 * Entry point of any phase, named by {@code --phase}: for platforms that start one class for all, as Glue does. Without it
 * all phases run that the job file needs.
 */
public final class Entry {
    static final String PHASE = "--phase";

    private Entry() {}

    public static void main(String[] arguments) {
        List<String> others = new ArrayList<>();
        String phase = RemotePhase.PIPELINE;
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals(PHASE) && i + 1 < arguments.length) {
                phase = arguments[++i];
            } else {
                others.add(arguments[i]);
            }
        }
        if (Phase.named(phase).isEmpty() && !phase.equals(RemotePhase.PIPELINE)) {
            // An option that it does not know: told as such.
            others.addAll(0, List.of(PHASE, phase));
        }
        Millrace.enter(command(phase), others.toArray(String[]::new));
    }

    /** The command of a phase, or of all; a label that is none is the command's to refuse. */
    static Object command(String label) {
        return Phase.named(label).map(Entry::command).orElseGet(Pipeline::new);
    }

    private static Object command(Phase phase) {
        return switch (phase) {
            case INFER_SCHEMA -> new InferSchema();
            case EXTRACT -> new Extract();
            case COMPACT -> new Compact();
            case PUBLISH -> new Publish();
            case PREPARE -> new Prepare();
            case UPLOAD -> new Upload();
            case REPLACE -> new Replace();
        };
    }

    /** The class whose {@code main} starts a phase, or all. */
    static String mainClass(String label) {
        return command(label).getClass().getName();
    }
}
