package dev.millrace.fault;

import java.util.ArrayList;
import java.util.List;

/**
 * A failure whose message is meant for the person who runs the job: what failed, the value, what to do.
 *
 * <p>Everything else that is thrown is a defect of ours and keeps its stack trace.
 */
public final class Fault extends RuntimeException {
    /** Who has to act, and the process's exit code for it. */
    public enum Kind {
        /** The world failed: a server, a disk, a network. The same command may be run again. */
        WORLD(1),
        /** What the run has staged will not do, however often it is tried: live is untouched, the next run begins anew. */
        SPOILED(1),
        /** The user's mistake: told before any work starts. */
        USER(2),
        /** A gate refused the replacement: live is untouched. */
        GATE(3),
        /** A later run was first: live is as that one made it, or is about to. */
        SUPERSEDED(3),
        /** Another run holds the job. */
        HELD(4);

        private final int exitCode;

        Kind(int exitCode) {
            this.exitCode = exitCode;
        }

        public int exitCode() {
            return exitCode;
        }
    }

    private final Kind kind;

    // A list that is serializable: tasks throw faults too.
    private final ArrayList<String> rules;

    private Fault(Kind kind, List<String> rules, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.rules = new ArrayList<>(rules);
    }

    private Fault(Kind kind, String message, Throwable cause) {
        this(kind, List.of(), message, cause);
    }

    /** A mistake in what the user gave. The message names the value and the remedy. */
    public static Fault user(String message) {
        return new Fault(Kind.USER, message, null);
    }

    /** Several mistakes at once, one a line. */
    public static Fault user(List<String> messages) {
        return new Fault(Kind.USER, String.join(System.lineSeparator(), messages), null);
    }

    /** A failure of the world around us. */
    public static Fault world(String message) {
        return new Fault(Kind.WORLD, message, null);
    }

    /** A failure of the world around us, with what it said. */
    public static Fault world(String message, Throwable cause) {
        return new Fault(Kind.WORLD, message, cause);
    }

    /** Something that this run has staged and that no further try of it would mend. */
    public static Fault spoiled(String message) {
        return new Fault(Kind.SPOILED, message, null);
    }

    /** Something that this run has staged and that no further try of it would mend, with what was said of it. */
    public static Fault spoiled(String message, Throwable cause) {
        return new Fault(Kind.SPOILED, message, cause);
    }

    /** A refusal that nobody can lift, such as that of a run that comes too late. */
    public static Fault gate(String message) {
        return new Fault(Kind.GATE, message, null);
    }

    /**
     * A gate that refused: table, rule and both figures.
     *
     * @param rules that refused, by the names that {@code accept} takes; none when it cannot be lifted
     */
    public static Fault gate(List<String> rules, String message) {
        return new Fault(Kind.GATE, rules, message, null);
    }

    /** A run that comes after a later one: names both. */
    public static Fault superseded(String message) {
        return new Fault(Kind.SUPERSEDED, message, null);
    }

    /** The job is held by another run. */
    public static Fault held(String message) {
        return new Fault(Kind.HELD, message, null);
    }

    /** The same failure as one of something larger, which is told before it. */
    public Fault of(String larger) {
        return new Fault(kind, rules, larger + ": " + getMessage(), this);
    }

    /** The same failure with what to do about it, which is told after it. */
    public Fault with(String advice) {
        String message = getMessage();
        return new Fault(kind, rules, message + (message.endsWith(".") ? " " : ". ") + advice, this);
    }

    public Kind kind() {
        return kind;
    }

    /** The rules of a gate that refused and that a person may lift for one run. */
    public List<String> rules() {
        return List.copyOf(rules);
    }

    public int exitCode() {
        return kind.exitCode();
    }

    /** The first fault among a failure and its causes: Spark wraps what a task threw. */
    public static java.util.Optional<Fault> in(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof Fault fault) {
                return java.util.Optional.of(fault);
            }
        }
        return java.util.Optional.empty();
    }
}
