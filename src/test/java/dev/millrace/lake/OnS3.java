package dev.millrace.lake;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.S3Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** A job of {@link Accesses} whose staging and lake lie in buckets of their own, and what readers see of it. */
final class OnS3 {
    private OnS3() {}

    static Accesses job(SparkSession spark) {
        Accesses job = new Accesses(spark, storage("a staging/"), storage("a lake/"));
        S3a.configure(spark, job.staging, S3Server.options());
        S3a.configure(spark, job.lake, S3Server.options());
        return job;
    }

    static Storage storage(String prefix) {
        return Storages.open("s3://" + S3Server.newBucket() + "/" + prefix, S3Server.options());
    }

    /** What a reader sees that has nothing of Java's. */
    static List<String> python(Path folder, Storage lake, String table) {
        return Readers.python(
                folder,
                lake.uri(table),
                Map.of(
                        "AWS_ENDPOINT_URL", S3Server.front().uri().toString(),
                        "AWS_ALLOW_HTTP", "true",
                        "AWS_REGION", "us-east-1",
                        "AWS_ACCESS_KEY_ID", "test",
                        "AWS_SECRET_ACCESS_KEY", "test"));
    }

    /** Brings files to the local disk, for readers that take only local ones. */
    static void download(Storage lake, String folder, Path target) {
        for (StoredFile file : lake.list(folder)) {
            Path path = target.resolve(file.path());
            try (InputStream in = lake.open(file.path())) {
                Files.createDirectories(path.getParent());
                Files.copy(in, path);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
