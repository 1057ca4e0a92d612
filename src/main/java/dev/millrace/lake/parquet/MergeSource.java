package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;

/** A file to be merged: ranges of its bytes. */
public interface MergeSource {
    /** What messages call it. */
    String name();

    /** Its size. */
    long bytes();

    /** Reads a range of it, whole, into an array. */
    void read(long from, byte[] into, int at, int length);

    /** A file of a storage, as it was listed: one that has changed by the time it is read is a fault. */
    static MergeSource of(Storage storage, StoredFile file) {
        return new MergeSource() {
            @Override
            public String name() {
                return storage.uri(file.path());
            }

            @Override
            public long bytes() {
                return file.bytes();
            }

            @Override
            public void read(long from, byte[] into, int at, int length) {
                if (!storage.read(file, from, into, at, length)) {
                    throw Fault.world("Cannot read " + name() + ": it has changed since it was listed; run again");
                }
            }
        };
    }
}
