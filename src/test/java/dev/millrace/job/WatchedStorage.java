package dev.millrace.job;

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

/** A storage whose every change is one of its process's {@link Effects}. */
final class WatchedStorage implements Storage {
    private final Storage storage;
    private final String id;

    WatchedStorage(Storage storage, String id) {
        this.storage = storage;
        this.id = id;
    }

    private Effects effects() {
        return Effects.of(id);
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
                return effects().onStorage("create " + path, upload::commit);
            }

            @Override
            public void close() {
                // Whoever is dead cleans nothing up.
                if (!effects().isDead()) {
                    upload.close();
                }
            }
        };
    }

    @Override
    public void put(String path, byte[] content) {
        effects().onStorage("put " + path, () -> {
            storage.put(path, content);
            return path;
        });
    }

    @Override
    public boolean putIfAbsent(String path, byte[] content) {
        return effects()
                .onStorage(
                        "putIfAbsent " + path,
                        () -> storage.putIfAbsent(effects().own(path), content));
    }

    @Override
    public Optional<String> compareAndPut(String path, String etag, byte[] content) {
        return effects()
                .onStorage(
                        "compareAndPut " + path,
                        () -> storage.compareAndPut(effects().own(path), etag, content));
    }

    /** One effect a file. */
    @Override
    public void delete(Collection<String> paths) {
        for (String path : paths) {
            effects().onStorage("delete " + path, () -> {
                storage.delete(List.of(path));
                return path;
            });
        }
    }

    @Override
    public List<StoredFile> unfinished(String prefix) {
        return alive().unfinished(prefix);
    }

    /** One effect a file. */
    @Override
    public void discard(Collection<StoredFile> unfinished) {
        for (StoredFile file : unfinished) {
            effects().onStorage("discard " + file.path(), () -> {
                storage.discard(List.of(file));
                return file;
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
        return alive().find(effects().own(path));
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
