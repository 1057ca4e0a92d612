package dev.millrace.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A folder, local or on S3.
 *
 * @param uri {@code file:///…/} or {@code s3://bucket/prefix/}, absolute, with a trailing slash, nothing percent-encoded
 */
public record Location(String uri) {
    private static final String LOCAL = "file://";
    private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(.*)");
    private static final Pattern S3 =
            Pattern.compile("s3a?://(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?<prefix>(/[^/]+)*)/?");
    private static final Pattern DOTS = Pattern.compile("(^|.*/)\\.{1,2}(/.*|$)");

    /**
     * Reads a folder as the job file writes it.
     *
     * @param text a local path, {@code file:///…}, {@code s3://bucket/prefix} or {@code s3a://bucket/prefix}
     * @param base what a relative local path starts from
     * @return empty where it is none of these
     */
    public static Optional<Location> parse(String text, Path base) {
        Matcher s3 = S3.matcher(text);
        if (s3.matches()) {
            String prefix = s3.group("prefix");
            return DOTS.matcher(prefix).matches()
                    ? Optional.empty()
                    : Optional.of(new Location("s3://" + s3.group("bucket") + prefix + "/"));
        }
        return localPath(text, base).map(Location::of);
    }

    /** A local path as the job file writes it, absolute; empty where the text is none. */
    static Optional<Path> localPath(String text, Path base) {
        String path = text.startsWith(LOCAL + "/") ? text.substring(LOCAL.length()) : text;
        // Shells expand a tilde, nobody else does.
        if (path.isBlank() || path.startsWith("~") || SCHEME.matcher(path).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(base.toAbsolutePath().resolve(path).normalize());
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** The location of a local folder. */
    public static Location of(Path folder) {
        String path = folder.toAbsolutePath().normalize().toString();
        return new Location(LOCAL + (path.endsWith("/") ? path : path + "/"));
    }

    public boolean isLocal() {
        return uri.startsWith(LOCAL);
    }

    /** Whether it names a folder or bucket, and is not cut off before one. */
    boolean hasRoot() {
        return isLocal() || S3.matcher(uri).matches();
    }

    /** The folder on the local disk, where it is local. */
    public Optional<Path> path() {
        return isLocal() ? Optional.of(Path.of(uri.substring(LOCAL.length()))) : Optional.empty();
    }

    @Override
    public String toString() {
        return uri;
    }
}
