package dev.millrace.remote;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A run of an entry point, as a platform is asked for it.
 *
 * @param name of the submission, which no other has; platforms find it by this
 * @param phase its label, or {@code pipeline}
 * @param mainClass whose {@code main} runs the phase
 * @param arguments of the entry point by option, in their order; switches have the value {@code true}. Never a secret:
 *     platforms show them
 * @param shares processes that share the units; empty for one that does all
 */
public record Request(String name, String phase, String mainClass, Map<String, String> arguments, OptionalInt shares) {
    private static final String ALL = "pipeline";

    public Request {
        arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }

    /** Whether all phases are run. */
    boolean isWhole() {
        return phase.equals(ALL);
    }
}
