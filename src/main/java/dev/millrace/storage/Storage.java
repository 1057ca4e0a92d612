package dev.millrace.storage;

import dev.millrace.fault.Fault;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Files under one root: a local folder or an S3 prefix.
 *
 * <p>Paths are relative to the root, separated by {@code /}, and never leave it: an absolute path, an empty
 * segment, {@code .}, {@code ..} or a NUL is a {@link dev.millrace.fault.Fault} of kind USER that names it. A file is
 * seen whole or not at all. Serializable, so a Spark task can carry it; clients are opened where it is used. Every
 * failure of the disk or the network is a {@link dev.millrace.fault.Fault} of kind WORLD that names the file's uri.
 */
public interface Storage extends Serializable {
    /** The root with a trailing slash: {@code file:///…/} or {@code s3://bucket/prefix/}. */
    String root();

    /** The full uri of a path, as manifests write it. */
    default String uri(String path) {
        return root() + path;
    }

    /**
     * Refuses to begin where no second attempt would be of use: there is no such bucket, or there are no credentials.
     * What else keeps it from being used is told by whatever uses it.
     *
     * @throws dev.millrace.fault.Fault of kind USER
     */
    default void requireUsable() {}

    /** The path of a full uri below this root. Throws when the uri lies elsewhere. */
    String pathOf(String uri);

    /** All files whose path begins with {@code prefix}, sorted by path. A missing folder is an empty list. */
    List<StoredFile> list(String prefix);

    /**
     * The names directly below a folder (given with trailing slash, or empty for the root): files, and folders with a
     * trailing slash; sorted.
     */
    List<String> names(String folder);

    /** A small file whole, or empty where there is none. */
    Optional<Versioned> find(String path);

    /** Size and etag without reading, or empty where there is none. */
    Optional<StoredFile> stat(String path);

    /** A file's bytes from the beginning, buffered. A read that breaks off is resumed where the store can. */
    InputStream open(String path);

    /**
     * The bytes from an offset on of a file as it was listed; empty when it is gone or another by now. On a local disk
     * a file that is changed while it is read is not noticed.
     */
    default Optional<InputStream> open(StoredFile file, long from) {
        boolean same =
                stat(file.path()).filter(now -> now.etag().equals(file.etag())).isPresent();
        if (!same) {
            return Optional.empty();
        }
        InputStream in = open(file.path());
        try {
            in.skipNBytes(from);
        } catch (IOException e) {
            throw Fault.world("Cannot read " + uri(file.path()) + " from byte " + from + ": " + e.getMessage(), e);
        }
        return Optional.of(in);
    }

    /**
     * Reads a range of a file as it was listed, whole, into an array. On a local disk a file that is changed while it
     * is read is not noticed.
     *
     * @param at where in the array
     * @return false where the file is gone or another by now
     */
    default boolean read(StoredFile file, long from, byte[] into, int at, int length) {
        Optional<InputStream> opened = open(file, from);
        if (opened.isEmpty()) {
            return false;
        }
        try (InputStream in = opened.get()) {
            int read = in.readNBytes(into, at, length);
            if (read < length) {
                throw new EOFException("ends at byte " + (from + read) + " of " + file.bytes());
            }
            return true;
        } catch (IOException e) {
            throw Fault.world("Cannot read " + uri(file.path()) + ": " + e.getMessage(), e);
        }
    }

    /** A new file, seen under its name only after {@link Upload#commit}; replaces what stood there. */
    Upload create(String path);

    /**
     * Makes a file of this or another storage a file here, durable; where the two allow it without reading the bytes:
     * by a hard link, or by a copy within S3. What stands under the name already and has the same size is taken for it,
     * so this may be repeated, and done twice at once, for files that never change under names that nobody else gives.
     *
     * @param source the storage that has the file
     * @param from its path there
     * @param path its path here
     * @throws dev.millrace.fault.Fault of kind WORLD when the name is taken by a file of another size
     */
    default StoredFile bring(Storage source, String from, String path) {
        StoredFile there = source.stat(from)
                .orElseThrow(
                        () -> Fault.world("Cannot bring " + source.uri(from) + " to " + uri(path) + ": no such file"));
        Optional<StoredFile> here = stat(path);
        if (here.isPresent()) {
            return Brought.requireSame(this, there, here.get());
        }
        try (InputStream in = source.open(from);
                Upload upload = create(path)) {
            in.transferTo(upload.stream());
            return upload.commit();
        } catch (IOException e) {
            throw Fault.world("Cannot bring " + source.uri(from) + " to " + uri(path) + ": " + e.getMessage(), e);
        }
    }

    /** Writes a small file whole, replacing what stood there. */
    void put(String path, byte[] content);

    /** Writes a small file unless the name is taken. True for exactly one of any number of callers. */
    boolean putIfAbsent(String path, byte[] content);

    /** Replaces a small file only if its etag is still the given one. Returns the new etag, or empty. */
    Optional<String> compareAndPut(String path, String etag, byte[] content);

    /**
     * Removes a small file only if its etag is still the given one. Returns whether it did. On servers that speak S3
     * but do not know this condition, a replacement just before the removal goes with it.
     */
    default boolean compareAndDelete(String path, String etag) {
        boolean isSame = stat(path).filter(file -> file.etag().equals(etag)).isPresent();
        if (isSame) {
            delete(List.of(path));
        }
        return isSame;
    }

    /** Removes files; those that are gone already are no error. */
    void delete(Collection<String> paths);

    /**
     * Files below a prefix that were never finished: what processes leave that are killed while they write. Nobody sees
     * them, but they take space. What somebody is writing now is among them, and only its {@link StoredFile#modified}
     * tells: on S3 the begin of the upload, locally the last write. Not for any other method than {@link #discard}.
     */
    List<StoredFile> unfinished(String prefix);

    /** Removes what {@link #unfinished} found. Whoever is writing it all the same fails at its end. */
    void discard(Collection<StoredFile> unfinished);

    /** The file on the local disk, where this storage is local: for readers that take only local files. */
    Optional<Path> localPath(String path);
}
