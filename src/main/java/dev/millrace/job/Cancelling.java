package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.remote.Asking;
import dev.millrace.remote.Pace;
import dev.millrace.remote.Platform;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** While it is open, a signal that ends this process, such as Ctrl-C, cancels the run that it follows. */
final class Cancelling implements AutoCloseable {
    /** Whoever ends a process waits for its end. */
    private static final Pace PACE = new Pace(Duration.ofSeconds(1), Duration.ofSeconds(15));

    private final Platform platform;
    private final Consumer<String> out;
    private final Supplier<Optional<String>> id;
    private final Thread hook = new Thread(this::cancel, "cancels the run");
    private volatile Runnable before = () -> {};

    /** @param id the run's at the platform; empty where it was not asked for one */
    Cancelling(Platform platform, Consumer<String> out, Supplier<Optional<String>> id) {
        this.platform = platform;
        this.out = out;
        this.id = id;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** What is done before the run is cancelled. */
    void before(Runnable first) {
        before = first;
    }

    private void cancel() {
        before.run();
        Asking asking = new Asking(platform, PACE, out);
        try {
            Optional<String> run = asking.ask("", id);
            if (run.isEmpty()) {
                out.accept("stopped: nothing was submitted");
                return;
            }
            asking.ask("Look it up, by " + platform.command(run.get()), () -> {
                platform.cancel(run.get());
                return true;
            });
            out.accept("cancelled: " + platform + ", " + run.get()
                    + ". The same command goes on with the run, where it was");
        } catch (Fault fault) {
            out.accept("It could not be cancelled: " + fault.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            return; // The process ends, and the hook runs.
        }
    }
}
