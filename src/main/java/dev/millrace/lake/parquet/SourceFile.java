package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A source being merged: its footer, and its bytes as far as they are in memory. A small file is read by one request;
 * of a larger one first the end, then row by row group.
 */
final class SourceFile {
    /** Larger files are read in parts. */
    static final int WHOLE_BYTES = 8 << 20;

    /** Holds almost every footer. */
    static final int TAIL_BYTES = 16 << 10;

    private static final int ENDING = 8;
    private static final String MAGIC = "PAR1";
    private static final String ENCRYPTED_MAGIC = "PARE";

    private final MergeSource source;
    private final FileMeta meta;
    private final Optional<byte[]> whole;

    /** The column indexes of a file that is not in memory whole, from {@link #indexesFrom}; read when first asked for. */
    private byte[] indexes = {};

    private long indexesFrom = -1;

    private SourceFile(MergeSource source, FileMeta meta, Optional<byte[]> whole) {
        this.source = source;
        this.meta = meta;
        this.whole = whole;
    }

    /**
     * @throws Refusal for what cannot be merged
     * @throws Fault that names the file, for what is no Parquet file
     */
    static SourceFile open(MergeSource source, FooterParser footers) {
        long bytes = source.bytes();
        try {
            if (bytes < MAGIC.length() + ENDING) {
                throw new CorruptBytes("it has " + bytes + " bytes");
            }
            boolean isSmall = bytes <= WHOLE_BYTES;
            int tailBytes = (int) Math.min(bytes, isSmall ? WHOLE_BYTES : TAIL_BYTES);
            byte[] tail = source.read(bytes - tailBytes, tailBytes);
            int footerBytes = footerBytes(tail, bytes);
            byte[] end = tail;
            if (footerBytes + ENDING > tail.length) {
                end = source.read(bytes - ENDING - footerBytes, footerBytes + ENDING);
            }
            FileMeta meta = footers.parse(end, end.length - ENDING - footerBytes, end.length - ENDING);
            for (RowGroupMeta group : meta.rowGroups()) {
                // Of chunks without values some writers note any place.
                for (ChunkMeta chunk : group.rows() == 0 ? List.<ChunkMeta>of() : group.chunks()) {
                    if (chunk.from() < MAGIC.length() || chunk.to() > bytes - ENDING - footerBytes) {
                        throw new CorruptBytes("a column chunk lies at bytes " + chunk.from() + " to " + chunk.to());
                    }
                }
            }
            return new SourceFile(source, meta, isSmall ? Optional.of(tail) : Optional.empty());
        } catch (Refusal refusal) {
            throw new Refusal(refusal.reason(), source.name() + ": " + refusal.getMessage());
        } catch (CorruptBytes corrupt) {
            throw Fault.world("Cannot merge " + source.name() + ": no valid Parquet file: " + corrupt.getMessage()
                    + "; restore the file, or leave it out");
        }
    }

    private static int footerBytes(byte[] tail, long bytes) {
        String magic = new String(tail, tail.length - MAGIC.length(), MAGIC.length(), StandardCharsets.ISO_8859_1);
        if (magic.equals(ENCRYPTED_MAGIC)) {
            throw new Refusal(MergeOutcome.Reason.ENCRYPTION, "the footer is encrypted");
        }
        if (!magic.equals(MAGIC)) {
            throw new CorruptBytes("it does not end with " + MAGIC);
        }
        int footerBytes = LittleEndian.intAt(tail, tail.length - ENDING);
        if (footerBytes <= 0 || footerBytes > bytes - MAGIC.length() - ENDING) {
            throw new CorruptBytes("its footer has " + footerBytes + " bytes");
        }
        return footerBytes;
    }

    String name() {
        return source.name();
    }

    FileMeta meta() {
        return meta;
    }

    /** A row group, read into memory unless it is larger than some bytes: then its chunks are read one by one. */
    SourceGroup group(int index, long mostBytes) {
        RowGroupMeta group = meta.rowGroups().get(index);
        if (whole.isPresent()) {
            return new SourceGroup(this, group, whole, 0);
        }
        long bytes = group.to() - group.from();
        return bytes > mostBytes
                ? new SourceGroup(this, group, Optional.empty(), 0)
                : new SourceGroup(this, group, Optional.of(read(group.from(), group.to())), group.from());
    }

    /** The bounds of a chunk's pages, where it has a column index. */
    Optional<PageBounds> pageBounds(ChunkMeta chunk) {
        if (chunk.columnIndexFrom().isEmpty() || chunk.columnIndexBytes() <= 0) {
            return Optional.empty();
        }
        long from = chunk.columnIndexFrom().getAsLong();
        if (from < 0 || from + chunk.columnIndexBytes() > source.bytes()) {
            throw Fault.world("Cannot merge " + name() + ": a column index lies at byte " + from
                    + "; restore the file, or leave it out");
        }
        if (whole.isEmpty() && indexesFrom < 0) {
            readIndexes();
        }
        byte[] bytes = whole.orElse(indexes);
        int at = (int) (from - (whole.isPresent() ? 0 : indexesFrom));
        try {
            return Optional.of(PageBounds.read(new ThriftReader(bytes, at, at + chunk.columnIndexBytes())));
        } catch (CorruptBytes corrupt) {
            throw Fault.world("Cannot merge " + name() + ": column index at byte " + from + ": " + corrupt.getMessage()
                    + "; restore the file, or leave it out");
        }
    }

    /** All at once: they lie one behind the other. */
    private void readIndexes() {
        List<ChunkMeta> indexed = meta.rowGroups().stream()
                .flatMap(group -> group.chunks().stream())
                .filter(chunk -> chunk.columnIndexFrom().isPresent() && chunk.columnIndexBytes() > 0)
                .toList();
        long to = indexed.stream()
                .mapToLong(chunk -> chunk.columnIndexFrom().getAsLong() + chunk.columnIndexBytes())
                .max()
                .orElse(0);
        indexesFrom = indexed.stream()
                .mapToLong(chunk -> chunk.columnIndexFrom().getAsLong())
                .min()
                .orElse(0);
        indexes = read(indexesFrom, to);
    }

    byte[] read(long from, long to) {
        if (to - from > Integer.MAX_VALUE - 64) {
            throw new Refusal(
                    MergeOutcome.Reason.SIZE, name() + ": " + (to - from) + " bytes of one column in one row group");
        }
        return source.read(from, (int) (to - from));
    }
}
