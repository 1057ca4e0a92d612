package dev.millrace.files;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The content of a gzip file (RFC 1952) of one or more members. Everything before a broken place is given before its
 * failure is thrown, and what follows a member and is neither one nor zeros is a failure: the JDK's stream drops it
 * silently, and stops early where its input has nothing available.
 */
final class GzipInput extends InputStream {
    private static final int READ_BYTES = 128 << 10;
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;

    private final InputStream in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private final byte[] buffer = new byte[READ_BYTES];
    private int next;
    private int end;
    private boolean inMember;
    private boolean sawMember;
    private boolean atEnd;

    GzipInput(InputStream in) {
        this.in = in;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        int read = read(one, 0, 1);
        return read < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (!atEnd) {
            if (!inMember && !begin()) {
                atEnd = true;
                return -1;
            }
            int inflated = inflate(target, from, length);
            if (inflated > 0) {
                crc.update(target, from, inflated);
                return inflated;
            }
            if (inflater.finished()) {
                finish();
            } else if (inflater.needsDictionary()) {
                throw new IOException("gzip data needs a dictionary");
            } else if (!fill()) {
                throw new EOFException("the gzip data is cut off");
            } else {
                inflater.setInput(buffer, next, end - next);
            }
        }
        return -1;
    }

    private int inflate(byte[] target, int from, int length) throws IOException {
        try {
            return inflater.inflate(target, from, length);
        } catch (DataFormatException e) {
            throw new IOException("the gzip data is broken: " + e.getMessage(), e);
        }
    }

    /** Reads a member's header; false at the end of the file. */
    private boolean begin() throws IOException {
        int first = nextByte();
        while (sawMember && first == 0) {
            first = nextByte();
        }
        if (first < 0 && sawMember) {
            return false;
        }
        if (first != 0x1F || nextByte() != 0x8B || nextByte() != 8) {
            throw new IOException("what follows a member of the gzip file is none");
        }
        int flags = need();
        for (int i = 0; i < 6; i++) {
            need();
        }
        if ((flags & EXTRA) != 0) {
            for (int left = need() | (need() << 8); left > 0; left--) {
                need();
            }
        }
        for (int flag : new int[] {NAME, COMMENT}) {
            if ((flags & flag) != 0) {
                while (need() != 0) {}
            }
        }
        if ((flags & HEADER_CRC) != 0) {
            need();
            need();
        }
        inflater.reset();
        inflater.setInput(buffer, next, end - next);
        crc.reset();
        inMember = true;
        sawMember = true;
        return true;
    }

    /** Checks a member's trailer. */
    private void finish() throws IOException {
        next = end - inflater.getRemaining();
        long sum = 0;
        long length = 0;
        for (int i = 0; i < 4; i++) {
            sum |= (long) need() << (8 * i);
        }
        for (int i = 0; i < 4; i++) {
            length |= (long) need() << (8 * i);
        }
        if (sum != crc.getValue() || length != (inflater.getBytesWritten() & 0xFFFFFFFFL)) {
            throw new IOException("the gzip data is broken: its checksum is another");
        }
        inMember = false;
    }

    private int need() throws IOException {
        int b = nextByte();
        if (b < 0) {
            throw new EOFException("the gzip data is cut off");
        }
        return b;
    }

    private int nextByte() throws IOException {
        return next < end || fill() ? buffer[next++] & 0xFF : -1;
    }

    private boolean fill() throws IOException {
        int read = in.read(buffer, 0, buffer.length);
        next = 0;
        end = Math.max(0, read);
        return read > 0;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        in.close();
    }
}
