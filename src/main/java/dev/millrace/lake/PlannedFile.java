package dev.millrace.lake;

import dev.millrace.run.DataFile;
import dev.millrace.storage.Sha256;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * A file that is to be written: a unit of work.
 *
 * @param partition the folders below the table's that it goes to, with a slash at their end; empty text without any
 * @param slices what it consists of, in this order
 */
public record PlannedFile(String partition, List<Slice> slices) implements Serializable {
    private static final int ID_BYTES = 10;

    public PlannedFile {
        slices = List.copyOf(slices);
        if (slices.isEmpty()) {
            throw new IllegalArgumentException("A file of nothing in partition " + partition);
        }
    }

    /** Derived from what it consists of, and from the purpose: what else decides on the result. */
    public String id(String purpose) {
        MessageDigest digest = Sha256.digest();
        digest.update(purpose.getBytes(StandardCharsets.UTF_8));
        for (Slice slice : slices) {
            digest.update((byte) 0);
            digest.update(slice.file().path().getBytes(StandardCharsets.UTF_8));
            if (!slice.isWhole()) {
                digest.update((byte) 0);
                digest.update((slice.fromRow() + "-" + slice.toRow()).getBytes(StandardCharsets.UTF_8));
            }
        }
        return "g" + HexFormat.of().formatHex(digest.digest(), 0, ID_BYTES);
    }

    /** A file that it begins or ends within a row group of, so that pages cannot make it. */
    public Optional<DataFile> cutFile() {
        return slices.stream()
                .filter(slice -> !slice.isOfGroups())
                .map(Slice::file)
                .findFirst();
    }

    /** All files that it takes rows of. */
    public List<DataFile> files() {
        List<DataFile> files = new ArrayList<>();
        slices.forEach(slice -> files.add(slice.file()));
        return files;
    }
}
