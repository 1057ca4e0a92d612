package dev.millrace.landing;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.parquet.io.DelegatingSeekableInputStream;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.SeekableInputStream;

/** A stored file for the Parquet library, which reads here and there in it; each jump opens the file anew. */
public record StoredParquet(Storage storage, StoredFile file) implements InputFile {
    /** Bytes that are read over rather than jumped over. */
    private static final long SHORT_JUMP = 128 << 10;

    /** Why a file cannot be read that was listed. */
    public static final String GONE = "the file is gone or was changed since it was listed";

    @Override
    public long getLength() {
        return file.bytes();
    }

    @Override
    public SeekableInputStream newStream() throws IOException {
        return new Stream(new Jumping(this));
    }

    /** The library's messages name it so. */
    @Override
    public String toString() {
        return storage.uri(file.path());
    }

    private InputStream open(long from) throws IOException {
        return storage.open(file, from).orElseThrow(() -> new IOException(GONE));
    }

    private static final class Stream extends DelegatingSeekableInputStream {
        private final Jumping in;

        Stream(Jumping in) {
            super(in);
            this.in = in;
        }

        @Override
        public long getPos() {
            return in.position;
        }

        @Override
        public void seek(long to) {
            in.next = to;
        }
    }

    /** Opens the file where it is read first after a jump. */
    private static final class Jumping extends InputStream {
        private final StoredParquet file;
        private InputStream in;
        private long position;
        private long next;

        Jumping(StoredParquet file) {
            this.file = file;
        }

        private boolean arrive() throws IOException {
            if (next >= file.file.bytes()) {
                return false;
            }
            boolean jumps = next < position || next - position > SHORT_JUMP;
            if (in != null && jumps) {
                in.close();
                in = null;
            }
            if (in == null) {
                in = file.open(next);
            } else {
                in.skipNBytes(next - position);
            }
            position = next;
            return true;
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
            if (!arrive()) {
                return -1;
            }
            int read = in.read(target, from, length);
            if (read < 0) {
                throw new EOFException("the file ends at byte " + position + " of " + file.file.bytes());
            }
            position += read;
            next = position;
            return read;
        }

        @Override
        public void close() throws IOException {
            if (in != null) {
                in.close();
                in = null;
            }
        }
    }
}
