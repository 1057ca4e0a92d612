package dev.millrace.run;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lock of a job, at {@code <job>/lock.json}: a courtesy that saves two runs from doing the same work. What makes
 * them safe is the ledger. A holder renews its lease; when it dies, the lease ends and the next one takes over. Leases
 * are compared with this machine's clock, so clocks that differ by more than a lease make the lock useless, not the
 * result wrong; a lease that ends later than any could that begins now is told of and not waited for.
 */
public final class Lock {
    private static final Logger LOG = LoggerFactory.getLogger(Lock.class);
    private static final Duration LEASE = Duration.ofMinutes(2);
    private static final Duration POLL = Duration.ofSeconds(5);

    private final Storage storage;
    private final String path;
    private final String job;
    private final Clock clock;
    private final Random random;
    private final Duration lease;
    private final Duration poll;

    Lock(Storage storage, String job, Clock clock, Random random) {
        this(storage, job, clock, random, LEASE, POLL);
    }

    Lock(Storage storage, String job, Clock clock, Random random, Duration lease, Duration poll) {
        this.storage = storage;
        this.path = job + "/lock.json";
        this.job = job;
        this.clock = clock;
        this.random = random;
        this.lease = lease;
        this.poll = poll;
    }

    /**
     * Takes the lock for a run.
     *
     * @param holder who takes it, for a person: host, process, user
     * @param shared whether to enter beside other processes of the same run, as shares of its units do
     * @throws Fault of kind HELD when it is held and {@code overlap} says not to wait
     */
    public Lease acquire(RunId run, String holder, Overlap overlap, boolean shared) {
        return acquire(run, holder, overlap, shared, (name, since) -> false);
    }

    /**
     * As {@link #acquire(RunId, String, Overlap, boolean)}, where the caller may know of a holder that it is dead: then
     * the end of its lease is not waited for.
     *
     * @param isDead told a holder's name and since when it holds
     */
    public Lease acquire(
            RunId run, String holder, Overlap overlap, boolean shared, BiPredicate<String, Instant> isDead) {
        Entrant entrant = new Entrant(run, holder, shared, isDead);
        return new Lease(this, entrant, enter(entrant, overlap));
    }

    /**
     * Who wants the lock.
     *
     * @param run to work on
     * @param name for a person: host, process, user
     * @param shared whether to enter beside other processes of the same run
     * @param isDead told a holder's name and since when it holds
     */
    record Entrant(RunId run, String name, boolean shared, BiPredicate<String, Instant> isDead) {}

    /**
     * An entry in the lock file.
     *
     * @param token its key there
     * @param holder as written
     */
    record Entry(String token, LockState.Holder holder) {}

    Entry enter(Entrant entrant, Overlap overlap) {
        while (true) {
            Optional<Versioned> file = storage.find(path);
            Instant now = clock.instant();
            LockState found =
                    file.map(this::read).orElse(new LockState(LockState.FORMAT, Optional.empty(), Map.of(), ""));
            LockState state = found.at(now, lease).without(entrant.isDead());
            boolean mayEnter = state.holders().isEmpty()
                    || (entrant.shared() && state.run().equals(Optional.of(entrant.run())));
            if (mayEnter) {
                String token = random();
                LockState.Holder mine = new LockState.Holder(entrant.name(), now, now.plus(lease));
                if (write(file, with(state, Optional.of(entrant.run()), token, Optional.of(mine)))) {
                    found.holders().values().forEach(other -> warnIfAhead(other, now));
                    return new Entry(token, mine);
                }
            } else if (overlap == Overlap.SKIP) {
                throw held(state);
            } else {
                pause();
            }
        }
    }

    /** The run that holds the lock now, or empty. */
    public Optional<RunId> heldBy() {
        return storage.find(path)
                .map(this::read)
                .flatMap(state -> state.at(clock.instant(), lease).run());
    }

    private void warnIfAhead(LockState.Holder other, Instant now) {
        if (other.isAhead(now, lease)) {
            LOG.warn(
                    "The lock {} was held by {} until {}, but here it is {} and leases last {}: its clock is ahead, or this"
                            + " one was set back. It is not waited for",
                    uri(),
                    other.name(),
                    other.until(),
                    now,
                    lease);
        }
    }

    private Fault held(LockState state) {
        LockState.Holder holder = state.eldest().orElseThrow();
        return Fault.held("Job " + job + " is held by " + holder.name() + " since " + holder.since() + ", run "
                + state.run().map(RunId::value).orElse("unknown") + " (its lease ends at " + holder.until()
                + " unless it is renewed). Try again later, or let it wait: overlap: wait");
    }

    /** Renews a lease. Empty when it has been taken over by another. */
    Optional<LockState.Holder> renew(String token, LockState.Holder holder) {
        while (true) {
            Optional<Versioned> file = storage.find(path);
            Optional<LockState> state = file.map(this::read);
            if (state.isEmpty() || !state.get().holders().containsKey(token)) {
                return Optional.empty();
            }
            LockState.Holder renewed = new LockState.Holder(
                    holder.name(), holder.since(), clock.instant().plus(lease));
            if (write(file, with(state.get(), state.get().run(), token, Optional.of(renewed)))) {
                return Optional.of(renewed);
            }
        }
    }

    /** Gives a lease back, if it still is there. */
    void release(String token) {
        while (true) {
            Optional<Versioned> file = storage.find(path);
            Optional<LockState> state = file.map(this::read);
            if (state.isEmpty() || !state.get().holders().containsKey(token)) {
                return;
            }
            if (write(file, with(state.get(), state.get().run(), token, Optional.empty()))) {
                return;
            }
        }
    }

    Clock clock() {
        return clock;
    }

    Duration lease() {
        return lease;
    }

    String uri() {
        return storage.uri(path);
    }

    private LockState with(LockState state, Optional<RunId> run, String token, Optional<LockState.Holder> holder) {
        Map<String, LockState.Holder> holders = new TreeMap<>(state.holders());
        holder.ifPresentOrElse(mine -> holders.put(token, mine), () -> holders.remove(token));
        return new LockState(LockState.FORMAT, holders.isEmpty() ? Optional.empty() : run, holders, random());
    }

    private LockState read(Versioned file) {
        return Json.read(storage.uri(path), file, LockState.class, LockState.FORMAT);
    }

    private boolean write(Optional<Versioned> read, LockState next) {
        byte[] content = Json.write(next);
        return read.isEmpty()
                ? storage.putIfAbsent(path, content)
                : storage.compareAndPut(path, read.get().etag(), content).isPresent();
    }

    private String random() {
        byte[] bytes = new byte[8];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private void pause() {
        try {
            Thread.sleep(poll.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Interrupted while waiting for " + storage.uri(path), e);
        }
    }
}
