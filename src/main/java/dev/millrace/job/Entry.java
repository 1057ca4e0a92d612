package dev.millrace.job;

import dev.millrace.run.Phase;

/** Which entry point starts a phase, or all. */
final class Entry {
    private Entry() {}

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
