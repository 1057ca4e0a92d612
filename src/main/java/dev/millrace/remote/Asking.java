package dev.millrace.remote;

import dev.millrace.fault.Fault;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Asks a platform what may be asked again: more slowly while it throttles, and for a while when it cannot be reached.
 */
public final class Asking {
    private final Platform platform;
    private final Pace pace;
    private final Consumer<String> log;

    /** @param log is told, once in a row of failures, why nothing is heard */
    public Asking(Platform platform, Pace pace, Consumer<String> log) {
        this.platform = platform;
        this.pace = pace;
        this.log = log;
    }

    /**
     * The answer to a call.
     *
     * @param advice what to do when the platform stays out of reach, put at the end of the message
     * @throws Fault of kind WORLD that names the platform
     */
    public <T> T ask(String advice, Supplier<T> call) {
        long start = System.nanoTime();
        for (int failures = 0; ; failures++) {
            try {
                return call.get();
            } catch (SdkException failure) {
                Refusal refusal = Refusal.of(failure, platform.permissions());
                if (refusal.kind() == Refusal.Kind.REFUSED) {
                    throw Fault.world(platform + ": " + refusal + end(advice), failure);
                }
                if (isOver(start)) {
                    Duration spent = Duration.ofNanos(System.nanoTime() - start);
                    throw Fault.world(
                            platform + ": no answer for " + spent.toSeconds() + " s: " + refusal + end(advice),
                            failure);
                }
                if (failures == 0) {
                    log.accept(platform + ": no answer, still trying: " + refusal);
                }
                pause(failures);
            }
        }
    }

    /** Whether patience ends that began at a {@link System#nanoTime}. */
    boolean isOver(long start) {
        return Duration.ofNanos(System.nanoTime() - start).compareTo(pace.patience()) >= 0;
    }

    void pause(int failures) {
        sleep(pace.after(failures));
    }

    static void sleep(Duration pause) {
        try {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Stopped while waiting for a platform's answer", e);
        }
    }

    private static String end(String advice) {
        return advice.isEmpty() ? "" : ". " + advice;
    }
}
