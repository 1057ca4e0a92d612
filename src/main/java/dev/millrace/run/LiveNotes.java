package dev.millrace.run;

import dev.millrace.fault.Fault;
import dev.millrace.run.LiveState.Rollback;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;

/**
 * What a job's runs know of its warehouse without asking it, at {@code <job>/live.json}: so a run that brings just what is
 * live lets the warehouse sleep. Whoever changes live notes it before the first effect and again when it is done; what is
 * live is known only while no other change has been noted since. So a process that is killed or stands still in between
 * makes it unknown, and the next run replaces the warehouse. The warehouse itself guards the order of replacements; this
 * file only spares it.
 */
public final class LiveNotes {
    /** Nobody takes that long to roll back: a note that old is of a process that was killed. */
    private static final Duration ROLLBACK = Duration.ofDays(1);

    private final Storage storage;
    private final String path;
    private final Clock clock;
    private final Random random;

    LiveNotes(Storage storage, String job, Clock clock, Random random) {
        this.storage = storage;
        this.path = job + "/live.json";
        this.clock = clock;
        this.random = random;
    }

    /** What is live in a warehouse, where it is known. */
    public Optional<Live> known(String place, Optional<String> mark) {
        return state(storage.find(path)).known().filter(live -> live.isAt(place, mark));
    }

    /**
     * What is live already, where a run brings the same. From then on the run counts as if it had replaced the warehouse:
     * no earlier one will.
     *
     * @throws Fault of kind SUPERSEDED when a later run has done so
     */
    public Optional<Live> unchanged(RunId run, long commit, String content, String place, Optional<String> mark) {
        while (true) {
            Optional<Versioned> file = storage.find(path);
            LiveState state = state(file);
            Optional<Live> live = state.known()
                    .filter(found -> found.isAt(place, mark) && found.content().equals(content));
            if (live.isEmpty()) {
                return live;
            }
            requireNotLate(run, commit, state);
            if (live.get().through() == commit
                    || write(file, state.with(Optional.of(live.get().through(commit))))) {
                return live;
            }
        }
    }

    /**
     * Notes that a run is about to replace the warehouse. Rollbacks that were killed are forgotten then, and what was live
     * with them: what they did came before this replacement.
     *
     * @param isDead told a process and since when it is at work: whether it is known to have ended
     * @return for {@link #replaced}
     * @throws Fault of kind SUPERSEDED when a later run has found live what it brings itself
     */
    public String replacing(RunId run, long commit, BiPredicate<String, Instant> isDead) {
        Instant least = clock.instant().minus(ROLLBACK);
        return change(state -> {
                    requireNotLate(run, commit, state);
                    List<Rollback> alive = state.rollbacks().stream()
                            .filter(other -> other.since().isAfter(least) && !isDead.test(other.by(), other.since()))
                            .toList();
                    boolean isSame = alive.equals(state.rollbacks());
                    return (isSame ? state : state.with(alive).forgotten(random())).begun(commit);
                })
                .epoch();
    }

    private static void requireNotLate(RunId run, long commit, LiveState state) {
        state.live().filter(live -> live.through() > commit).ifPresent(live -> {
            String later = live.through() == live.commit()
                    ? "run " + live.run() + ", commit " + live.commit() + ", is live"
                    : "what run " + live.run() + " has made live, a later run has brought too, commit "
                            + live.through();
            throw Fault.superseded("Run " + run + ", commit " + commit + ", comes too late: " + later
                    + ". Nothing is lost: that run's data is newer");
        });
    }

    /**
     * Notes what a replacement has made live. Not where a later one has begun; and nothing is known where a rollback was
     * done meanwhile.
     *
     * @param epoch that {@link #replacing} gave
     */
    public void replaced(String epoch, Live live) {
        change(state -> {
            if (state.begun() != live.commit()) {
                return state;
            }
            if (!state.epoch().equals(epoch)) {
                return state.with(Optional.empty());
            }
            // Another process of the same run may have noted it, and a later run found it.
            long through = state.live()
                    .filter(noted -> noted.commit() == live.commit())
                    .map(Live::through)
                    .orElse(live.through());
            return state.with(Optional.of(live.through(through)));
        });
    }

    /**
     * Notes that the warehouse is about to be rolled back.
     *
     * @param by the process
     * @return for {@link #rolledBack} or {@link #notRolledBack}
     */
    public String rollingBack(String by) {
        String token = random();
        change(state -> {
            List<Rollback> rollbacks = new ArrayList<>(state.rollbacks());
            rollbacks.add(new Rollback(token, by, clock.instant()));
            return state.with(rollbacks);
        });
        return token;
    }

    /** Notes that the warehouse was rolled back: what is live is not known. */
    public void rolledBack(String token) {
        change(state -> without(state, token).forgotten(random()));
    }

    /** Notes that there was nothing to roll back to. */
    public void notRolledBack(String token) {
        change(state -> without(state, token));
    }

    /** From now on nobody knows what is live, so the next run replaces it. */
    public void forget() {
        change(state -> state.forgotten(random()));
    }

    private static LiveState without(LiveState state, String token) {
        return state.with(state.rollbacks().stream()
                .filter(rollback -> !rollback.token().equals(token))
                .toList());
    }

    private LiveState change(UnaryOperator<LiveState> change) {
        while (true) {
            Optional<Versioned> file = storage.find(path);
            LiveState state = state(file);
            LiveState changed = change.apply(state);
            if (changed.equals(state) || write(file, changed)) {
                return changed;
            }
        }
    }

    private LiveState state(Optional<Versioned> file) {
        return file.map(found -> Json.read(storage.uri(path), found, LiveState.class, LiveState.FORMAT))
                .orElse(LiveState.UNKNOWN);
    }

    private boolean write(Optional<Versioned> over, LiveState state) {
        byte[] content = Json.write(state);
        return over.map(file ->
                        storage.compareAndPut(path, file.etag(), content).isPresent())
                .orElseGet(() -> storage.putIfAbsent(path, content));
    }

    private String random() {
        byte[] bytes = new byte[8];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
