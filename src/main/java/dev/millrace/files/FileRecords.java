package dev.millrace.files;

import dev.millrace.config.FileSource.Csv;
import dev.millrace.config.FileSource.DynamoDbJson;
import dev.millrace.config.FileSource.Format;
import dev.millrace.config.FileSource.Json;
import dev.millrace.config.FileSource.Limits;
import dev.millrace.fault.Fault;
import dev.millrace.landing.StoredParquet;
import dev.millrace.storage.Storage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** Opens files as records. */
public final class FileRecords {
    /** A file may be this large whatever its compressed size. */
    private static final long ALWAYS_BYTES = 16L << 20;

    private static final int HEAD_BYTES = 1 << 10;

    private FileRecords() {}

    /** The records of a file or a part of one. How text is compressed is told by its content. */
    public static RecordReader open(Storage storage, FilePart part, Format format, Limits limits) {
        try {
            if (format instanceof DynamoDbJson) {
                return new ItemRecords(new JsonRecords(
                        storage.uri(part.path()),
                        window(storage, part, limits),
                        limits,
                        List.of(),
                        false,
                        0,
                        Long.MAX_VALUE));
            }
            if (format instanceof Json json) {
                long to = part.to() == part.bytes() ? Long.MAX_VALUE : part.to();
                return new JsonRecords(
                        storage.uri(part.path()),
                        window(storage, part, limits),
                        limits,
                        json.records(),
                        json.header(),
                        part.from(),
                        to);
            }
            return format instanceof Csv csv
                    ? new CsvRecords(window(storage, part, limits), csv, limits)
                    : new ParquetRecords(new StoredParquet(storage, part.file()), part, limits);
        } catch (UnreadableFile e) {
            return new NoRecords(e);
        }
    }

    /**
     * After a file was read: that it is still the one that was listed.
     *
     * @throws Fault of kind WORLD when it was changed while it was read; the next attempt finds it changed
     */
    static void requireUnchanged(Storage storage, FilePart part) {
        boolean same = storage.localPath(part.path()).isEmpty()
                || storage.stat(part.path())
                        .filter(now -> now.etag().equals(part.etag()))
                        .isPresent();
        if (!same) {
            throw Fault.world("Cannot read " + storage.uri(part.path()) + ": it changed while it was read");
        }
    }

    /** How a file is another than its manifest says; empty where its MD5 is right. Reads it once more. */
    static Optional<String> md5Difference(Storage storage, FilePart part, String expected) {
        try (InputStream in = storage.open(part.file(), 0).orElseGet(InputStream::nullInputStream)) {
            MessageDigest digest = MessageDigest.getInstance("MD5");
            byte[] buffer = new byte[128 << 10];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            String found = Base64.getEncoder().encodeToString(digest.digest());
            return found.equals(expected)
                    ? Optional.empty()
                    : Optional.of("its MD5 is " + found + ", the manifest says " + expected);
        } catch (IOException e) {
            throw Fault.world("Cannot read " + storage.uri(part.path()) + ": " + e.getMessage(), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has MD5", e);
        }
    }

    private static Window window(Storage storage, FilePart part, Limits limits) throws UnreadableFile {
        String uri = storage.uri(part.path());
        // A part begins with the byte before it, which tells whether a line does.
        long first = Math.max(0, part.from() - 1);
        InputStream file =
                storage.open(part.file(), first).orElseThrow(() -> new UnreadableFile(StoredParquet.GONE, new byte[0]));
        byte[] head = new byte[0];
        try {
            head = file.readNBytes(HEAD_BYTES);
            Compression compression = first > 0 ? Compression.NONE : Compression.of(head);
            Optional<String> unreadable = first > 0 ? Optional.empty() : Compression.unreadable(head);
            if (unreadable.isPresent()) {
                file.close();
                throw new UnreadableFile(
                        "the file is " + unreadable.get() + ": it must be UTF-8; plain, gzip, zstd or bzip2", head);
            }
            InputStream plain = compression.plain(new SequenceInputStream(new ByteArrayInputStream(head), file));
            long most = compression == Compression.NONE
                    ? Long.MAX_VALUE
                    : Math.max(ALWAYS_BYTES, part.bytes() * (long) limits.ratio());
            return new Window(uri, plain, first, most, limits.ratio());
        } catch (IOException e) {
            UnreadableFile broken = new UnreadableFile("the file is broken or cut off: " + e.getMessage(), head);
            try {
                file.close();
            } catch (IOException second) {
                broken.addSuppressed(second);
            }
            throw broken;
        }
    }

    /** Whether records of a plain JSON file can be read in parts: it begins with an object. */
    static boolean beginsWithObject(byte[] head) {
        if (Compression.of(head) != Compression.NONE
                || Compression.unreadable(head).isPresent()) {
            return false;
        }
        boolean bom = head.length >= 3 && Arrays.equals(head, 0, 3, BOM, 0, 3);
        int p = bom ? 3 : 0;
        while (p < head.length && (head[p] == ' ' || head[p] == '\t' || head[p] == '\r' || head[p] == '\n')) {
            p++;
        }
        return p < head.length && head[p] == '{';
    }

    private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
}
