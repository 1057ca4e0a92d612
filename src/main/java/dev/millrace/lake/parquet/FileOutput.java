package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The merged file as it grows: chunks, then indexes, then the footer. */
final class FileOutput {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

    private final OutputStream out;
    private final List<WrittenGroup> groups = new ArrayList<>();
    private long at;

    FileOutput(OutputStream out) {
        this.out = out;
        write(MAGIC, 0, MAGIC.length);
    }

    long bytes() {
        return at;
    }

    int rowGroups() {
        return groups.size();
    }

    long rows() {
        return groups.stream().mapToLong(WrittenGroup::rows).sum();
    }

    void beginGroup(long rows) {
        groups.add(new WrittenGroup(rows, new ArrayList<>()));
    }

    /**
     * Adds a chunk to the present row group, whose pages were written.
     *
     * @param from where its first page begins
     */
    void add(WrittenChunk chunk, long from) {
        groups.get(groups.size() - 1).chunks().add(new PlacedChunk(chunk, from));
    }

    /** Writes indexes and footer. */
    void end(Footer footer) {
        Bytes bytes = new Bytes(1 << 16);
        for (WrittenGroup group : groups) {
            for (PlacedChunk chunk : footer.hasBounds() ? group.chunks() : List.<PlacedChunk>of()) {
                chunk.placeColumnIndex(at + bytes.size(), PageIndexes.writeColumnIndex(chunk.chunk(), bytes));
            }
        }
        for (WrittenGroup group : groups) {
            for (PlacedChunk chunk : group.chunks()) {
                chunk.placeOffsetIndex(
                        at + bytes.size(), PageIndexes.writeOffsetIndex(chunk.chunk(), chunk.from(), bytes));
            }
        }
        int before = bytes.size();
        footer.write(groups, bytes);
        bytes.putInt(bytes.size() - before);
        bytes.put(MAGIC);
        write(bytes);
    }

    void write(Bytes bytes) {
        write(bytes.array(), 0, bytes.size());
    }

    void write(byte[] bytes, int from, int length) {
        try {
            out.write(bytes, from, length);
        } catch (IOException e) {
            throw Fault.world("Cannot write the merged file: " + e.getMessage(), e);
        }
        at += length;
    }
}
