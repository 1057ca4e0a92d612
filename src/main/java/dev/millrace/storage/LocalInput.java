package dev.millrace.storage;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A local file being read, whose failures name it. */
final class LocalInput extends FilterInputStream {
    private static final int BUFFER = 64 << 10;

    private final LocalStorage storage;
    private final String path;

    LocalInput(LocalStorage storage, String path, InputStream in) {
        super(new BufferedInputStream(in, BUFFER));
        this.storage = storage;
        this.path = path;
    }

    @Override
    public int read() {
        try {
            return super.read();
        } catch (IOException e) {
            throw storage.failed("read", path, e);
        }
    }

    @Override
    public int read(byte[] b, int from, int length) {
        try {
            return super.read(b, from, length);
        } catch (IOException e) {
            throw storage.failed("read", path, e);
        }
    }

    @Override
    public long skip(long n) {
        try {
            return super.skip(n);
        } catch (IOException e) {
            throw storage.failed("read", path, e);
        }
    }
}
