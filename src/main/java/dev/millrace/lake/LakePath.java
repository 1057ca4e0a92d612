package dev.millrace.lake;

import dev.millrace.storage.Storage;

/** Paths of storage as Hadoop, and so Spark and Delta, name them. */
final class LakePath {
    private LakePath() {}

    /** Our {@code s3://} is Hadoop's {@code s3a://}. */
    static String hadoop(Storage storage, String path) {
        String uri = storage.uri(path);
        return uri.startsWith("s3://") ? "s3a" + uri.substring("s3".length()) : uri;
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
