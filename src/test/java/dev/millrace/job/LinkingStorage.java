package dev.millrace.job;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.ForwardingStorage;

/** A storage whose every change is an effect of a process, where files are brought as the storage does it: by links. */
final class LinkingStorage implements ForwardingStorage {
    private static final long serialVersionUID = 1;

    private final Storage storage;
    private final Storage watched;
    private final String id;

    LinkingStorage(Storage storage, String id) {
        this.storage = storage;
        this.watched = new WatchedStorage(storage, id);
        this.id = id;
    }

    @Override
    public Storage storage() {
        return watched;
    }

    @Override
    public StoredFile bring(Storage source, String from, String path) {
        return Effects.of(id).onStorage("bring " + path, () -> storage.bring(source, from, path));
    }
}
