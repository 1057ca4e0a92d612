package dev.millrace.remote;

import dev.millrace.fault.Fault;
import dev.millrace.run.RunId;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiPredicate;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Submits a phase of a run, or finds that it has been submitted. Most platforms know no token of a request, so what is
 * asked for is written down first, one process at a time asks, and whoever does not know whether it was asked for looks
 * at the platform before it asks.
 */
public final class Submitting {
    /** Tries of a call whose answer was lost; each after a look at the platform. */
    private static final int CALLS = 3;

    /** Whoever has said so long ago that it is about to ask asks no more: calls end before. */
    private static final Duration ASKING = AwsClients.CALL.multipliedBy(2);

    /**
     * What is submitted.
     *
     * @param run the run's id
     * @param phase its label, or {@code pipeline}
     * @param mainClass whose {@code main} runs the phase
     * @param platform the kind, as {@code --on} takes it
     * @param jobJson the job file as resolved
     * @param options of the entry point beside job and run
     * @param shares processes that share the units; empty for one that does all
     */
    public record Order(
            RunId run,
            String phase,
            String mainClass,
            String platform,
            String jobJson,
            Map<String, String> options,
            OptionalInt shares) {
        public Order {
            options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
        }
    }

    /**
     * What came of it.
     *
     * @param submission with the platform's id
     * @param isNew whether this process has submitted it
     */
    public record Submitted(Submission submission, boolean isNew) {
        public String id() {
            return submission.id().orElseThrow();
        }
    }

    private final Platform platform;
    private final Submissions submissions;
    private final Asking asking;
    private final Clock clock;
    private final String me;
    private final BiPredicate<String, Instant> isDead;
    private final Consumer<String> log;
    private final Duration claim;

    /** Done once the run's id is known. */
    private final CompletableFuture<String> id = new CompletableFuture<>();

    /** Whether a run may be at the platform. */
    private volatile boolean asked;

    /**
     * @param me this process, for a person
     * @param isDead whether another process is known to have ended, of what it is called and when it was alive
     */
    public Submitting(
            Platform platform,
            Submissions submissions,
            Asking asking,
            Clock clock,
            String me,
            BiPredicate<String, Instant> isDead,
            Consumer<String> log) {
        this(platform, submissions, asking, clock, me, isDead, log, ASKING);
    }

    /** @param claim how long nobody else asks, once a process has said that it is about to; twice as long as a call */
    Submitting(
            Platform platform,
            Submissions submissions,
            Asking asking,
            Clock clock,
            String me,
            BiPredicate<String, Instant> isDead,
            Consumer<String> log,
            Duration claim) {
        this.platform = platform;
        this.submissions = submissions;
        this.asking = asking;
        this.clock = clock;
        this.me = me;
        this.isDead = isDead;
        this.log = log;
        this.claim = claim;
    }

    /**
     * Submits an order, unless one of the same phase and run may still be at work, or has done it: then that one is
     * found.
     *
     * @param isDone whether what is ordered is done by now
     */
    public Submitted submit(Order order, BooleanSupplier isDone) {
        Claimed claimed = new Claimed();
        while (true) {
            Optional<Submission> last = submissions.last(order.run(), order.phase());
            if (last.isEmpty() || !last.get().isOpen()) {
                if (last.flatMap(Submission::id).isPresent() && isDone.getAsBoolean()) {
                    return known(last.get(), false);
                }
                int n = last.map(Submission::n).orElse(0) + 1;
                Submission mine = new Submission(
                        Submission.FORMAT,
                        order.run(),
                        order.phase(),
                        n,
                        order.platform(),
                        platform.toString(),
                        me,
                        clock.instant(),
                        Optional.empty(),
                        Optional.empty());
                Optional<Submitted> submitted = submissions.begin(mine) ? asked(order, mine) : Optional.empty();
                if (submitted.isPresent()) {
                    return submitted.get();
                }
                continue; // Another process was first.
            }
            Submission other = last.get();
            requireSamePlace(other);
            if (other.id().isPresent()) {
                RemoteState state =
                        asking.ask("", () -> platform.state(other.id().get()));
                if (!state.isEnd()) {
                    return known(other, false);
                }
                submissions.ended(other, state);
            } else if (claimed.isOver(other)) {
                Optional<Submission> mine = submissions.change(other, s -> s.askedBy(me, clock.instant()));
                if (mine.isPresent()) {
                    Optional<String> found = asking.ask("", () -> platform.find(request(order, other), other.asked()));
                    Optional<Submitted> submitted = found.isPresent()
                            ? Optional.of(known(keep(mine.get(), found.get()), false))
                            : asked(order, mine.get());
                    if (submitted.isPresent()) {
                        return submitted.get();
                    }
                }
            } else {
                claimed.tell(other);
                Asking.sleep(claim.dividedBy(60));
            }
        }
    }

    /** How long another's claim was seen to stand as it is; two machines' clocks are not compared. */
    private final class Claimed {
        private Optional<Submission> seen = Optional.empty();
        private long since;
        private boolean isTold;

        boolean isOver(Submission other) {
            if (seen.filter(other::equals).isEmpty()) {
                seen = Optional.of(other);
                since = System.nanoTime();
            }
            return hasPassed(claim, since) || isDead.test(other.by(), other.asked());
        }

