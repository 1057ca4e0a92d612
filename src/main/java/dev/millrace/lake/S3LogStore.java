package dev.millrace.lake;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import io.delta.storage.HadoopFileSystemLogStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Iterator;
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
    private static final String SETTINGS = "millrace.s3.";

    public S3LogStore(Configuration hadoop) {
        super(hadoop);
    }

    /** Notes in a configuration how our client reaches a bucket; what is not noted is as by default. */
    static void tell(Configuration hadoop, String bucket, StorageOptions options) {
        String prefix = SETTINGS + bucket + ".";
        hadoop.set(prefix + "endpoint", options.endpoint());
        hadoop.set(prefix + "region", options.region());
        hadoop.setBoolean(prefix + "path-style", options.pathStyle());
    }

    private static StorageOptions told(Configuration hadoop, String bucket) {
        String prefix = SETTINGS + bucket + ".";
        return new StorageOptions(
                hadoop.get(prefix + "endpoint", ""),
                hadoop.get(prefix + "region", ""),
                hadoop.getBoolean(prefix + "path-style", false));
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
