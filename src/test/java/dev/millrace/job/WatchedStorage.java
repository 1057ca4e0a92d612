package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.storage.Versioned;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A storage whose every change is counted, and which can die after one of them: then nothing of it works any more. */
final class WatchedStorage implements Storage {
    /** Tasks get copies of a storage by serialization; what they do is counted here, by the id that they carry. */
    private static final Map<String, Effects> ALL = new ConcurrentHashMap<>();

    /** What was done through the storages of one process. */
    static final class Effects {
        private final String id = UUID.randomUUID().toString();
        private volatile int last;
        private final Consumer<String> after;
        private final List<String> done = new ArrayList<>();
        private volatile String stop = "";

        /**
         * @param last the number of the effect after which all storages are dead
         * @param after told each effect, in the thread that had it
         */
        Effects(int last, Consumer<String> after) {
            this.last = last;
            this.after = after;
            ALL.put(id, this);
        }

        static Effects stoppingAfter(int last) {
            return new Effects(last, effect -> {});
        }

        /** Dies after the first effect on a file of such a path. */
        static Effects stoppingAtFirst(String path) {
            Effects effects = unlimited();
            effects.stop = path;
            return effects;
        }

        static Effects unlimited() {
            return stoppingAfter(Integer.MAX_VALUE);
        }

        /** For {@link Surroundings}. */
        BiFunction<String, StorageOptions, Storage> storages() {
            return (location, options) -> new WatchedStorage(Storages.open(location, options), id);
        }

        synchronized boolean isDead() {
            return done.size() >= last;
        }

        /** Each as {@code putIfAbsent shop/runs/…/plan.json}. */
        synchronized List<String> done() {
            return List.copyOf(done);
        }

        private <T> T effect(String what, Supplier<T> act) {
            T result;
            synchronized (this) {
                requireAlive();
                result = act.get();
                done.add(what);
                if (!stop.isEmpty() && what.contains(stop)) {
                    last = Math.min(last, done.size());
                }
                requireAlive();
            }
            after.accept(what);
            return result;
        }

        private synchronized void requireAlive() {
            if (isDead()) {
                throw Fault.world("Stopped after effect " + last + ": " + done.get(last - 1));
            }
        }
    }

    private final Storage storage;
    private final String id;

    private WatchedStorage(Storage storage, String id) {
        this.storage = storage;
        this.id = id;
    }

    private Effects effects() {
        return ALL.get(id);
    }

    private Storage alive() {
        effects().requireAlive();
        return storage;
    }

    @Override
    public Upload create(String path) {
        Upload upload = alive().create(path);
        return new Upload() {
            @Override
            public OutputStream stream() {
                return upload.stream();
            }

            @Override
            public long bytes() {
                return upload.bytes();
            }

            @Override
            public StoredFile commit() {
                return effects().effect("create " + path, upload::commit);
            }

            @Override
            public void close() {
                upload.close();
            }
        };
    }

    @Override
    public void put(String path, byte[] content) {
        effects().effect("put " + path, () -> {
            storage.put(path, content);
            return path;
        });
    }

    @Override
    public boolean putIfAbsent(String path, byte[] content) {
        return effects().effect("putIfAbsent " + path, () -> storage.putIfAbsent(path, content));
    }

    @Override
    public Optional<String> compareAndPut(String path, String etag, byte[] content) {
        return effects().effect("compareAndPut " + path, () -> storage.compareAndPut(path, etag, content));
    }

    /** One effect a file. */
    @Override
    public void delete(Collection<String> paths) {
        for (String path : paths) {
            effects().effect("delete " + path, () -> {
                storage.delete(List.of(path));
                return path;
            });
        }
    }

    @Override
    public String root() {
        return storage.root();
    }

    @Override
    public String pathOf(String uri) {
        return storage.pathOf(uri);
    }

    @Override
    public List<StoredFile> list(String prefix) {
        return alive().list(prefix);
    }

    @Override
    public List<String> names(String folder) {
        return alive().names(folder);
    }

    @Override
    public Optional<Versioned> find(String path) {
        return alive().find(path);
    }

    @Override
    public Optional<StoredFile> stat(String path) {
        return alive().stat(path);
    }

    @Override
    public InputStream open(String path) {
        return alive().open(path);
    }

    @Override
    public Optional<Path> localPath(String path) {
        return storage.localPath(path);
    }
}
