package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** A file to be merged: ranges of its bytes. */
public interface MergeSource {
    /** What messages call it. */
    String name();

    /** Its size. */
    long bytes();

    /** A range of it, whole. */
    byte[] read(long from, int length);

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
            public byte[] read(long from, int length) {
                try (InputStream in = storage.open(file, from)
                        .orElseThrow(() -> Fault.world(
                                "Cannot read " + name() + ": it has changed since it was listed; run again"))) {
                    byte[] range = new byte[length];
                    int read = in.readNBytes(range, 0, length);
                    if (read < length) {
                        throw new EOFException("ends at byte " + (from + read) + " of " + bytes());
                    }
                    return range;
                } catch (IOException e) {
                    throw Fault.world("Cannot read " + name() + ": " + e.getMessage(), e);
                }
            }
        };
    }
}
