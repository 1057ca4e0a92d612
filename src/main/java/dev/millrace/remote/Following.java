package dev.millrace.remote;

import dev.millrace.fault.Fault;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import software.amazon.awssdk.core.exception.SdkException;

/** Follows a run at a platform to its end, and tells what is new of it. */
public final class Following {
    /** Looks for lines that come late, once a run has ended. */
    private static final int LATE = 2;

    private final Platform platform;
    private final Asking asking;
    private final Pace pace;
    private final Supplier<Optional<String>> progress;
    private final Consumer<String> out;

    private volatile boolean stopped;
    private String told = "";
    private boolean logIsTold;
    private Optional<LogTail> log = Optional.empty();

    /**
     * @param progress how far the run is, for a person; may fail as storage does
     * @param out is told what is new, a line at a time
     */
    public Following(
            Platform platform, Asking asking, Pace pace, Supplier<Optional<String>> progress, Consumer<String> out) {
        this.platform = platform;
        this.asking = asking;
        this.pace = pace;
        this.progress = progress;
        this.out = out;
    }

    /**
     * Waits for a run's end.
     *
     * @param advice what to do when the platform stays out of reach
     */
    public RemoteState toItsEnd(String id, String advice) {
        while (true) {
            RemoteState state = asking.ask(advice, () -> platform.state(id));
            news(id, state);
            if (state.isEnd()) {
                for (int i = 0; i < LATE && log.isPresent(); i++) {
                    Asking.sleep(pace.poll());
                    lines(id);
                }
                return state;
            }
            Asking.sleep(pace.poll());
        }
    }

    /** From now on nothing is told. */
    public void stop() {
        stopped = true;
    }

    private void news(String id, RemoteState state) {
        lines(id);
        String now = state + progress().map(far -> "  " + far).orElse("");
        if (!now.equals(told)) {
            told = now;
            tell(now);
        }
    }

    private Optional<String> progress() {
        try {
            return progress.get();
        } catch (Fault unreachable) {
            return Optional.empty(); // The platform decides whether the run goes on.
        }
    }

    private void lines(String id) {
        try {
            if (log.isEmpty()) {
                log = Optional.of(platform.log(id));
            }
            log.get().next().forEach(line -> tell("| " + line));
        } catch (SdkException failure) {
            Refusal refusal = Refusal.of(failure, platform.permissions());
            if (refusal.kind() == Refusal.Kind.REFUSED) {
                tellOnce(refusal.toString());
            }
        } catch (Fault failure) {
            tellOnce(failure.getMessage());
        }
    }

    /** Whether the run goes on does not depend on its log. */
    private void tellOnce(String problem) {
        if (!logIsTold) {
            logIsTold = true;
            tell("the driver's log cannot be read: " + problem);
        }
    }

    private void tell(String line) {
        if (!stopped) {
            out.accept(line);
        }
    }
}
