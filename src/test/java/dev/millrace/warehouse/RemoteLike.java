package dev.millrace.warehouse;

import dev.millrace.storage.Storage;
import dev.millrace.testing.ForwardingStorage;
import java.nio.file.Path;
import java.util.Optional;

/** A storage whose files cannot be opened in place, as on S3. */
public record RemoteLike(Storage storage) implements ForwardingStorage {
    @Override
    public Optional<Path> localPath(String path) {
        return Optional.empty();
    }
}
