package dev.millrace.lake;

import dev.millrace.storage.S3Encryption;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import io.delta.storage.HadoopFileSystemLogStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Iterator;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The log of Delta tables in S3 for any number of drivers: a version is committed by put-if-absent, which S3 grants to one
 * of them. Delta's own store looks first and writes then, so of two drivers both may win, and what one of them committed
 * is gone.
 *
 * <p>Delta makes one by its name: {@code spark.delta.logStore.s3a.impl}.
 */
public final class S3LogStore extends HadoopFileSystemLogStore {
    /** Before the bucket's name. */
    private static final String SETTINGS = "millrace.s3.";

    private static final String ENDPOINT = ".endpoint";
    private static final String REGION = ".region";
    private static final String PATH_STYLE = ".path-style";
    private static final String ENCRYPTION = ".encryption";
    private static final String KMS_KEY = ".kms-key";
    private static final String OWNER = ".owner";

    public S3LogStore(Configuration hadoop) {
        super(hadoop);
    }

    /** Notes in a configuration how our client reaches a bucket, as far as that is declared. */
    static void tell(Configuration hadoop, String bucket, StorageOptions options) {
        if (!options.endpoint().isEmpty()) {
            hadoop.set(SETTINGS + bucket + ENDPOINT, options.endpoint());
        }
        if (!options.region().isEmpty()) {
            hadoop.set(SETTINGS + bucket + REGION, options.region());
        }
        if (options.pathStyle()) {
            hadoop.setBoolean(SETTINGS + bucket + PATH_STYLE, true);
        }
        if (options.encryption() != S3Encryption.BY_BUCKET) {
            hadoop.setEnum(SETTINGS + bucket + ENCRYPTION, options.encryption());
        }
        if (!options.kmsKey().isEmpty()) {
            hadoop.set(SETTINGS + bucket + KMS_KEY, options.kmsKey());
        }
        if (options.owners().containsKey(bucket)) {
            hadoop.set(SETTINGS + bucket + OWNER, options.owners().get(bucket));
        }
    }

    private static StorageOptions told(Configuration hadoop, String bucket) {
        String owner = hadoop.get(SETTINGS + bucket + OWNER, "");
        return new StorageOptions(
                hadoop.get(SETTINGS + bucket + ENDPOINT, ""),
                hadoop.get(SETTINGS + bucket + REGION, ""),
                hadoop.getBoolean(SETTINGS + bucket + PATH_STYLE, false),
                hadoop.getEnum(SETTINGS + bucket + ENCRYPTION, S3Encryption.BY_BUCKET),
                hadoop.get(SETTINGS + bucket + KMS_KEY, ""),
                owner.isEmpty() ? Map.of() : Map.of(bucket, owner));
    }

    @Override
    public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration hadoop)
            throws FileAlreadyExistsException {
        String bucket = path.toUri().getAuthority();
        Storage log = Storages.open("s3://" + bucket + path.getParent().toUri().getPath(), told(hadoop, bucket));
        StringBuilder lines = new StringBuilder();
        actions.forEachRemaining(action -> lines.append(action).append('\n'));
        byte[] content = lines.toString().getBytes(StandardCharsets.UTF_8);
        if (overwrite) {
            log.put(path.getName(), content);
        } else if (!log.putIfAbsent(path.getName(), content)) {
            throw new FileAlreadyExistsException(path.toString());
        }
    }

    @Override
    public Boolean isPartialWriteVisible(Path path, Configuration hadoop) {
        return false;
    }
}
