package dev.millrace.files;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a large file into parts that are read independently of each other.
 *
 * <p>A part of a JSON file begins with the first line from its offset on that begins with an object, and ends where the
 * next part begins: so all parts together give each record once, however the file is written. A file without line feeds
 * is read whole by its first part. Parquet is cut between row groups: one belongs to the part that its middle lies in.
 */
public final class FileParts {
    private static final int HEAD_BYTES = 1 << 10;

    private FileParts() {}

    /**
     * The parts of a JSON file that holds records one after another, in order; the file whole when it is not larger, is
     * compressed, begins with an array, or is gone. Reads its first bytes when it is larger.
     *
     * @param partBytes of a part, about
     */
    public static List<FilePart> ofJson(Storage storage, StoredFile file, long partBytes) {
        boolean splits = file.bytes() > partBytes && FileRecords.beginsWithObject(head(storage, file));
        return splits ? cut(file, partBytes) : List.of(FilePart.whole(file));
    }

    /** The parts of a Parquet file. */
    public static List<FilePart> ofParquet(StoredFile file, long partBytes) {
        return cut(file, partBytes);
    }

    private static byte[] head(Storage storage, StoredFile file) {
        try (InputStream in = storage.open(file, 0).orElseGet(InputStream::nullInputStream)) {
            return in.readNBytes(HEAD_BYTES);
        } catch (IOException e) {
            throw Fault.world("Cannot read " + storage.uri(file.path()) + ": " + e.getMessage(), e);
        }
    }

    private static List<FilePart> cut(StoredFile file, long partBytes) {
        // Equal parts: a small one at the end would make a task of its own.
        long count = Math.max(1, Math.round((double) file.bytes() / partBytes));
        List<FilePart> parts = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            long from = file.bytes() / count * i;
            long to = i == count - 1 ? file.bytes() : file.bytes() / count * (i + 1);
            parts.add(new FilePart(file.path(), file.bytes(), file.etag(), from, to));
        }
        return parts;
    }
}
