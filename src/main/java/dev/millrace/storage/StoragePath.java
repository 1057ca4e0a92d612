package dev.millrace.storage;

import dev.millrace.fault.Fault;

/** The rule for paths below a storage's root. */
final class StoragePath {
    /** Names that begin so are ours while we write; listings hide them. */
    static final String HIDDEN = ".~";

    private StoragePath() {}

    /** Checks the path of a file. */
    static String file(String path) {
        if (path.isEmpty()) {
            throw refused(path, "must name a file");
        }
        checkSegments(path, path);
        return path;
    }

    /** Checks the beginning of paths: it may end within a name or with a slash, or be empty. */
    static String prefix(String prefix) {
        String segments = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
        if (!prefix.isEmpty()) {
            checkSegments(prefix, segments);
        }
        return prefix;
    }

    /** Checks a folder: empty for the root, else with a slash at its end. */
    static String folder(String folder) {
        if (!folder.isEmpty() && !folder.endsWith("/")) {
            throw refused(folder, "a folder ends with /");
        }
        return prefix(folder);
    }

    static boolean isHidden(String name) {
        return name.startsWith(HIDDEN);
    }

    private static void checkSegments(String path, String segments) {
        for (int from = 0; from <= segments.length(); ) {
            int slash = segments.indexOf('/', from);
            int to = slash < 0 ? segments.length() : slash;
            String segment = segments.substring(from, to);
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..") || segment.indexOf('\0') >= 0) {
                throw refused(path, "must be relative, without empty names, ., .. and NUL");
            }
            if (isHidden(segment)) {
                throw refused(path, "names that begin with " + HIDDEN + " are reserved");
            }
            from = to + 1;
        }
    }

    private static Fault refused(String path, String rule) {
        return Fault.user("Invalid path: " + (path.isEmpty() ? "(empty)" : path.replace("\0", "\\0")) + ": " + rule);
    }
}