        void tell(Submission other) {
            if (!isTold) {
                log.accept("Process " + other.by() + " is submitting run " + other.run() + " since " + other.asked()
                        + ": waiting for it");
                isTold = true;
            }
        }
    }

    private static boolean hasPassed(Duration time, long since) {
        return System.nanoTime() - since >= time.toNanos();
    }

    /**
     * Claims anew what is about to be asked for: whoever waits for it waits from now on.
     *
     * @return empty where another has claimed it meanwhile
     */
    private Optional<Submission> renewed(Submission mine) {
        Optional<Submission> now = Optional.of(mine);
        long start;
        do {
            start = System.nanoTime();
            now = now.flatMap(one -> submissions.change(one, s -> s.askedBy(me, clock.instant())));
            // An answer that was long under way leaves no time for the call.
        } while (now.isPresent() && hasPassed(claim.dividedBy(2), start));
        return now;
    }

    private void requireSamePlace(Submission other) {
        if (!other.place().equals(platform.toString())) {
            throw Fault.user(
                    "Run " + other.run() + " was submitted to " + other.place() + " and has not ended there, as"
                            + " far as is known: follow it by --attach " + other.run() + " --on " + other.platform()
                            + " before it is submitted to " + platform);
        }
    }

    private Request request(Order order, Submission submission) {
        String name = submissions.name(submission);
        Map<String, String> arguments = new LinkedHashMap<>();
        arguments.put("--job", submissions.jobUri(submission));
        arguments.put("--run", order.run().value());
        arguments.put("--submission", name);
        arguments.putAll(order.options());
        return new Request(name, order.phase(), order.mainClass(), arguments, order.shares());
    }

    private Submitted foundAfterAll(
            Order order, Request request, Submission now, Refusal refusal, SdkException failure) {
        asking.pause(0);
        Optional<String> found = asking.ask(again(), () -> platform.find(request, now.asked()));
        if (found.isEmpty()) {
            throw Fault.world(
                    platform + ": whether run " + order.run()
                            + " was submitted is not known: an answer was lost, and then: " + refusal + ". " + again(),
                    failure);
        }
        return known(keep(now, found.get()), true);
    }

    /**
     * Asks for a run that is not at the platform; empty where another process has taken that over before it was asked.
     */
    private Optional<Submitted> asked(Order order, Submission mine) {
        submissions.putJob(mine, order.jobJson().getBytes(StandardCharsets.UTF_8));
        Request request = request(order, mine);
        Optional<Submission> first = renewed(mine);
        return first.map(now -> asked(order, request, now));
    }

    private Submitted asked(Order order, Request request, Submission first) {
        Submission now = first;
        long start = System.nanoTime();
        boolean wasLost = false;
        for (int failures = 0; ; failures++) {
            try {
                asked = true;
                return known(keep(now, platform.submit(request)), true);
            } catch (SdkException failure) {
                Refusal refusal = Refusal.of(failure, platform.permissions());
                switch (refusal.kind()) {
                    case REFUSED -> {
                        if (wasLost) {
                            // It may be our own run, which the lost answer told of, that leaves no room for another.
                            return foundAfterAll(order, request, now, refusal, failure);
                        }
                        // A mistake may be mended by another job file: the next start is another submission.
                        submissions.change(now, s -> s.endedAs("refused"));
                        throw Fault.world(
                                platform + " does not take run " + order.run() + ": " + refusal
                                        + ". Nothing was submitted",
                                failure);
                    }
                    case THROTTLED -> log.accept(platform + ": throttled, still trying: " + refusal);
                    case LOST -> {
                        wasLost = true;
                        log.accept(platform + ": the answer is lost, looking whether the run is there: " + refusal);
                        asking.pause(failures);
                        Submission seen = now;
                        Optional<String> found = asking.ask(again(), () -> platform.find(request, seen.asked()));
                        if (found.isPresent()) {
                            return known(keep(now, found.get()), true);
                        }
                    }
                }
                boolean isLost = refusal.kind() == Refusal.Kind.LOST && failures + 1 >= CALLS;
                if (isLost || asking.isOver(start)) {
                    throw Fault.world(
                            platform + ": run " + order.run() + " could not be submitted: " + refusal + ". " + again(),
                            failure);
                }
                asking.pause(failures);
                now = renewed(now)
                        .orElseThrow(() -> Fault.world("Another process submits run " + order.run() + ": follow it by"
                                + " --attach " + order.run()));
            }
        }
    }

    private static String again() {
        return "Run the same command again: it looks for the run before it submits anything";
    }

    private Submission keep(Submission mine, String found) {
        return submissions.change(mine, s -> s.knownAs(found)).orElseGet(() -> mine.knownAs(found));
    }

    private Submitted known(Submission submission, boolean isNew) {
        asked = true;
        id.complete(submission.id().orElseThrow());
        return new Submitted(submission, isNew);
    }

    /** The id at the platform of what this process has asked for, or is asking for; empty where there is nothing. */
    public Optional<String> findId(Order order) {
        if (!asked) {
            return Optional.empty();
        }
        try {
            return Optional.of(id.get(AwsClients.CALL.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException | ExecutionException | InterruptedException noAnswer) {
            return submissions
                    .last(order.run(), order.phase())
                    .flatMap(last -> platform.find(request(order, last), last.asked()));
        }
    }
}
