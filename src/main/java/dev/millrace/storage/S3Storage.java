package dev.millrace.storage;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * An S3 prefix as storage.
 *
 * <p>Conditional writes are {@code If-None-Match: *} and {@code If-Match}. The client repeats a request whose answer
 * was lost, and the repetition of a write that succeeded is refused by its own first success. So each conditional write
 * carries a random mark in the object's metadata: after a refusal (412) the mark that stands there tells whether the
 * write was ours. This is exact for any content and any number of repetitions, as long as nobody replaces or removes
 * the object within the moment between; commits are never replaced.
 *
 * <p>An etag of S3 is made from the content: a file that changes and changes back has its first etag again. What is
 * compared by {@link #compareAndPut} should hold something that never returns, such as a time or a random name.
 */
final class S3Storage implements Storage {
    /** Most that one request may delete. */
    private static final int DELETE_BATCH = 1000;

    /** Most that one request may copy; in bytes. */
    private static final long MOST_COPIED = 5L << 30;

    private static final String MARK = "millrace-write";
    private static final int CONFLICT_TRIES = 10;

    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;

    private static final String NO_CREDENTIALS = "Unable to load credentials";
    private static final String NO_REGION = "Unable to load region";

    /** What a server says of a condition that it does not know. */
    private static final int NOT_IMPLEMENTED = 501;

    private final String bucket;
    private final String prefix;
    private final StorageOptions options;

    S3Storage(String bucket, String prefix, StorageOptions options) {
        this.bucket = bucket;
        this.prefix = StoragePath.prefix(prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/");
        this.options = options;
    }

    S3Client client() {
        return S3Clients.of(options);
    }

    String bucket() {
        return bucket;
    }

    String key(String path) {
        return prefix + path;
    }

    @Override
    public String root() {
        return "s3://" + bucket + "/" + prefix;
    }

    /**
     * Asks once for the bucket alone.
     *
     * @see <a href="https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html">HeadBucket</a>
     */
    @Override
    public void requireUsable() {
        try {
            client().headBucket(r -> r.bucket(bucket));
        } catch (S3Exception refused) {
            if (refused.statusCode() == NOT_FOUND) {
                throw Fault.user(root() + at() + ": " + noBucket());
            }
        } catch (SdkException failure) {
            if (isUnconfigured(failure)) {
                throw Fault.user(root() + ": " + said(failure));
            }
        }
    }

    private String noBucket() {
        return "there is no bucket " + bucket + ": make it, or name another";
    }

    @Override
    public String pathOf(String uri) {
        String canonical = uri.startsWith("s3a://") ? "s3" + uri.substring("s3a".length()) : uri;
        if (!canonical.startsWith(root())) {
            throw Fault.user("Invalid uri: " + uri + ": must lie below " + root());
        }
        return StoragePath.file(canonical.substring(root().length()));
    }

    @Override
    public List<StoredFile> list(String below) {
        StoragePath.prefix(below);
        return asking("list", below, () -> {
            List<StoredFile> files = new ArrayList<>();
            for (S3Object object : client().listObjectsV2Paginator(
                            r -> r.bucket(bucket).prefix(key(below)))
                    .contents()) {
                String path = object.key().substring(prefix.length());
                if (isFile(path)) {
                    files.add(new StoredFile(path, object.size(), bare(object.eTag()), object.lastModified()));
                }
            }
            files.sort(Comparator.comparing(StoredFile::path));
            return files;
        });
    }

    @Override
    public List<String> names(String folder) {
        StoragePath.folder(folder);
        return asking("list", folder, () -> {
            TreeSet<String> names = new TreeSet<>();
            int start = key(folder).length();
            client()
                    .listObjectsV2Paginator(
                            r -> r.bucket(bucket).prefix(key(folder)).delimiter("/"))
                    .stream()
                    .forEach(page -> {
                        for (S3Object object : page.contents()) {
                            names.add(object.key().substring(start));
                        }
                        for (CommonPrefix common : page.commonPrefixes()) {
                            names.add(common.prefix().substring(start));
                        }
                    });
            names.removeIf(name -> name.isEmpty() || StoragePath.isHidden(name));
            return List.copyOf(names);
        });
    }

    /** Consoles and other tools mark empty folders by empty objects whose names end with a slash. */
    private static boolean isFile(String path) {
        return !path.isEmpty()
                && !path.endsWith("/")
                && !StoragePath.isHidden(path.substring(path.lastIndexOf('/') + 1));
    }

    @Override
    public Optional<Versioned> find(String path) {
        StoragePath.file(path);
        return asking("read", path, () -> {
            try {
                ResponseBytes<GetObjectResponse> object =
                        client().getObject(r -> r.bucket(bucket).key(key(path)), ResponseTransformer.toBytes());
                return Optional.of(new Versioned(
                        object.asByteArrayUnsafe(), bare(object.response().eTag())));
            } catch (S3Exception e) {
                return emptyIfMissing(e);
            }
        });
    }

    @Override
    public Optional<StoredFile> stat(String path) {
        StoragePath.file(path);
        return asking("read", path, () -> head(path).map(head -> stored(path, head)));
    }

    Optional<HeadObjectResponse> head(String path) {
        try {
            return Optional.of(client().headObject(r -> r.bucket(bucket).key(key(path))));
        } catch (S3Exception e) {
            return emptyIfMissing(e);
        }
    }

    static StoredFile stored(String path, HeadObjectResponse head) {
        return new StoredFile(path, head.contentLength(), bare(head.eTag()), head.lastModified());
    }

    @Override
    public InputStream open(String path) {
        return new S3Input(this, StoragePath.file(path));
    }

    @Override
    public Optional<InputStream> open(StoredFile file, long from) {
        StoragePath.file(file.path());
        return S3Input.open(this, file, from, file.bytes()).map(in -> in);
    }

    @Override
    public boolean read(StoredFile file, long from, byte[] into, int at, int length) {
        StoragePath.file(file.path());
        Optional<S3Input> opened = S3Input.open(this, file, from, from + length);
        if (opened.isEmpty()) {
            return false;
        }
        try (S3Input in = opened.get()) {
            in.readNBytes(into, at, length);
            return true;
        } catch (IOException e) {
            throw Fault.world("Cannot read " + uri(file.path()) + ": " + e.getMessage(), e);
        }
    }

    @Override
    public Upload create(String path) {
        return new S3Upload(this, StoragePath.file(path));
    }

    @Override
    public StoredFile bring(Storage source, String from, String path) {
        Optional<S3Location> uri = S3Location.parse(source.uri(from));
        if (uri.isEmpty()) {
            return Storage.super.bring(source, from, path);
        }
        StoragePath.file(path);
        StoredFile there = source.stat(from)
                .orElseThrow(
                        () -> Fault.world("Cannot bring " + source.uri(from) + " to " + uri(path) + ": no such file"));
        Optional<StoredFile> here = stat(path);
        if (here.isPresent()) {
            return Brought.requireSame(this, there, here.get());
        }
        if (there.bytes() > MOST_COPIED) {
            return Storage.super.bring(source, from, path);
        }
        String etag = asking(
                "write",
                path,
                () -> bare(client().copyObject(r -> r.sourceBucket(uri.get().bucket())
                                .sourceKey(uri.get().key())
                                .destinationBucket(bucket)
                                .destinationKey(key(path)))
                        .copyObjectResult()
                        .eTag()));
        Instant modified = stat(path).map(StoredFile::modified).orElseGet(Instant::now);
        return new StoredFile(path, there.bytes(), etag, modified);
    }

    @Override
    public void put(String path, byte[] content) {
        StoragePath.file(path);
        asking(
                "write",
                path,
                () -> client().putObject(r -> r.bucket(bucket).key(key(path)), RequestBody.fromBytes(content)));
    }

    @Override
    public boolean putIfAbsent(String path, byte[] content) {
        return conditionally(path, content, request -> request.ifNoneMatch("*")).isPresent();
    }

    @Override
    public Optional<String> compareAndPut(String path, String etag, byte[] content) {
        return conditionally(path, content, request -> request.ifMatch("\"" + etag + "\""));
    }

    private interface Condition {
        void on(PutObjectRequest.Builder request);
    }

    /** The new etag, or empty when the condition did not hold. */
    private Optional<String> conditionally(String path, byte[] content, Condition condition) {
        StoragePath.file(path);
        String mark = mark();
        PutObjectRequest.Builder request =
                PutObjectRequest.builder().bucket(bucket).key(key(path)).metadata(marked(mark));
        condition.on(request);
        return asking("write", path, () -> {
            for (int tries = 1; ; tries++) {
                try {
                    return Optional.of(bare(client().putObject(request.build(), RequestBody.fromBytes(content))
                            .eTag()));
                } catch (S3Exception e) {
                    if (e.statusCode() == 412 || isMissing(e)) {
                        return head(path).filter(head -> isMarked(head, mark)).map(head -> bare(head.eTag()));
                    }
                    // Another conditional write of the same name was under way; nothing is said of how it ended.
                    if (e.statusCode() != 409 || tries == CONFLICT_TRIES) {
                        throw e;
                    }
                    pause(path, tries);
                }
            }
        });
    }

    @Override
    public boolean compareAndDelete(String path, String etag) {
        StoragePath.file(path);
        return asking("delete", path, () -> {
            boolean isSame =
                    head(path).filter(head -> bare(head.eTag()).equals(etag)).isPresent();
            if (!isSame) {
                return false;
            }
            try {
                client().deleteObject(r -> r.bucket(bucket).key(key(path)).ifMatch("\"" + etag + "\""));
                return true;
            } catch (S3Exception e) {
                if (e.statusCode() == 412 || isMissing(e)) {
                    return false;
                }
                if (e.statusCode() != NOT_IMPLEMENTED) {
                    throw e;
                }
                client().deleteObject(r -> r.bucket(bucket).key(key(path)));
                return true;
            }
        });
    }

    static String mark() {
        return UUID.randomUUID().toString();
    }

    static Map<String, String> marked(String mark) {
        return Map.of(MARK, mark);
    }

    static boolean isMarked(HeadObjectResponse head, String mark) {
        return mark.equals(head.metadata().get(MARK));
    }

    /** Waits a little longer each time, by chance different for each writer. */
    void pause(String path, int tries) {
        try {
            Thread.sleep(Duration.ofMillis(ThreadLocalRandom.current().nextLong(20L << Math.min(tries, 7)))
                    .toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Interrupted while waiting for " + uri(path), e);
        }
    }

    @Override
    public void delete(Collection<String> paths) {
        List<String> all = List.copyOf(paths);
        all.forEach(StoragePath::file);
        for (int from = 0; from < all.size(); from += DELETE_BATCH) {
            List<String> batch = all.subList(from, Math.min(from + DELETE_BATCH, all.size()));
            List<ObjectIdentifier> keys = batch.stream()
                    .map(path -> ObjectIdentifier.builder().key(key(path)).build())
                    .toList();
            DeleteObjectsResponse response = asking(
                    "delete",
                    batch.get(0),
                    () -> client().deleteObjects(r ->
                            r.bucket(bucket).delete(d -> d.quiet(true).objects(keys))));
            response.errors().stream().findFirst().ifPresent(error -> {
                throw Fault.world("Cannot delete s3://" + bucket + "/" + error.key() + ": the server said "
                        + error.code() + ": " + error.message() + " ("
                        + response.errors().size() + " of "
                        + batch.size() + " files)");
            });
        }
    }

    /** Multipart uploads that were neither completed nor aborted; S3 does not tell how big they are. */
    @Override
    public List<StoredFile> unfinished(String below) {
        StoragePath.prefix(below);
        return asking(
                "list",
                below,
                () ->
                        client()
                                .listMultipartUploadsPaginator(
                                        r -> r.bucket(bucket).prefix(key(below)))
                                .uploads()
                                .stream()
                                .map(upload -> new StoredFile(
                                        upload.key().substring(prefix.length()),
                                        0,
                                        upload.uploadId(),
                                        upload.initiated()))
                                .sorted(Comparator.comparing(StoredFile::path))
                                .toList());
    }

    @Override
    public void discard(Collection<StoredFile> unfinished) {
        for (StoredFile file : unfinished) {
            asking("delete", file.path(), () -> {
                try {
                    return Optional.of(client().abortMultipartUpload(
                                    r -> r.bucket(bucket).key(key(file.path())).uploadId(file.etag())));
                } catch (S3Exception e) {
                    return emptyIfMissing(e);
                }
            });
        }
    }

    @Override
    public Optional<Path> localPath(String path) {
        StoragePath.file(path);
        return Optional.empty();
    }

    @Override
    public String toString() {
        return root();
    }

    static String bare(String etag) {
        return etag.startsWith("\"") && etag.endsWith("\"") ? etag.substring(1, etag.length() - 1) : etag;
    }

    private static boolean isMissing(S3Exception e) {
        return e.statusCode() == NOT_FOUND && !isBucketMissing(e);
    }

    static boolean isBucketMissing(S3Exception e) {
        return "NoSuchBucket".equals(code(e));
    }

    private static <T> Optional<T> emptyIfMissing(S3Exception e) {
        if (isMissing(e)) {
            return Optional.empty();
        }
        throw e;
    }

    private static String code(S3Exception e) {
        return e.awsErrorDetails() == null ? "" : e.awsErrorDetails().errorCode();
    }

    <T> T asking(String what, String path, Supplier<T> act) {
        try {
            return act.get();
        } catch (SdkException e) {
            throw failed(what, path, e);
        }
    }

    Fault failed(String what, String path, Exception e) {
        if (e instanceof S3Exception refused && isBucketMissing(refused)) {
            // Asked for before work starts; one that goes during it may come back, and is no reason to give the run up.
            return Fault.world("Cannot " + what + " " + uri(path) + at() + ": " + said(e) + ": " + noBucket(), e);
        }
        return Fault.world("Cannot " + what + " " + uri(path) + at() + ": " + said(e) + owned(e), e);
    }

    /** S3 does not tell a bucket of another account from one that may not be used. */
    private String owned(Exception e) {
        String owner = options.owners().get(bucket);
        return owner != null && e instanceof S3Exception s3 && s3.statusCode() == FORBIDDEN
                ? ", which it also says where the bucket is not owned by account " + owner + ", as s3.owners wants"
                : "";
    }

    private String at() {
        return options.endpoint().isEmpty() ? "" : " at " + options.endpoint();
    }

    /** Whether this machine lacks what every request needs. */
    private static boolean isUnconfigured(SdkException e) {
        String message = String.valueOf(e.getMessage());
        return message.startsWith(NO_CREDENTIALS) || message.startsWith(NO_REGION);
    }

    private static String said(Exception e) {
        if (e instanceof S3Exception s3 && s3.statusCode() > 0) {
            String message =
                    s3.awsErrorDetails() == null ? "" : s3.awsErrorDetails().errorMessage();
            String code = code(s3) == null ? "" : " " + code(s3);
            return "the server said " + s3.statusCode() + code
                    + (message == null || message.isEmpty() ? "" : ": " + message);
        }
        // The client tells at length where it looked and what might be.
        String message = String.valueOf(e.getMessage());
        if (message.startsWith(NO_CREDENTIALS)) {
            return "no AWS credentials found. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run on a"
                    + " machine with a role";
        }
        if (message.startsWith(NO_REGION)) {
            return "no AWS region found. Set AWS_REGION, or run on a machine that has one";
        }
        return message.startsWith("Received an UnknownHostException") ? "no such host" : message;
    }
}
