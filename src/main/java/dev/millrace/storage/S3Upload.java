package dev.millrace.storage;

import java.io.OutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * An object being written. What fits one part is written by one request at commit; more goes out part by part as a
 * multipart upload, which is completed at commit. At most one part is held in memory.
 */
final class S3Upload implements Upload {
    private static final Logger LOG = LoggerFactory.getLogger(S3Upload.class);

    /** Size of the first parts; S3 wants at least 5 MiB. */
    static final int FIRST_PART_BYTES = 8 << 20;

    private static final int PARTS_OF_A_SIZE = 1000;
    private static final int FIRST_BUFFER = 64 << 10;

    private final S3Storage storage;
    private final String path;
    private final String mark = S3Storage.mark();
    private final List<CompletedPart> parts = new ArrayList<>();
    private final Sink sink = new Sink();
    private byte[] part = new byte[FIRST_BUFFER];
    private int held;
    private long bytes;
    private Optional<String> multipart = Optional.empty();
    private boolean ended;

    S3Upload(S3Storage storage, String path) {
        this.storage = storage;
        this.path = path;
    }

    /** Parts double after each thousand, so that the 10,000 parts that S3 allows hold 4 TiB; in bytes. */
    static int partBytes(int number) {
        return FIRST_PART_BYTES << Math.min((number - 1) / PARTS_OF_A_SIZE, 7);
    }

    @Override
    public OutputStream stream() {
        return sink;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public StoredFile commit() {
        checkOpen();
        return storage.asking("write", path, () -> {
            String etag = multipart.isPresent() ? completed(multipart.get()) : putWhole();
            ended = true;
            // Another writer may have replaced or removed it since: only the time is taken from what stands there.
            Instant modified = storage.stat(path).map(StoredFile::modified).orElseGet(Instant::now);
            return new StoredFile(path, bytes, etag, modified);
        });
    }

    private String putWhole() {
        return S3Storage.bare(storage.client()
                .putObject(
                        r -> r.bucket(storage.bucket()).key(storage.key(path)),
                        RequestBody.fromBytes(Arrays.copyOf(part, held)))
                .eTag());
    }

    private String completed(String upload) {
        sendPart(upload);
        try {
            return S3Storage.bare(storage.client()
                    .completeMultipartUpload(r -> r.bucket(storage.bucket())
                            .key(storage.key(path))
                            .uploadId(upload)
                            .multipartUpload(m -> m.parts(parts)))
                    .eTag());
        } catch (S3Exception e) {
            // The client repeats a completion whose answer was lost; by then the upload is no more.
            Optional<HeadObjectResponse> ours = e.statusCode() == 404
                    ? storage.head(path).filter(head -> S3Storage.isMarked(head, mark))
                    : Optional.empty();
            return S3Storage.bare(ours.orElseThrow(() -> e).eTag());
        }
    }

    private void sendPart(String upload) {
        if (held == 0) {
            return;
        }
        int number = parts.size() + 1;
        byte[] content = part;
        int length = held;
        String etag = storage.client()
                .uploadPart(
                        r -> r.bucket(storage.bucket())
                                .key(storage.key(path))
                                .uploadId(upload)
                                .partNumber(number),
                        RequestBody.fromBytes(length == content.length ? content : Arrays.copyOf(content, length)))
                .eTag();
        parts.add(CompletedPart.builder().partNumber(number).eTag(etag).build());
        held = 0;
    }

    private void write(byte[] source, int from, int length) {
        checkOpen();
        for (int done = 0; done < length; ) {
            int most = partBytes(parts.size() + 1);
            if (held == most) {
                sendFullPart();
                continue;
            }
            int now = Math.min(length - done, most - held);
            if (held + now > part.length) {
                part = Arrays.copyOf(part, Math.min(most, Math.max(held + now, part.length * 2)));
            }
            System.arraycopy(source, from + done, part, held, now);
            held += now;
            bytes += now;
            done += now;
        }
    }

    private void sendFullPart() {
        storage.asking("write", path, () -> {
            if (multipart.isEmpty()) {
                multipart = Optional.of(storage.client()
                        .createMultipartUpload(r -> r.bucket(storage.bucket())
                                .key(storage.key(path))
                                .metadata(S3Storage.marked(mark)))
                        .uploadId());
            }
            sendPart(multipart.get());
            return true;
        });
    }

    @Override
    public void close() {
        if (ended) {
            return;
        }
        ended = true;
        multipart.ifPresent(upload -> {
            try {
                storage.client()
                        .abortMultipartUpload(r -> r.bucket(storage.bucket())
                                .key(storage.key(path))
                                .uploadId(upload));
            } catch (SdkException e) {
                LOG.warn("Left behind the parts of {} (upload {}): {}", storage.uri(path), upload, e.toString());
            }
        });
    }

    private void checkOpen() {
        if (ended) {
            throw new IllegalStateException("Already committed or closed: " + storage.uri(path));
        }
    }

    private final class Sink extends OutputStream {
        @Override
        public void write(int b) {
            S3Upload.this.write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] source, int from, int length) {
            S3Upload.this.write(source, from, length);
        }
    }
}
