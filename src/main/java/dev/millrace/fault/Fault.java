package dev.millrace.fault;

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
        /** The user's mistake: told before any work starts. */
        USER(2),
        /** A gate refused the replacement: live is untouched. */
        GATE(3),
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

    private Fault(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
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

    /** A gate that refused: table, rule and both figures. */
    public static Fault gate(String message) {
        return new Fault(Kind.GATE, message, null);
    }

    /** The job is held by another run. */
    public static Fault held(String message) {
        return new Fault(Kind.HELD, message, null);
    }

    public Kind kind() {
        return kind;
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
