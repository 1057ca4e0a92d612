package dev.millrace.lake.folder;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.storage.Versioned;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * A storage whose files have another ending there than here: what is {@code a.parquet} here is {@code a.parquet.new}
 * there. Readers that go by patterns such as {@code **}{@code /*.parquet}, whatever the names of the folders, do not
 * see it.
 */
final class UnseenStorage implements Storage {
    private static final long serialVersionUID = 1;
    private static final String ENDING = ".new";

    private final Storage storage;

    UnseenStorage(Storage storage) {
        this.storage = storage;
    }

    private static String there(String path) {
        return path + ENDING;
    }

    private static StoredFile here(StoredFile file) {
        return new StoredFile(here(file.path()), file.bytes(), file.etag(), file.modified());
    }

    private static String here(String path) {
        return path.substring(0, path.length() - ENDING.length());
    }

    @Override
    public String root() {
        return storage.root();
    }

    @Override
    public String uri(String path) {
        return storage.uri(path.isEmpty() || path.endsWith("/") ? path : there(path));
    }

    @Override
    public String pathOf(String uri) {
        return here(storage.pathOf(uri));
    }

    @Override
    public List<StoredFile> list(String prefix) {
        return storage.list(prefix).stream()
                .filter(file -> file.path().endsWith(ENDING))
                .map(UnseenStorage::here)
                .toList();
    }

    @Override
    public List<String> names(String folder) {
        return storage.names(folder).stream()
                .filter(name -> name.endsWith("/") || name.endsWith(ENDING))
                .map(name -> name.endsWith("/") ? name : here(name))
                .toList();
    }

    @Override
    public Optional<Versioned> find(String path) {
        return storage.find(there(path));
    }

    @Override
    public Optional<StoredFile> stat(String path) {
        return storage.stat(there(path)).map(UnseenStorage::here);
    }

    @Override
    public InputStream open(String path) {
        return storage.open(there(path));
    }

    @Override
    public Optional<InputStream> open(StoredFile file, long from) {
        return storage.open(new StoredFile(there(file.path()), file.bytes(), file.etag(), file.modified()), from);
    }

    @Override
    public Upload create(String path) {
        Upload upload = storage.create(there(path));
        return upload.committedBy(() -> here(upload.commit()));
    }

    @Override
    public StoredFile bring(Storage source, String from, String path) {
        return here(storage.bring(source, from, there(path)));
    }

    @Override
    public void put(String path, byte[] content) {
        storage.put(there(path), content);
    }

    @Override
    public boolean putIfAbsent(String path, byte[] content) {
        return storage.putIfAbsent(there(path), content);
    }

    @Override
    public Optional<String> compareAndPut(String path, String etag, byte[] content) {
        return storage.compareAndPut(there(path), etag, content);
    }

    @Override
    public boolean compareAndDelete(String path, String etag) {
        return storage.compareAndDelete(there(path), etag);
    }

    @Override
    public void delete(Collection<String> paths) {
        storage.delete(paths.stream().map(UnseenStorage::there).toList());
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
        return storage.localPath(there(path));
    }

    @Override
    public String toString() {
        return storage.toString();
    }
}
