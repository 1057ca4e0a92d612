package dev.millrace.lake.folder;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A plain Parquet folder of others, as it was listed. What has a hidden name is nobody's data: the rule is that of Spark,
 * {@code _} and {@code .} at the beginning but for {@code _column=value}. All other files are taken for Parquet, whatever
 * they are called, as Spark does.
 *
 * @param partitions in the order of their paths
 * @param unfit why partitions that were found cannot be compacted, by path
 */
record ParquetFolder(List<FolderPartition> partitions, Map<String, String> unfit) {
    private static final String COPYING = "._COPYING_";
    /** What EMRFS marks empty folders by. */
    private static final String FOLDER_MARK = "_$folder$";

    private static final String SUMMARY = "_metadata";

    ParquetFolder {
        partitions = List.copyOf(partitions);
        unfit = Map.copyOf(unfit);
    }

    /**
     * Lists a folder.
     *
     * @param storage whose root is the folder
     * @param partitionBy names of its partition columns from the outermost, as the user says; empty: whatever folders there are
     * @throws Fault of kind USER for a table of another format, and for a file that lies in no such partition
     */
    static ParquetFolder list(Storage storage, Optional<List<String>> partitionBy) {
        List<StoredFile> all = storage.list("");
        all.forEach(file -> requirePlain(storage, file.path()));
        Map<String, List<StoredFile>> found = new TreeMap<>();
        Map<String, String> unfit = new LinkedHashMap<>();
        for (StoredFile file : all) {
            if (isData(file.path())) {
                String folder = file.path().substring(0, file.path().lastIndexOf('/') + 1);
                partitionBy.ifPresent(columns -> requirePartition(storage, file.path(), folder, columns));
                found.computeIfAbsent(folder, none -> new ArrayList<>()).add(file);
                whyUnfit(storage, file).ifPresent(why -> unfit.putIfAbsent(folder, why));
                linkedFile(storage, file)
                        .ifPresent(target -> unfit.putIfAbsent(
                                target.substring(0, target.lastIndexOf('/') + 1),
                                storage.uri(target) + " is what the symbolic link " + storage.uri(file.path())
                                        + " leads to; put a copy of it in the link's place, or remove the link"));
            }
        }
        List<FolderPartition> partitions = new ArrayList<>();
        found.forEach((folder, files) -> {
            partitions.add(new FolderPartition(folder, files));
            if (!unfit.containsKey(folder)) {
                linked(storage, folder).ifPresent(why -> unfit.put(folder, why));
            }
        });
        return new ParquetFolder(partitions, unfit);
    }

    /** The files of one partition now. */
    static Map<String, StoredFile> filesOf(Storage storage, String partition) {
        Map<String, StoredFile> files = new LinkedHashMap<>();
        for (StoredFile file : storage.list(partition)) {
            if (file.path().indexOf('/', partition.length()) < 0) {
                files.put(file.path(), file);
            }
        }
        return files;
    }

    /** Refuses files that a table's own log names: they must not be replaced behind its back. */
    private static void requirePlain(Storage storage, String path) {
        OtherFormat.of(path).ifPresent(format -> {
            throw format.refusal(storage.uri(path));
        });
        if (path.equals(SUMMARY) || path.endsWith("/" + SUMMARY)) {
            throw Fault.user(
                    "Cannot compact " + storage.root() + ": " + storage.uri(path)
                            + " names the row groups of its files, and would be wrong afterwards; remove it, readers do without it");
        }
    }

    private static boolean isData(String path) {
        for (int from = 0; from < path.length(); ) {
            int slash = path.indexOf('/', from);
            int to = slash < 0 ? path.length() : slash;
            if (isHidden(path.substring(from, to))) {
                return false;
            }
            from = to + 1;
        }
        return !path.endsWith(FOLDER_MARK);
    }

    private static boolean isHidden(String name) {
        return (name.startsWith("_") && !name.contains("="))
                || (name.startsWith(".") && !name.equals(".") && !name.equals(".."))
                || name.endsWith(COPYING);
    }

    private static void requirePartition(Storage storage, String path, String folder, List<String> columns) {
        List<String> names = new ArrayList<>();
        boolean fits = true;
        for (String part : folder.isEmpty()
                ? new String[0]
                : folder.substring(0, folder.length() - 1).split("/", -1)) {
            int equals = part.indexOf('=');
            names.add(equals < 0 ? part : part.substring(0, equals));
            fits &= equals > 0;
        }
        if (!fits || !names.equals(columns)) {
            throw Fault.user("Invalid --partition-by: " + String.join(",", columns) + ": " + storage.uri(path)
                    + " lies in " + (folder.isEmpty() ? "no partition folder" : folder)
                    + "; the option says how a folder is partitioned and moves no row: give the columns that the folders"
                    + " have, or leave it out");
        }
    }

    private static boolean isUnreadable(String path) {
        String inner = "/" + path + "/";
        return inner.contains("//") || inner.contains("/./") || inner.contains("/../") || inner.indexOf('\0') >= 0;
    }

    private static Optional<String> whyUnfit(Storage storage, StoredFile file) {
        if (isUnreadable(file.path())) {
            return Optional.of("Cannot name " + storage.uri(file.path()).replace("\0", "\\0")
                    + ": it has an empty name, ., .. or NUL in its path; copy it to another name");
        }
        return storage.localPath(file.path())
                .filter(Files::isSymbolicLink)
                .map(link ->
                        storage.uri(file.path()) + " is a symbolic link: others may have its file too; put the file"
                                + " itself in its place, or remove the link");
    }

    /** The file of this folder that another one is a symbolic link to. */
    private static Optional<String> linkedFile(Storage storage, StoredFile file) {
        if (isUnreadable(file.path())) {
            return Optional.empty();
        }
        Optional<Path> link = storage.localPath(file.path()).filter(Files::isSymbolicLink);
        if (link.isEmpty()) {
            return Optional.empty();
        }
        try {
            Path root = root(storage).orElseThrow().toRealPath();
            Path target = link.get().toRealPath();
            return target.startsWith(root) ? Optional.of(root.relativize(target).toString()) : Optional.empty();
        } catch (IOException e) {
            throw Fault.world("Cannot read " + storage.uri(file.path()) + ": " + e.getMessage(), e);
        }
    }

    private static Optional<Path> root(Storage storage) {
        return storage.localPath(SUMMARY).map(Path::getParent);
    }

    /** A folder that is reached by links may be that of another partition too. */
    private static Optional<String> linked(Storage storage, String folder) {
        Optional<Path> root = root(storage);
        if (root.isEmpty() || folder.isEmpty()) {
            return Optional.empty();
        }
        try {
            Path real = root.get().toRealPath();
            return root.get().resolve(folder).toRealPath().equals(real.resolve(folder))
                    ? Optional.empty()
                    : Optional.of(storage.uri(folder)
                            + " is reached by a symbolic link: its files may be those of another partition too; compact"
                            + " the folder that it leads to");
        } catch (IOException e) {
            throw Fault.world("Cannot read " + storage.uri(folder) + ": " + e.getMessage(), e);
        }
    }
}
