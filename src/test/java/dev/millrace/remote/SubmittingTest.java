package dev.millrace.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may ask a platform that knows no token of a request. */
class SubmittingTest {
    private static final Submitting.Order ORDER = new Submitting.Order(
            new RunId("2026-11-21T07-00-00Z-k3f9"),
            "pipeline",
            "dev.millrace.job.Pipeline",
            "books",
            "{}",
            Map.of(),
            OptionalInt.empty());

    /** Keeps what it was asked for, and shows it. */
    private static final class Books implements Platform {
        private final List<String> asked = new ArrayList<>();

        @Override
        public void check() {}

        @Override
        public String submit(Request request) {
            asked.add(request.name());
            return "id of " + request.name();
        }

        @Override
        public Optional<String> find(Request request, Instant since) {
            return asked.contains(request.name()) ? Optional.of("id of " + request.name()) : Optional.empty();
        }

        @Override
        public RemoteState state(String id) {
            return new RemoteState(RemoteState.Stage.RUNNING, "running", "");
        }

        @Override
        public void cancel(String id) {}

        @Override
        public LogTail log(String id) {
            return LogTail.NONE;
        }

        @Override
        public String command(String id) {
            return "look " + id;
        }

        @Override
        public String permissions() {
            return "none";
        }

        @Override
        public void close() {}

        @Override
        public String toString() {
            return "books";
        }
    }

    @TempDir
    private Path folder;

    private final Books books = new Books();
    private Storage staging;
    private Submissions submissions;

    @BeforeEach
    void open() {
        staging = Storages.open(folder.toString(), StorageOptions.DEFAULT);
        submissions = new Submissions(staging, "job");
    }

    private Submitting submitting(Submissions known, String me, Duration ahead, Duration claim, Consumer<String> log) {
        Pace pace = new Pace(Duration.ofMillis(10), Duration.ofSeconds(5));
        return new Submitting(
                books,
                known,
                new Asking(books, pace, log),
                Clock.offset(Clock.systemUTC(), ahead),
                me,
                (other, at) -> false,
                log,
                claim);
    }

    /** What another process has written that is about to ask. */
    private Submission claimed(String by) {
        Submission other = new Submission(
                Submission.FORMAT,
                ORDER.run(),
                ORDER.phase(),
                1,
                ORDER.platform(),
                books.toString(),
                by,
                Instant.now(),
                Optional.empty(),
                Optional.empty());
        assertThat(submissions.begin(other)).isTrue();
        return other;
    }

    @Test
    void whoseClockIsAheadWaitsForAnothersClaimAllTheSame() {
        Submission other = claimed("a@there");
        List<String> told = new ArrayList<>();
        Submitting mine = submitting(submissions, "b@here", Duration.ofHours(2), Duration.ofMinutes(1), line -> {
            told.add(line);
            submissions.change(other, s -> s.knownAs("theirs"));
        });
        Submitting.Submitted submitted = mine.submit(ORDER, () -> false);
        assertThat(submitted.id()).isEqualTo("theirs");
        assertThat(submitted.isNew()).isFalse();
        assertThat(told).singleElement().asString().startsWith("Process a@there is submitting run " + ORDER.run());
        assertThat(books.asked).isEmpty();
    }

    @Test
    void aClaimThatStandsStillIsTakenOver() {
        claimed("a@there");
        Submitting mine = submitting(submissions, "b@here", Duration.ofHours(-2), Duration.ofMillis(300), line -> {});
        Submitting.Submitted submitted = mine.submit(ORDER, () -> false);
        assertThat(submitted.isNew()).isTrue();
        assertThat(submitted.submission().by()).isEqualTo("b@here");
        assertThat(books.asked).hasSize(1);
    }

    /** It was slow to put the job file, and another has taken over and asked meanwhile. */
    @Test
    void whoHasLostItsClaimDoesNotAsk() {
        List<Submitting.Submitted> others = new ArrayList<>();
        Storage slow = (Storage) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Storage.class}, (proxy, method, arguments) -> {
                    Object result = method.invoke(staging, arguments);
                    if (method.getName().equals("put") && others.isEmpty()) {
                        others.add(submitting(submissions, "b@here", Duration.ZERO, Duration.ofMillis(300), line -> {})
                                .submit(ORDER, () -> false));
                    }
                    return result;
                });
        Submitting mine =
                submitting(new Submissions(slow, "job"), "a@there", Duration.ZERO, Duration.ofMinutes(1), line -> {});
        Submitting.Submitted submitted = mine.submit(ORDER, () -> false);
        assertThat(others).hasSize(1);
        assertThat(submitted.id()).isEqualTo(others.get(0).id());
        assertThat(submitted.isNew()).isFalse();
        assertThat(books.asked).hasSize(1);
    }
}
