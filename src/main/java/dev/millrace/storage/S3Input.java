package dev.millrace.storage;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * An object being read. A connection that breaks off is taken up again at the byte it broke at, and only on the same
 * version of the object.
 */
final class S3Input extends InputStream {
    private static final int BUFFER = 64 << 10;

    /** Breaks in a row, without a byte between them, before we give up. */
    private static final int TRIES = 5;

    private final S3Storage storage;
    private final String path;
    private final byte[] buffer = new byte[BUFFER];
    private int next;
    private int end;

    /** Position in the object of the byte after the buffer. */
    private long position;

    /** Behind the last byte that is wanted. */
    private long length;

    /** Whether that is the end of the object. */
    private boolean isWhole = true;

    private String etag;
    private ResponseInputStream<GetObjectResponse> connection;
    private boolean connected;
    private boolean closed;

    S3Input(S3Storage storage, String path) {
        this.storage = storage;
        this.path = path;
        try {
            GetObjectRequest request = request().build();
            this.connection = storage.client().getObject(request);
        } catch (S3Exception e) {
            if (e.statusCode() == 404 && !S3Storage.isBucketMissing(e)) {
                throw Fault.world("Cannot read " + storage.uri(path) + ": no such file", e);
            }
            throw storage.failed("read", path, e);
        } catch (SdkException e) {
            throw storage.failed("read", path, e);
        }
        this.connected = true;
        this.length = connection.response().contentLength();
        this.etag = connection.response().eTag();
    }

    private S3Input(
            S3Storage storage, StoredFile file, long from, long to, ResponseInputStream<GetObjectResponse> connection) {
        this.storage = storage;
        this.path = file.path();
        this.connection = connection;
        this.connected = true;
        this.position = from;
        this.length = to;
        this.isWhole = to == file.bytes();
        this.etag = connection.response().eTag();
    }

    /** A range of an object that is not empty, as it was listed; nothing when it is gone or another by now. */
    static Optional<S3Input> open(S3Storage storage, StoredFile file, long from, long to) {
        GetObjectRequest.Builder request = GetObjectRequest.builder()
                .bucket(storage.bucket())
                .key(storage.key(file.path()))
                .ifMatch("\"" + file.etag() + "\"");
        boolean isWhole = to == file.bytes();
        if (from > 0 || !isWhole) {
            request.range(range(from, to, isWhole));
        }
        try {
            return Optional.of(
                    new S3Input(storage, file, from, to, storage.client().getObject(request.build())));
        } catch (S3Exception e) {
            boolean gone = e.statusCode() == 404 && !S3Storage.isBucketMissing(e);
            if (gone || e.statusCode() == 412) {
                return Optional.empty();
            }
            throw storage.failed("read", file.path(), e);
        } catch (SdkException e) {
            throw storage.failed("read", file.path(), e);
        }
    }

    private static String range(long from, long to, boolean isWhole) {
        return "bytes=" + from + "-" + (isWhole ? "" : to - 1);
    }

    private GetObjectRequest.Builder request() {
        return GetObjectRequest.builder().bucket(storage.bucket()).key(storage.key(path));
    }

    @Override
    public int read() {
        if (next == end && !fill()) {
            return -1;
        }
        return buffer[next++] & 0xff;
    }

    @Override
    public int read(byte[] target, int from, int wanted) {
        if (wanted == 0) {
            return 0;
        }
        if (next == end && !fill()) {
            return -1;
        }
        int given = Math.min(wanted, end - next);
        System.arraycopy(buffer, next, target, from, given);
        next += given;
        return given;
    }

    @Override
    public int available() {
        return end - next;
    }

    private boolean fill() {
        if (closed) {
            throw new IllegalStateException("Already closed: " + storage.uri(path));
        }
        if (position == length) {
            return false;
        }
        for (int tries = 1; ; tries++) {
            try {
                if (!connected) {
                    connection = storage.client()
                            .getObject(request()
                                    .ifMatch(etag)
                                    .range(range(position, length, isWhole))
                                    .build());
                    connected = true;
                }
                int read = connection.read(buffer);
                if (read > 0) {
                    next = 0;
                    end = read;
                    position += read;
                    return true;
                }
                throw new IOException("the connection ended after " + position + " of " + length + " bytes");
            } catch (S3Exception e) {
                if (e.statusCode() == 412 || e.statusCode() == 404) {
                    throw Fault.world("Cannot read " + storage.uri(path) + ": it changed while it was read", e);
                }
                throw storage.failed("read", path, e);
            } catch (IOException | SdkException e) {
                disconnect();
                if (tries == TRIES) {
                    throw storage.failed("read", path, e);
                }
                storage.pause(path, tries);
            }
        }
    }

    /** Drops the connection: closing it properly would fetch the rest first. */
    private void disconnect() {
        if (connected) {
            connected = false;
            connection.abort();
        }
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        if (connected && position == length) {
            connection.close();
        } else {
            disconnect();
        }
    }
}
