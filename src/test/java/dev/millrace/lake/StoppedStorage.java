package dev.millrace.lake;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.storage.Versioned;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** A storage whose user is stopped after some effects. */
final class StoppedStorage implements Storage {
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

    private <T> T effect(Supplier<T> act) {
        if (left.getAndDecrement() <= 0) {
            throw new Stopped();
        }
        return act.get();
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
        return storage.list(prefix);
    }

    @Override
    public List<String> names(String folder) {
        return storage.names(folder);
    }

    @Override
    public Optional<Versioned> find(String path) {
        return storage.find(path);
    }

    @Override
    public Optional<StoredFile> stat(String path) {
        return storage.stat(path);
    }

    @Override
    public InputStream open(String path) {
        return storage.open(path);
    }

    @Override
    public Upload create(String path) {
        Upload upload = storage.create(path);
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
                return effect(upload::commit);
            }

            @Override
            public void close() {
                upload.close();
            }
        };
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

    @Override
    public List<StoredFile> unfinished(String prefix) {
        return storage.unfinished(prefix);
    }

    @Override
    public void discard(Collection<StoredFile> unfinished) {
        storage.discard(unfinished);
    }

    @Override
    public Optional<Path> localPath(String path) {
        return storage.localPath(path);
    }
}
