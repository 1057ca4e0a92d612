package dev.millrace.lake;

import dev.millrace.storage.Storage;
import org.apache.hadoop.fs.Path;

/** Paths of storage as Hadoop, and so Spark and Delta, name them. */
final class LakePath {
    private LakePath() {}

    /** Our {@code s3://} is Hadoop's {@code s3a://}. */
    static String hadoop(Storage storage, String path) {
        String uri = storage.uri(path);
        return uri.startsWith("s3://") ? "s3a" + uri.substring("s3".length()) : uri;
    }

    /** A file as {@link TableFiles#place} names it. */
    static String place(Storage storage, String path) {
        return new Path(hadoop(storage, path)).toUri().getPath();
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
