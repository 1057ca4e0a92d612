package dev.millrace.remote;

import java.time.Instant;
import java.util.Optional;

/**
 * A service that runs our entry points. Its {@code toString} names it as a person does: {@code Glue job shop}. What the
 * service refuses, and what keeps it from being reached, is thrown as the SDK throws it; {@link Asking} tells it.
 */
public interface Platform extends AutoCloseable {
    /**
     * Looks whether all is there that a run needs, and changes nothing.
     *
     * @throws dev.millrace.fault.Fault of kind USER that tells what is missing
     */
    void check();

    /** Asks once, without trying again, for a run. Returns the id that the service gives it. */
    String submit(Request request);

    /**
     * The id of a run that was asked for before.
     *
     * @param asked not after the call that asked for it, by some clock
     */
    Optional<String> find(Request request, Instant asked);

    /** Whether what it runs knows of the submission, and so writes down how it ended, also where there was nothing to do. */
    default boolean writesExits() {
        return true;
    }

    /** How a run stands. */
    RemoteState state(String id);

    /** Asks the service to end a run. One that has ended stays as it is. */
    void cancel(String id);

    /** What the driver of a run logs, from its last lines on. */
    LogTail log(String id);

    /** A command that shows a run, for a person who looks it up. */
    String command(String id);

    /** What its calls need, for a person who may grant it. */
    String permissions();

    @Override
    void close();
}
