package dev.millrace.lake;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.testing.ForwardingStorage;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** A storage whose user is stopped after some effects. */
final class StoppedStorage implements ForwardingStorage {
    /** What its user meets. */
    static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private final transient Storage storage;
    private final AtomicInteger left;

    /** @param effects how many take place */
    StoppedStorage(Storage storage, int effects) {
        this.storage = storage;
        this.left = new AtomicInteger(effects);
    }

    @Override
    public Storage storage() {
        return storage;
    }

    private <T> T effect(Supplier<T> act) {
        if (left.getAndDecrement() <= 0) {
            throw new Stopped();
        }
        return act.get();
    }

    @Override
    public Upload create(String path) {
        Upload upload = storage.create(path);
        return upload.committedBy(() -> effect(upload::commit));
    }

    @Override
    public StoredFile bring(Storage source, String from, String path) {
        return effect(() -> storage.bring(source, from, path));
    }

    @Override
    public void put(String path, byte[] content) {
        effect(() -> {
            storage.put(path, content);
            return path;
        });
    }

    @Override
    public boolean putIfAbsent(String path, byte[] content) {
        return effect(() -> storage.putIfAbsent(path, content));
    }

    @Override
    public Optional<String> compareAndPut(String path, String etag, byte[] content) {
        return effect(() -> storage.compareAndPut(path, etag, content));
    }

    @Override
    public void delete(Collection<String> paths) {
        effect(() -> {
            storage.delete(paths);
            return paths;
        });
    }
}
