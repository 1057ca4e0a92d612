package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import dev.millrace.run.ReadAccount;
import dev.millrace.run.ReadAccounts;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/**
 * What all tasks of one JVM read for a run goes through its one meter: it lets requests pass at the JVM's part of the
 * rate, keeps the run below the most that it may cost, and counts. Safe for several threads.
 *
 * <p>A request sets aside what it is expected to cost, and is corrected by what its answer says. Where a whole page
 * would cost more than the rate allows in a moment, or more than may be spent, a limit on its items makes it smaller.
 */
final class ReadMeter implements AutoCloseable {
    private static final Map<String, ReadMeter> METERS = new HashMap<>();

    /** How often the account is written, and others' are looked at where there are others. */
    private static final Duration EVERY = Duration.ofSeconds(5);
    /** Who comes, or comes again, waits until all others must have seen it. */
    private static final Duration SEEN = Duration.ofSeconds(7);
    /** Who has not written for so long reads no more, or is dead. */
    private static final Duration ALIVE = Duration.ofMinutes(1);

    /** A JVM sets aside a sixteenth of its part of the run's units at once. */
    private static final int STEPS = 16;
    /** A page that has to fit into what is left is made for half of it: its items may be larger than most. */
    private static final int MARGIN = 2;
    /** How fast what pages and items cost is learned from them. */
    private static final double LEARNED = 0.2;

    private final ReadBudget budget;
    private final Ticker ticker;
    private final ReadTab tab;
    private int tasks;

    /** Whose request is the next one holds it; the others wait in the order they came. */
    private final ReentrantLock turn = new ReentrantLock(true);
    /** Guards what follows. */
    private final ReentrantLock state = new ReentrantLock();

    private final Condition changed = state.newCondition();
    private final Pace pace;
    /** What an item costs, and what a page does that has no limit. */
    private double unitsPerItem;

    private double page;
    /** This JVM's part of its process's slots. */
    private double part = 1;

    private long looked;
    private boolean isKnown;
    private long answered;
    private long written;

    ReadMeter(ReadBudget budget, ReadAccounts accounts, int slots, Ticker ticker) {
        String share = budget.share() + "/" + budget.shares();
        ReadAccount.Reader reader =
                new ReadAccount.Reader(UUID.randomUUID().toString().substring(0, 8), share, slots);
        this.budget = budget;
        this.ticker = ticker;
        this.tab = new ReadTab(accounts, reader, budget.maxUnits());
        this.pace = new Pace(rate(), ticker.nanos());
        this.unitsPerItem = budget.unitsPerItem();
        this.page = budget.segmentUnits() == 0
                ? budget.largestPage()
                : Math.min(budget.largestPage(), budget.segmentUnits());
        this.answered = ticker.nanos();
        this.written = ticker.nanos();
    }

    /** The meter of a run in this JVM, for a task until it closes it. */
    static ReadMeter enter(ReadBudget budget, ReadAccounts accounts) {
        synchronized (METERS) {
            METERS.entrySet()
                    .removeIf(e -> e.getValue().tasks == 0 && !e.getKey().equals(accounts.uri()));
            ReadMeter meter = METERS.computeIfAbsent(
                    accounts.uri(), run -> new ReadMeter(budget, accounts, slots(budget), Ticker.SYSTEM));
            meter.tasks++;
            return meter;
        }
    }

    /** Tasks that this JVM can run at once; of no matter where it runs all. */
    private static int slots(ReadBudget budget) {
        if (!budget.isSpread()) {
            return 1;
        }
        SparkConf conf = SparkEnv.get().conf();
        int cores = conf.getInt("spark.executor.cores", Runtime.getRuntime().availableProcessors());
        return Math.max(1, cores / conf.getInt("spark.task.cpus", 1));
    }

    /** A task reads no more. The last one leaves the account on storage as it is. */
    @Override
    public void close() {
        boolean last;
        synchronized (METERS) {
            tasks--;
            last = tasks == 0;
        }
        if (last) {
            tab.write();
        }
    }

    /** This process reads no more for a run: what it has set aside is for others. */
    static void settle(ReadAccounts accounts) {
        forget(accounts).ifPresent(ReadMeter::giveBack);
    }

    void giveBack() {
        tab.giveBack();
    }

    /** The next task of a run has a new meter. Returns the one it had. */
    static Optional<ReadMeter> forget(ReadAccounts accounts) {
        synchronized (METERS) {
            return Optional.ofNullable(METERS.remove(accounts.uri()));
        }
    }

    /** A request that is under way. When it is over, one of its methods says how. */
    final class Request {
        private final OptionalInt limit;
        private final double expected;
        private final double set;
        private final long sent;
        private boolean over;

        private Request(OptionalInt limit, double expected, double set, long sent) {
            this.limit = limit;
            this.expected = expected;
            this.set = set;
            this.sent = sent;
        }

        /** The most items that the page may have; empty: as many as a page holds. */
        OptionalInt limit() {
            return limit;
        }

