package dev.millrace.storage;

import java.time.Instant;

/**
 * A file as a listing shows it.
 *
 * @param path relative to the storage's root, separated by {@code /}
 * @param bytes its size
 * @param etag changes whenever the content does; on a local disk made of size, mtime in nanoseconds and inode
 * @param modified when it was last written
 */
public record StoredFile(String path, long bytes, String etag, Instant modified) {}
