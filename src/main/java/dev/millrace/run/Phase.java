package dev.millrace.run;

import java.util.Arrays;
import java.util.Optional;

/** The steps of a pipeline, in their order; each is a Spark entry point of its own. */
public enum Phase {
    INFER_SCHEMA("infer-schema"),
    EXTRACT("extract"),
    COMPACT("compact"),
    PUBLISH("publish"),
    PREPARE("prepare"),
    UPLOAD("upload"),
    REPLACE("replace");

    private final String label;

    Phase(String label) {
        this.label = label;
    }

    /** As the command line and storage write it. */
    public String label() {
        return label;
    }

    public static Optional<Phase> named(String label) {
        return Arrays.stream(values()).filter(p -> p.label.equals(label)).findFirst();
    }
}