        /** A page came. A server that does not say what it cost is believed to have taken what was expected. */
        void answered(double said, int items) {
            double units = said == 0 && items > 0 ? expected : said;
            over(units, false, now -> {
                answered = now;
                pace.answered(now);
                learn(units, items, limit.isEmpty());
            });
        }

        /** No answer came, or none that can be read: it may have cost what was expected. Nothing, if it is over. */
        void lost() {
            if (!over) {
                over(expected, false, now -> {});
            }
        }

        /** It was refused, and cost nothing. */
        void refused() {
            over(0, false, now -> {});
        }

        /** It was refused because too much is asked for. */
        void throttled() {
            over(0, true, now -> pace.throttled(sent, now));
        }

        private void over(double units, boolean throttled, LongConsumer lesson) {
            over = true;
            tab.end(set, units, throttled);
            long now = ticker.nanos();
            boolean due;
            state.lock();
            try {
                pace.corrected(expected, units);
                lesson.accept(now);
                due = now - written >= EVERY.toNanos();
                written = due ? now : written;
                changed.signalAll();
            } finally {
                state.unlock();
            }
            if (due) {
                tab.write();
            }
        }
    }

    private void learn(double units, int items, boolean isWhole) {
        if (isWhole) {
            page += LEARNED * (units - page);
        }
        if (items > 0 && units > 0) {
            double weight = unitsPerItem == 0 ? 1 : LEARNED;
            unitsPerItem += weight * (units / items - unitsPerItem);
        }
    }

    Ticker ticker() {
        return ticker;
    }

    /** How long nothing has been read by any task. */
    Duration idle() {
        state.lock();
        try {
            return Duration.ofNanos(ticker.nanos() - answered);
        } finally {
            state.unlock();
        }
    }

    /**
     * Waits until a request may be sent.
     *
     * @throws Fault of kind GATE when the run might cost more than it may
     */
    Request next() throws InterruptedException {
        turn.lockInterruptibly();
        try {
            state.lockInterruptibly();
            try {
                awaitUnits();
                lookAround();
                return awaitTurn();
            } finally {
                state.unlock();
            }
        } finally {
            turn.unlock();
        }
    }

    /** Until there are units to spend. */
    private void awaitUnits() throws InterruptedException {
        double least = MARGIN * Math.max(budget.smallestPage(), unitsPerItem);
        while (true) {
            // Looked at first: what ends meanwhile leaves its units.
            boolean idle = tab.isIdle();
            if (tab.free() >= least || tab.reserve(least, step())) {
                return;
            }
            if (idle) {
                throw tab.refused();
            }
            ticker.await(changed, Long.MAX_VALUE);
        }
    }

    /** The part of what the run may cost that is set aside at once; before others are known, no more than is needed. */
    private double step() {
        return budget.isSpread() && !isKnown ? 0 : part / budget.shares() / STEPS;
    }

    /**
     * Where other JVMs read for the same process: is seen by them, and sees them. Nobody sends a request who has not
     * looked for a while, and whoever is new waits for that while: so all agree about their parts.
     */
    private void lookAround() throws InterruptedException {
        long ago = ticker.nanos() - looked;
        if (!budget.isSpread() || (isKnown && ago < EVERY.toNanos())) {
            return;
        }
        if (!isKnown || ago >= ALIVE.minus(SEEN).toNanos()) {
            tab.part(ALIVE);
            long until = ticker.nanos() + SEEN.toNanos();
            for (long wait = SEEN.toNanos(); wait > 0; wait = until - ticker.nanos()) {
                ticker.await(changed, wait);
            }
            isKnown = true;
            pace.begin(ticker.nanos());
        }
        part = tab.part(ALIVE);
        if (Double.isFinite(rate())) {
            pace.budget(rate());
        }
        looked = ticker.nanos();
    }

    private double rate() {
        return budget.unitsPerSecond() * part / budget.shares();
    }

    /** Until the rate allows a request. */
    private Request awaitTurn() throws InterruptedException {
        double free = tab.free();
        double paced = budget.page(rate());
        boolean isWhole = free >= budget.largestPage() && paced >= page;
        double most = Math.min(paced, free / MARGIN);
        OptionalInt limit = isWhole ? OptionalInt.empty() : OptionalInt.of(items(most));
        double limited = isWhole ? budget.largestPage() : limit.getAsInt() * perItem();
        double expected = Math.max(budget.smallestPage(), Math.min(page, limited));
        double set = Math.min(free, isWhole ? limited : MARGIN * limited);
        pace.asked(ticker.nanos());
        for (long wait = delay(expected); wait > 0; wait = delay(expected)) {
            ticker.await(changed, Math.min(wait, EVERY.toNanos()));
            lookAround();
        }
        long now = ticker.nanos();
        pace.sent(expected, now);
        tab.begin(set);
        return new Request(limit, expected, set, now);
    }

    private long delay(double units) {
        return pace.delay(units, ticker.nanos());
    }

    /** Items of a page that costs so much. */
    private int items(double units) {
        return (int) Math.max(1, Math.min(Integer.MAX_VALUE, units / perItem()));
    }

    private double perItem() {
        return unitsPerItem == 0 ? budget.smallestPage() : unitsPerItem;
    }
}
