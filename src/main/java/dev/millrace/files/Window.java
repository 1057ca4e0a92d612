package dev.millrace.files;

import dev.millrace.fault.Fault;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * A stretch of a file's decompressed bytes that moves on through it. What cannot be decompressed is the end of the file,
 * and {@link #problem} tells.
 */
final class Window implements Closeable {
    /** Bytes before a place that stay when the window moves on to it: for looking back to the begin of its line. */
    private static final int LOOK_BACK = 512;

    private static final int CAPACITY = 256 << 10;

    private final String uri;
    private final InputStream in;
    private final long mostBytes;
    private final long ratio;
    private final int capacity;
    private byte[] bytes;
    private int end;
    private long base;
    private boolean atEnd;
    private String problem = "";

    /**
     * @param base offset of the first byte that {@code in} gives
     * @param mostBytes that it may give
     * @param ratio named where it gives more
     */
    Window(String uri, InputStream in, long base, long mostBytes, long ratio) {
        this(uri, in, base, mostBytes, ratio, CAPACITY);
    }

    /** @param capacity bytes that it has at first */
    Window(String uri, InputStream in, long base, long mostBytes, long ratio, int capacity) {
        this.capacity = capacity;
        this.bytes = new byte[capacity];
        this.uri = uri;
        this.in = in;
        this.base = base;
        this.mostBytes = mostBytes;
        this.ratio = ratio;
    }

    /** The bytes; they move when {@link #more} is called. */
    byte[] bytes() {
        return bytes;
    }

    /** How many there are. */
    int end() {
        return end;
    }

    /** Offset of the first one in the file. */
    long base() {
        return base;
    }

    /** Whether nothing follows them. */
    boolean atEnd() {
        return atEnd;
    }

    /** Why the file ends before its end; empty where it does not. */
    String problem() {
        return problem;
    }

    /** The place of an offset that is in the window. */
    int place(long offset) {
        return (int) (offset - base);
    }

    long offset(int place) {
        return base + place;
    }

    /**
     * Reads on, at least one byte unless this is the end. What stands before a place, but for a few bytes, is dropped;
     * offsets stay, places do not.
     */
    void more(int keep) {
        int drop = Math.max(0, keep - LOOK_BACK);
        System.arraycopy(bytes, drop, bytes, 0, end - drop);
        end -= drop;
        base += drop;
        if (bytes.length - end < capacity / 2 + 1) {
            bytes = Arrays.copyOf(bytes, Math.toIntExact(Math.min(Integer.MAX_VALUE - 8, bytes.length * 2L)));
        }
        try {
            while (!atEnd && end < bytes.length) {
                int read = in.read(bytes, end, bytes.length - end);
                if (read < 0) {
                    atEnd = true;
                } else {
                    end += read;
                }
            }
        } catch (IOException e) {
            atEnd = true;
            problem = "the file is broken or cut off here: " + e.getMessage();
        }
        if (base + end > mostBytes) {
            atEnd = true;
            problem = "the file has more than " + ratio
                    + " bytes for each of its compressed bytes; it is read no further";
        }
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
