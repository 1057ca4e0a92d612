package dev.millrace.warehouse;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.storage.Versioned;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** A storage whose files cannot be opened in place, as on S3. */
public record RemoteLike(Storage storage) implements Storage {
    @Override
    public Optional<Path> localPath(String path) {
        return Optional.empty();
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
        return storage.create(path);
    }

    @Override
    public void put(String path, byte[] content) {
        storage.put(path, content);
    }

    @Override
    public boolean putIfAbsent(String path, byte[] content) {
        return storage.putIfAbsent(path, content);
    }

    @Override
    public Optional<String> compareAndPut(String path, String etag, byte[] content) {
        return storage.compareAndPut(path, etag, content);
    }

    @Override
    public void delete(Collection<String> paths) {
        storage.delete(paths);
    }

    @Override
    public List<StoredFile> unfinished(String prefix) {
        return storage.unfinished(prefix);
    }

    @Override
    public void discard(Collection<StoredFile> unfinished) {
        storage.discard(unfinished);
    }
}
