package dev.millrace.dynamodb;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.millrace.fault.Fault;
import dev.millrace.json.LineBreaks;
import dev.millrace.storage.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/**
 * The items of a spool file, or of a data file of a DynamoDB export: one {@code {"Item":{…}}} a line. Items are places
 * in a buffer that is used again; each is valid until the next one.
 */
public final class SpoolReader implements Closeable {
    private static final byte[] HEAD = "{\"Item\":".getBytes(StandardCharsets.US_ASCII);
    private static final int READ_BYTES = 1 << 20;
    /** An item has at most 400 KB, and its JSON a small multiple of that. */
    private static final int LONGEST_LINE = 64 << 20;

    private final String uri;
    private final InputStream in;
    private byte[] buffer = new byte[READ_BYTES * 2];
    private int filled;
    private int lineStart;
    private int next;
    private int itemStart;
    private int itemEnd;
    private boolean wellFormed;
    private boolean atEnd;
    private long line;

    private SpoolReader(String uri, InputStream in) {
        this.uri = uri;
        this.in = in;
    }

    /** Opens a file: {@code .json.zst}, {@code .json.gz} or {@code .json}, each with {@code .enc} when encrypted. */
    static SpoolReader open(Storage storage, String path, SpoolKey key) {
        String uri = storage.uri(path);
        InputStream file = storage.open(path);
        try {
            return new SpoolReader(uri, plain(file, path, key, uri));
        } catch (IOException e) {
            throw closing(file, Fault.world("Cannot read " + uri + ": " + e.getMessage(), e));
        } catch (Fault e) {
            throw closing(file, e);
        }
    }

    private static Fault closing(InputStream file, Fault failure) {
        try {
            file.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    private static InputStream plain(InputStream file, String path, SpoolKey key, String uri) throws IOException {
        boolean encrypted = path.endsWith(SpoolCipher.SUFFIX);
        InputStream in = encrypted ? SpoolCipher.decrypt(file, key, uri) : file;
        String name = encrypted ? path.substring(0, path.length() - SpoolCipher.SUFFIX.length()) : path;
        if (name.endsWith(".zst")) {
            return new ZstdInputStreamNoFinalizer(in).setContinuous(false);
        }
        return name.endsWith(".gz") ? new GZIPInputStream(in, READ_BYTES) : in;
    }

    /** Goes to the next line that is not blank. False after the last one. */
    public boolean next() {
        while (true) {
            lineStart = next;
            int end = lineEnd();
            if (end < 0) {
                return false;
            }
            line++;
            next = Math.min(end + 1, filled);
            int from = lineStart;
            while (from < end && isSpace(buffer[from])) {
                from++;
            }
            while (end > from && isSpace(buffer[end - 1])) {
                end--;
            }
            if (from < end) {
                locate(from, end);
                return true;
            }
        }
    }

    private void locate(int from, int end) {
        wellFormed = end - from > HEAD.length + 1
                && Arrays.equals(buffer, from, from + HEAD.length, HEAD, 0, HEAD.length)
                && buffer[end - 1] == '}';
        itemStart = wellFormed ? from + HEAD.length : from;
        itemEnd = wellFormed ? end - 1 : end;
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || b == '\t' || b == '\r';
    }

    /** Offset of the line feed that ends the line at {@code lineStart}, or of the end of the file; −1 at the end. */
    private int lineEnd() {
        int searched = lineStart;
        while (true) {
            for (int i = LineBreaks.find(buffer, searched, filled); i < filled; ) {
                if (buffer[i] == '\n') {
                    return i;
                }
                i = LineBreaks.find(buffer, i + 1, filled);
            }
            searched = filled;
            if (atEnd) {
                return lineStart < filled ? filled : -1;
            }
            int shift = lineStart;
            fill();
            searched -= shift;
        }
    }

    /** Reads on, after moving the line that has begun to the front. */
    private void fill() {
        System.arraycopy(buffer, lineStart, buffer, 0, filled - lineStart);
        filled -= lineStart;
        lineStart = 0;
        if (filled > LONGEST_LINE) {
            throw Fault.world("Cannot read " + uri + ": line " + (line + 1) + " has more than " + LONGEST_LINE
                    + " bytes, which no item has");
        }
        if (buffer.length - filled < READ_BYTES) {
            buffer = Arrays.copyOf(buffer, buffer.length * 2);
        }
        try {
            int read = in.read(buffer, filled, buffer.length - filled);
            if (read < 0) {
                atEnd = true;
            } else {
                filled += read;
            }
        } catch (IOException e) {
            throw Fault.world("Cannot read " + uri + " after line " + line + ": " + e.getMessage(), e);
        }
    }

    /** Holds the item's bytes. */
    public byte[] buffer() {
        return buffer;
    }

    public int offset() {
        return itemStart;
    }

    public int length() {
        return itemEnd - itemStart;
    }

    /** Whether the line has the form {@code {"Item":…}}; if not, the whole line stands for the item. */
    public boolean wellFormed() {
        return wellFormed;
    }

    /** Number of the line, from 1. */
    public long line() {
        return line;
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw Fault.world("Cannot close " + uri + ": " + e.getMessage(), e);
        }
    }
}
