package dev.millrace.files;

import dev.millrace.config.FolderPattern;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * The folder of a source's files. What lies in folders of other names than the pattern's is not of the source; nor is
 * what has a name, or lies in a folder with a name, that begins with {@code _} or {@code .}: others write their temporary
 * files so.
 */
public final class SourceFolder {
    /** Folders of a day are listed whole; above that, one by one, so that few files are held at once. */
    private static final int PARTS_OF_DAY = 3;

    private final Storage storage;
    private final FolderPattern pattern;
    private final FolderTime time;
    private final Pattern names;

    /**
     * @param storage of the pattern's base
     * @param names that files must have, with {@code *} and {@code ?}
     */
    public SourceFolder(Storage storage, FolderPattern pattern, String names) {
        this.storage = storage;
        this.pattern = pattern;
        this.time = new FolderTime(pattern);
        this.names = glob(names);
    }

    private static Pattern glob(String names) {
        StringBuilder regex = new StringBuilder();
        names.chars().forEach(c -> {
            switch (c) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                default -> regex.append(Pattern.quote(String.valueOf((char) c)));
            }
        });
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }

    /** The storage that the files' paths are relative to. */
    public Storage storage() {
        return storage;
    }

    FolderTime time() {
        return time;
    }

    boolean hasTime() {
        return pattern.hasTime();
    }

    @Override
    public String toString() {
        return pattern.toString();
    }

    /**
     * Gives all files in the order of their paths.
     *
     * @param since folders that tell an earlier time are not listed; empty: all are
     */
    void list(Optional<Instant> since, Consumer<StoredFile> found) {
        list("", 0, since.map(time::partsOf), found);
    }

    private void list(String folder, int depth, Optional<int[]> since, Consumer<StoredFile> found) {
        Optional<int[]> parts = time.ofFolder(folder, depth);
        if (parts.isEmpty()) {
            return;
        }
        int order = since.map(first -> compare(parts.get(), first)).orElse(1);
        if (order < 0) {
            return;
        }
        boolean isSmall = depth == time.depth() || (parts.get().length >= PARTS_OF_DAY && order > 0);
        if (isSmall) {
            storage.list(folder).stream().filter(this::isOfSource).forEach(found);
            return;
        }
        for (String name : storage.names(folder)) {
            if (name.endsWith("/")) {
                list(folder + name, depth + 1, since, found);
            }
        }
    }

    /** Below zero: earlier than the first; above: later; zero: as the first, as far as it tells. */
    private static int compare(int[] parts, int[] first) {
        for (int i = 0; i < parts.length; i++) {
            if (parts[i] != first[i]) {
                return Integer.compare(parts[i], first[i]);
            }
        }
        return 0;
    }

    private boolean isOfSource(StoredFile file) {
        String path = file.path();
        for (int from = 0; from < path.length(); ) {
            char first = path.charAt(from);
            if (first == '_' || (first == '.' && !isUnreadable(path))) {
                return false;
            }
            int slash = path.indexOf('/', from);
            from = slash < 0 ? path.length() : slash + 1;
        }
        String name = path.substring(path.lastIndexOf('/') + 1);
        return time.fits(path) && names.matcher(name).matches();
    }

    /** Whether no storage of ours opens a path: S3 has names that are no paths, such as {@code a//b}. */
    static boolean isUnreadable(String path) {
        String inner = "/" + path + "/";
        return inner.contains("//") || inner.contains("/./") || inner.contains("/../") || inner.indexOf('\0') >= 0;
    }
}
