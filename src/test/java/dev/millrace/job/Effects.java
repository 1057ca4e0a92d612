package dev.millrace.job;

import dev.millrace.config.WarehouseSettings;
import dev.millrace.fault.Fault;
import dev.millrace.run.Phase;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.ScanWatch;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.duckdb.DuckDbOptions;
import dev.millrace.warehouse.duckdb.DuckDbWarehouse;
import dev.millrace.warehouse.postgres.PostgresOptions;
import dev.millrace.warehouse.postgres.PostgresWarehouse;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Supplier;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;

/**
 * What one process does that outlives it: changes of its storages and its warehouse, and reads of the table, which cost.
 * They are counted, and any of them can be its last: then nothing of it works any more.
 */
final class Effects implements ScanWatch.Listener {
    /** Where an effect shows. */
    enum Kind {
        STORAGE,
        DYNAMODB,
        WAREHOUSE
    }

    /** One effect, as {@code putIfAbsent shop/runs/…/plan.json}, {@code scan segment 0 of 2} or {@code replaced}. */
    record Effect(Kind kind, String what) {
        /** Whether it writes or removes a file whose path ends so. */
        boolean isOn(String path) {
            return kind == Kind.STORAGE && what.endsWith(path);
        }

        /** Whether it renews the lock, which happens by the clock: nothing that is counted may depend on that. */
        boolean isRenewal() {
            return kind == Kind.STORAGE && what.startsWith("compareAndPut ") && what.endsWith("/" + LOCK);
        }

        @Override
        public String toString() {
            return kind.name().toLowerCase(java.util.Locale.ROOT) + ": " + what;
        }
    }

    /** The lock file of a job. */
    static final String LOCK = "lock.json";

    /** Tasks get copies of a storage by serialization; they find their process's effects by the id that they carry. */
    private static final Map<String, Effects> ALL = new ConcurrentHashMap<>();

    private final String id = UUID.randomUUID().toString();
    private final BiPredicate<Integer, Effect> isLast;
    private final Consumer<Effect> after;
    private final String lock;
    private final List<Effect> done = new ArrayList<>();
    private boolean dead;

    /**
     * @param isLast whether nothing works after an effect; told its number, from 1
     * @param after told each effect but the last, in the thread that had it
     */
    Effects(BiPredicate<Integer, Effect> isLast, Consumer<Effect> after) {
        this(isLast, after, LOCK);
    }

    /** @param lock the name of its lock file: with one of its own nothing keeps it from working beside others */
    Effects(BiPredicate<Integer, Effect> isLast, Consumer<Effect> after, String lock) {
        this.isLast = isLast;
        this.after = after;
        this.lock = lock;
        ALL.put(id, this);
    }

    static Effects stoppingAfter(int last) {
        return new Effects((number, effect) -> number == last, effect -> {});
    }

    /** Dies after the first effect on a file whose path holds this. */
    static Effects stoppingAtFirst(String path) {
        return new Effects(
                (number, effect) ->
                        effect.kind() == Kind.STORAGE && effect.what().contains(path),
                effect -> {});
    }

    static Effects unlimited() {
        return new Effects((number, effect) -> false, effect -> {});
    }

    static Effects of(String id) {
        return ALL.get(id);
    }

    /** For {@link Surroundings}. */
    BiFunction<String, StorageOptions, Storage> storages() {
        return (location, options) -> new WatchedStorage(Storages.open(location, options), id);
    }

    /** As {@link #storages}, but files are brought from one place to another by one effect, a link or a copy within S3. */
    BiFunction<String, StorageOptions, Storage> linkingStorages() {
        return (location, options) -> new LinkingStorage(Storages.open(location, options), id);
    }

    /** For {@link Surroundings}. */
    BiFunction<WarehouseSettings, WarehouseAccess, Warehouse> warehouses() {
        return (settings, access) -> {
            Steps steps = step -> had(new Effect(Kind.WAREHOUSE, step));
            if (settings.engine() instanceof WarehouseSettings.Postgres server) {
                return new PostgresWarehouse(
                        new PostgresOptions(server, access.secret(server.password())), settings.schema(), steps);
            }
            return new DuckDbWarehouse(
                    ((WarehouseSettings.DuckDb) settings.engine()).path(),
                    settings.schema(),
                    DuckDbOptions.DEFAULT,
                    steps);
        };
    }

    /** The path that this process uses for a small file: all but the lock are everybody's. */
    String own(String path) {
        return path.endsWith("/" + LOCK) ? path.substring(0, path.length() - LOCK.length()) + lock : path;
    }

    @Override
    public void asked(ScanRequest scan) {
        requireAlive();
    }

    @Override
    public void answered(ScanRequest scan) {
        had(new Effect(Kind.DYNAMODB, "scan segment " + scan.segment() + " of " + scan.totalSegments()));
    }

    synchronized boolean isDead() {
        return dead;
    }

    synchronized List<Effect> done() {
        return List.copyOf(done);
    }

    /** How many effects each phase that this process ended had, with the one that ended it. */
    synchronized Map<Phase, Integer> byPhase() {
        Map<Phase, Integer> counts = new EnumMap<>(Phase.class);
        int count = 0;
        for (Effect effect : done) {
            count += effect.isRenewal() ? 0 : 1;
            for (Phase phase : Phase.values()) {
                if (effect.isOn("/phases/" + phase.label() + ".json")) {
                    counts.put(phase, count);
                    count = 0;
                }
            }
        }
        return counts;
    }

    /** An effect on storage: no other effect of this process happens meanwhile. */
    <T> T onStorage(String what, Supplier<T> act) {
        Effect effect = new Effect(Kind.STORAGE, what);
        T result;
        synchronized (this) {
            requireAlive();
            result = act.get();
            count(effect);
        }
        after.accept(effect);
        return result;
    }

    private void had(Effect effect) {
        synchronized (this) {
            requireAlive();
            count(effect);
        }
        after.accept(effect);
    }

    private void count(Effect effect) {
        done.add(effect);
        dead = isLast.test(done.size(), effect);
        requireAlive();
    }

    synchronized void requireAlive() {
        if (isDead()) {
            throw Fault.world("Stopped after effect " + done.size() + ", " + done.get(done.size() - 1));
        }
    }
}
