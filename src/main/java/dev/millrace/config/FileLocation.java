package dev.millrace.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A file, local or on S3.
 *
 * @param folder that it lies in
 * @param name of the file, without a slash
 */
public record FileLocation(Location folder, String name) {
    static final String RULE =
            "must be a file: a local path, file:///path/name, s3://bucket/prefix/name or s3a://bucket/prefix/name";

    /**
     * Reads a file's place as job files and manifests write it.
     *
     * @param text a local path, {@code file:///…}, {@code s3://bucket/key} or {@code s3a://bucket/key}
     * @param base what a relative local path starts from
     * @return empty where it is none of these, or a folder
     */
    public static Optional<FileLocation> parse(String text, Path base) {
        if (text.endsWith("/")) {
            return Optional.empty();
        }
        return Location.parse(text, base).flatMap(place -> {
            String uri = place.uri().substring(0, place.uri().length() - 1);
            int slash = uri.lastIndexOf('/');
            Location folder = new Location(uri.substring(0, slash + 1));
            // A bucket is no file.
            return slash + 1 < uri.length() && folder.hasRoot()
                    ? Optional.of(new FileLocation(folder, uri.substring(slash + 1)))
                    : Optional.empty();
        });
    }

    public String uri() {
        return folder.uri() + name;
    }

    @Override
    public String toString() {
        return uri();
    }
}
