package dev.millrace.lake;

import dev.millrace.run.DataFile;
import dev.millrace.storage.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/**
 * Files that are read together and written again: a unit of work.
 *
 * @param id derived from the files and from what is done to them
 * @param files of which all rows are read
 */
record Group(String id, List<DataFile> files) {
    private static final int ID_BYTES = 10;

    Group {
        files = List.copyOf(files);
    }

    /** @param purpose what else decides on the result */
    static Group of(String purpose, List<DataFile> files) {
        MessageDigest digest = Sha256.digest();
        digest.update(purpose.getBytes(StandardCharsets.UTF_8));
        for (DataFile file : files) {
            digest.update((byte) 0);
            digest.update(file.path().getBytes(StandardCharsets.UTF_8));
        }
        return new Group("g" + HexFormat.of().formatHex(digest.digest(), 0, ID_BYTES), files);
    }

    long rows() {
        return files.stream().mapToLong(DataFile::rows).sum();
    }

    long bytes() {
        return files.stream().mapToLong(DataFile::bytes).sum();
    }
}
