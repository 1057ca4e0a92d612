package dev.millrace.storage;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A local file being written under a hidden name. */
final class LocalUpload implements Upload {
    private static final Logger LOG = LoggerFactory.getLogger(LocalUpload.class);
    private static final int BUFFER = 64 << 10;

    private final LocalStorage storage;
    private final String path;
    private final LocalStorage.Temporary temporary;
    private final Sink sink;
    private boolean ended;

    LocalUpload(LocalStorage storage, String path, Path file) {
        this.storage = storage;
        this.path = path;
        try {
            this.temporary = new LocalStorage.Temporary(file);
        } catch (IOException e) {
            throw storage.failed("write", path, e);
        }
        this.sink = new Sink(new BufferedOutputStream(temporary.stream(), BUFFER));
    }

    @Override
    public OutputStream stream() {
        return sink;
    }

    @Override
    public long bytes() {
        return sink.bytes;
    }

    @Override
    public StoredFile commit() {
        checkOpen();
        try {
            sink.out.flush();
            temporary.touch(Optional.empty());
            StoredFile committed = temporary.stored(path);
            temporary.replaceTarget();
            ended = true;
            return committed;
        } catch (IOException e) {
            throw storage.failed("write", path, e);
        }
    }

    @Override
    public void close() {
        if (ended) {
            return;
        }
        ended = true;
        try {
            temporary.close();
        } catch (IOException e) {
            LOG.warn("Left behind a hidden file of {}: {}", storage.uri(path), e.toString());
        }
    }

    private void checkOpen() {
        if (ended) {
            throw new IllegalStateException("Already committed or closed: " + storage.uri(path));
        }
    }

    private final class Sink extends OutputStream {
        private final OutputStream out;
        private long bytes;

        private Sink(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] b, int from, int length) {
            checkOpen();
            try {
                out.write(b, from, length);
            } catch (IOException e) {
                throw storage.failed("write", path, e);
            }
            bytes += length;
        }

        @Override
        public void flush() {
            // A file is seen whole at commit or not at all: pushing bytes out early would help nobody.
        }
    }
}
