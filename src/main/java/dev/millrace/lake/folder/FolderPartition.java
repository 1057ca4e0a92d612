package dev.millrace.lake.folder;

import dev.millrace.storage.StoredFile;
import java.util.List;

/**
 * The files of one folder that rows never leave.
 *
 * @param path of the folder below the table's, byte for byte as it is, with a slash at its end; empty for the table's own
 * @param files as they were listed, in the order of their paths
 */
public record FolderPartition(String path, List<StoredFile> files) {
    public FolderPartition {
        files = List.copyOf(files);
    }

    /** As messages name it. */
    String label() {
        return label(path);
    }

    static String label(String path) {
        return path.isEmpty() ? "the folder" : path;
    }

    public long bytes() {
        return files.stream().mapToLong(StoredFile::bytes).sum();
    }
}
