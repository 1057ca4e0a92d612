package dev.millrace.lake.folder;

import dev.millrace.run.DataFile;
import dev.millrace.storage.StoredFile;
import java.util.List;

/**
 * The files of one folder that rows never leave.
 *
 * @param path of the folder below the table's, byte for byte as it is, with a slash at its end; empty for the table's own
 * @param files as they were listed, in the order of their paths
 */
record FolderPartition(String path, List<StoredFile> files) {
    FolderPartition {
        files = List.copyOf(files);
    }

    List<DataFile> dataFiles() {
        return files.stream()
                .map(file -> new DataFile("", file.path(), file.bytes(), 0, file.etag()))
                .toList();
    }

    long bytes() {
        return files.stream().mapToLong(StoredFile::bytes).sum();
    }
}
