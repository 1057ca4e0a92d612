package dev.millrace.testing;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.storage.Versioned;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** A storage that does what another one does, but for what a test wants otherwise. */
public interface ForwardingStorage extends Storage {
    /** The other one. */
    Storage storage();

    @Override
    default String root() {
        return storage().root();
    }

    @Override
    default String pathOf(String uri) {
        return storage().pathOf(uri);
    }

    @Override
    default List<StoredFile> list(String prefix) {
        return storage().list(prefix);
    }

    @Override
    default List<String> names(String folder) {
        return storage().names(folder);
    }

    @Override
    default Optional<Versioned> find(String path) {
        return storage().find(path);
    }

    @Override
    default Optional<StoredFile> stat(String path) {
        return storage().stat(path);
    }

    @Override
    default InputStream open(String path) {
        return storage().open(path);
    }

    @Override
    default Upload create(String path) {
        return storage().create(path);
    }

    @Override
    default void put(String path, byte[] content) {
        storage().put(path, content);
    }

    @Override
    default boolean putIfAbsent(String path, byte[] content) {
        return storage().putIfAbsent(path, content);
    }

    @Override
    default Optional<String> compareAndPut(String path, String etag, byte[] content) {
        return storage().compareAndPut(path, etag, content);
    }

    @Override
    default void delete(Collection<String> paths) {
        storage().delete(paths);
    }

    @Override
    default List<StoredFile> unfinished(String prefix) {
        return storage().unfinished(prefix);
    }

    @Override
    default void discard(Collection<StoredFile> unfinished) {
        storage().discard(unfinished);
    }

    @Override
    default Optional<Path> localPath(String path) {
        return storage().localPath(path);
    }
}
