package dev.millrace.storage;

import dev.millrace.fault.Fault;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Opens the storage that a location names. */
public final class Storages {
    private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(.*)", Pattern.DOTALL);
    private static final Pattern FILE = Pattern.compile("(?://(?:localhost)?)?(/(?!/).*)", Pattern.DOTALL);

    private Storages() {}

    /**
     * The storage below a local path, a {@code file:} uri, or an {@code s3://bucket/prefix/} or {@code s3a://} uri.
     * Nothing is read or written yet: a folder that is missing is created by the first write.
     *
     * @throws Fault of kind USER for any other location
     */
    public static Storage open(String location, StorageOptions options) {
        Matcher uri = SCHEME.matcher(location);
        if (!uri.matches()) {
            return new LocalStorage(folder(location, location));
        }
        switch (uri.group(1).toLowerCase(Locale.ROOT)) {
            case "file" -> {
                Matcher file = FILE.matcher(uri.group(2));
                if (file.matches()) {
                    return new LocalStorage(folder(location, file.group(1)));
                }
            }
            case "s3", "s3a" -> {
                Optional<S3Location> s3 = S3Location.parse(location);
                if (s3.isPresent()) {
                    return new S3Storage(s3.get().bucket(), s3.get().key(), options);
                }
            }
            default -> {}
        }
        throw invalid(location);
    }

    private static Path folder(String location, String path) {
        if (path.isBlank() || path.indexOf('\0') >= 0) {
            throw invalid(location);
        }
        try {
            return Path.of(path);
        } catch (InvalidPathException e) {
            throw invalid(location);
        }
    }

    private static Fault invalid(String location) {
        return Fault.user("Invalid location: " + location.replace("\0", "\\0")
                + ": must be a local path, file:///folder/, s3://bucket/prefix/ or s3a://bucket/prefix/");
    }
}
