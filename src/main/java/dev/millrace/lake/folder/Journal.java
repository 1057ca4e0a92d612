package dev.millrace.lake.folder;

import dev.millrace.fault.Fault;
import dev.millrace.run.Json;
import dev.millrace.run.Renewal;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BiPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journal of a folder while this process holds it: {@code _millrace/journal.json}, one small file that says who is at
 * work and which replacement was begun. Every step is a put of that file if it is absent, or as it was left by the step
 * before; so whoever was taken over, because it stood still for longer than a lease, finds that out before it begins
 * to replace anything.
 */
final class Journal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
    private static final String PATH = Place.FOLDER + "journal.json";
    private static final Duration LEASE = Duration.ofMinutes(2);

    private final Storage storage;
    private final Clock clock;
    private final Random random;
    private final ScheduledExecutorService renewal;
    private JournalState state;
    private String etag;
    private boolean isLost;
    private boolean closed;

    /**
     * What it says, unless nobody has written it yet.
     *
     * @param file as it was read
     */
    record Found(Optional<Versioned> file, Optional<JournalState> state) {
        boolean isUnfinished() {
            return state.filter(left ->
                            left.holder().isPresent() || left.replacing().isPresent())
                    .isPresent();
        }

        Optional<String> replacing() {
            return state.flatMap(JournalState::replacing);
        }
    }

    private Journal(Storage storage, Clock clock, Random random, JournalState state, String etag) {
        this.storage = storage;
        this.clock = clock;
        this.random = random;
        this.state = state;
        this.etag = etag;
        this.renewal = Renewal.start("millrace-journal", LEASE, this::renew);
    }

    static Found find(Storage storage) {
        Optional<Versioned> file = storage.find(PATH);
        return new Found(file, file.map(read -> read(storage, read)));
    }

    private static JournalState read(Storage storage, Versioned file) {
        return Json.read(storage.uri(PATH), file, JournalState.class, JournalState.FORMAT);
    }

    /**
     * Whether nobody alive holds it.
     *
     * @param isDead told the name of a holder and since when it holds, where its end is known before its lease ends
     * @throws Fault of kind HELD that says who holds it and since when
     */
    static void requireFree(Storage storage, Found found, Instant now, BiPredicate<String, Instant> isDead) {
        found.state().flatMap(JournalState::holder).ifPresent(holder -> {
            if (holder.holdsAt(now, LEASE) && !isDead.test(holder.name(), holder.since())) {
                throw Fault.held("Folder " + storage.root() + " is being compacted by " + holder.name() + " since "
                        + holder.since() + ", compaction " + holder.compaction() + " (its lease ends at "
                        + holder.until() + " unless it is renewed). Try again later");
            }
        });
    }

    /**
     * Takes the journal as it was found, with what is left to be replaced; empty when it is another by now.
     *
     * @param compaction its id
     * @param name of this process
     */
    static Optional<Journal> take(
            Storage storage, Found found, String compaction, String name, Clock clock, Random random) {
        Instant now = clock.instant();
        JournalState mine = new JournalState(
                JournalState.FORMAT,
                Optional.of(new JournalState.Holder(name, compaction, now, now.plus(LEASE))),
                found.replacing(),
                random(random));
        return put(storage, found.file(), mine).map(etag -> new Journal(storage, clock, random, mine, etag));
    }

    private static Optional<String> put(Storage storage, Optional<Versioned> read, JournalState next) {
        byte[] content = Json.write(next);
        if (read.isPresent()) {
            return storage.compareAndPut(PATH, read.get().etag(), content);
        }
        // Another may follow at once: the etag that stands there is ours if what stands there is.
        return storage.putIfAbsent(PATH, content)
                ? storage.find(PATH)
                        .filter(file -> read(storage, file).stamp().equals(next.stamp()))
                        .map(Versioned::etag)
                : Optional.empty();
    }

    /** The replacement that was begun and has to be brought to its end. */
    synchronized Optional<String> replacing() {
        return state.replacing();
    }

    /**
     * Says that a replacement begins: from now on whoever holds the journal brings it to its end.
     *
     * @param path of what is replaced by what
     * @throws Fault of kind HELD when another has taken over
     */
    synchronized void begin(String path) {
        step(Optional.of(path));
    }

    /** Says that a replacement is whole, and that nothing else is begun. */
    synchronized void end() {
        step(Optional.empty());
    }

    private void step(Optional<String> replacing) {
        put(state.holder(), replacing);
    }

    private void put(Optional<JournalState.Holder> holder, Optional<String> replacing) {
        JournalState next = new JournalState(
                JournalState.FORMAT,
                holder.map(mine -> new JournalState.Holder(
                        mine.name(),
                        mine.compaction(),
                        mine.since(),
                        clock.instant().plus(LEASE))),
                replacing,
                random(random));
        byte[] content = Json.write(next);
        etag = storage.compareAndPut(PATH, etag, content)
                // A put that failed may have taken place all the same.
                .or(() -> find(storage)
                        .file()
                        .filter(this::isOurs)
                        .flatMap(file -> storage.compareAndPut(PATH, file.etag(), content)))
                .orElseThrow(this::lost);
        state = next;
    }

    private boolean isOurs(Versioned file) {
        return read(storage, file)
                .holder()
                .map(JournalState.Holder::compaction)
                .equals(state.holder().map(JournalState.Holder::compaction));
    }

    /**
     * Whether this process holds it still.
     *
     * @throws Fault of kind HELD when another has taken over
     */
    synchronized void requireHeld() {
        if (find(storage).file().filter(this::isOurs).isEmpty()) {
            throw lost();
        }
    }

    private Fault lost() {
        isLost = true;
        JournalState.Holder mine = state.holder().orElseThrow();
        String now = find(storage)
                .state()
                .flatMap(JournalState::holder)
                .map(other ->
                        other.name() + " has taken over at " + other.since() + ", compaction " + other.compaction())
                .orElse("another has taken over and is done by now");
        return Fault.held("Compaction " + mine.compaction() + " of folder " + storage.root() + " is left to others: "
                + now + ", because this process held it until " + mine.until() + " and could not renew that in time."
                + " Nothing is lost; run it again to compact what is left");
    }

    private synchronized void renew() {
        if (closed || isLost) {
            return;
        }
        try {
            step(state.replacing());
        } catch (Fault e) {
            if (!renewal.isShutdown()) {
                LOG.warn("Could not renew the journal {}: {}", storage.uri(PATH), e.getMessage());
            }
        }
    }

    /**
     * Gives it back: with what is left to be replaced; and where nothing is, the file goes. Never throws: the lease ends
     * by itself.
     */
    @Override
    public void close() {
        renewal.shutdownNow();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (isLost) {
                return;
            }
            try {
                if (state.replacing().isPresent()) {
                    put(Optional.empty(), state.replacing());
                } else {
                    storage.compareAndDelete(PATH, etag);
                }
            } catch (Fault e) {
                LOG.warn("Could not give back the journal {}: {}", storage.uri(PATH), e.getMessage());
            }
        }
    }

    private static String random(Random random) {
        byte[] bytes = new byte[8];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
