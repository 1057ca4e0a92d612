package dev.millrace.files;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;

/**
 * The content of a bzip2 file of one or more streams. Everything before a broken place is given before its failure is
 * thrown, which the library's own reading of many bytes at once does not.
 */
final class Bzip2Input extends InputStream {
    private static final int READ_BYTES = 128 << 10;

    private final InputStream in;
    private IOException failure;

    Bzip2Input(InputStream in) throws IOException {
        this.in = new BZip2CompressorInputStream(new BufferedInputStream(in, READ_BYTES), true);
    }

    @Override
    public int read() throws IOException {
        try {
            return in.read();
        } catch (IndexOutOfBoundsException e) {
            // Damage within a block is not always noticed before it is used.
            throw new IOException("the bzip2 data is broken", e);
        }
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (failure != null) {
            throw failure;
        }
        int i = 0;
        while (i < length) {
            int b;
            try {
                b = read();
            } catch (IOException e) {
                if (i == 0) {
                    throw e;
                }
                failure = e;
                return i;
            }
            if (b < 0) {
                break;
            }
            target[from + i++] = (byte) b;
        }
        return i == 0 && length > 0 ? -1 : i;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
