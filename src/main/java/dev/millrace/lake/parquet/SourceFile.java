package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A source being merged: its footer, and its bytes as far as they are in memory. A small file is read by one request;
 * of a larger one first the end, then row by row group.
 */
final class SourceFile {
    /** Larger files are read in parts, and what is too large for memory in parts of this size. */
    static final int WHOLE_BYTES = 8 << 20;

    /** Holds almost every footer. */
    static final int TAIL_BYTES = 16 << 10;

    private static final int ENDING = 8;
    private static final String MAGIC = "PAR1";
    private static final String ENCRYPTED_MAGIC = "PARE";

    private final MergeSource source;
    private final FileMeta meta;
    private final Bytes memory;
    private final Bytes window = new Bytes(0);
    private final int windowBytes;

    /** Where the file lies in memory, or less than nothing where it is read in parts. */
    private int wholeAt;

    /** The column indexes of a file that is not in memory whole, from {@link #indexesFrom}; read when first asked for. */
    private byte[] indexes = {};

    private long indexesFrom = -1;

    private SourceFile(MergeSource source, FileMeta meta, Bytes memory, int wholeAt, int windowBytes) {
        this.source = source;
        this.meta = meta;
        this.memory = memory;
        this.wholeAt = wholeAt;
        this.windowBytes = windowBytes;
    }

    /**
     * Opens a file.
     *
     * @param doing what messages begin with, before the file's name
     * @param memory takes the file, if it is small, and later its row groups, behind what is there
     * @param wholeBytes files of at most so many are small
     * @throws Refusal for what cannot be merged
     * @throws Fault that names the file, for what is no Parquet file
     */
    static SourceFile open(MergeSource source, FooterParser footers, Bytes memory, String doing, int wholeBytes) {
        long bytes = source.bytes();
        int at = memory.size();
        try {
            if (bytes < MAGIC.length() + ENDING) {
                throw new CorruptBytes("it has " + bytes + " bytes");
            }
            boolean isSmall = bytes <= wholeBytes;
            int tailBytes = (int) Math.min(bytes, isSmall ? bytes : TAIL_BYTES);
            Bytes end = isSmall ? memory : new Bytes(TAIL_BYTES);
            read(source, bytes - tailBytes, tailBytes, end);
            int footerBytes = footerBytes(end.array(), end.size(), bytes);
            if (footerBytes + ENDING > tailBytes) {
                end.clear();
                read(source, bytes - ENDING - footerBytes, footerBytes + ENDING, end);
            }
            int footerEnd = end.size() - ENDING;
            FileMeta meta = footers.parse(end.array(), footerEnd - footerBytes, footerEnd);
            for (RowGroupMeta group : meta.rowGroups()) {
                // Of chunks without values some writers note any place.
                for (ChunkMeta chunk : group.rows() == 0 ? List.<ChunkMeta>of() : group.chunks()) {
                    if (chunk.from() < MAGIC.length() || chunk.to() > bytes - ENDING - footerBytes) {
                        throw new CorruptBytes("a column chunk lies at bytes " + chunk.from() + " to " + chunk.to());
                    }
                }
            }
            return new SourceFile(source, meta, memory, isSmall ? at : -1, wholeBytes);
        } catch (Refusal refusal) {
            throw new Refusal(refusal.reason(), source.name() + ": " + refusal.getMessage());
        } catch (CorruptBytes corrupt) {
            throw Fault.world(doing + " " + source.name() + ": no valid Parquet file: " + corrupt.getMessage()
                    + "; restore the file, or leave it out");
        }
    }

    /** Opens a file of which nothing but the footer is wanted. */
    static SourceFile openFooter(MergeSource source, String doing) {
        return open(source, new FooterParser(), new Bytes(TAIL_BYTES), doing, TAIL_BYTES);
    }

    private static void read(MergeSource source, long from, int length, Bytes into) {
        source.read(from, into.reserve(length), into.size(), length);
        into.advance(length);
    }

    private static int footerBytes(byte[] tail, int end, long bytes) {
        String magic = new String(tail, end - MAGIC.length(), MAGIC.length(), StandardCharsets.ISO_8859_1);
        if (magic.equals(ENCRYPTED_MAGIC)) {
            throw new Refusal(MergeOutcome.Reason.ENCRYPTION, "the footer is encrypted");
        }
        if (!magic.equals(MAGIC)) {
            throw new CorruptBytes("it does not end with " + MAGIC);
        }
        int footerBytes = LittleEndian.intAt(tail, end - ENDING);
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

    /** Forgets all that is in memory but this file. */
    void keepAlone() {
        if (wholeAt < 0) {
            memory.clear();
            return;
        }
        int bytes = (int) source.bytes();
        System.arraycopy(memory.array(), wholeAt, memory.array(), 0, bytes);
        memory.cutTo(bytes);
        wholeAt = 0;
    }

    /** A row group, read into memory unless it is larger than some bytes: then its pages are read one by one. */
    SourceGroup group(int index, long mostBytes) {
        RowGroupMeta group = meta.rowGroups().get(index);
        if (wholeAt >= 0) {
            return new SourceGroup(this, group, OptionalLong.of(wholeAt));
        }
        long bytes = group.to() - group.from();
        if (bytes > mostBytes) {
            return new SourceGroup(this, group, OptionalLong.empty());
        }
        int at = memory.size();
        read(source, group.from(), (int) bytes, memory);
        return new SourceGroup(this, group, OptionalLong.of(at - group.from()));
    }

    /** The pages of a chunk. */
    ChunkBytes pages(ChunkMeta chunk, OptionalLong origin) {
        return origin.isPresent()
                ? ChunkBytes.held(memory, (int) (origin.getAsLong() + chunk.from()), (int) chunk.bytes())
                : ChunkBytes.window(window, windowBytes, source, chunk.from(), chunk.to());
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
        if (wholeAt < 0 && indexesFrom < 0) {
            readIndexes();
        }
        byte[] bytes = wholeAt >= 0 ? memory.array() : indexes;
        int at = (int) (wholeAt >= 0 ? wholeAt + from : from - indexesFrom);
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
        indexes = new byte[Math.toIntExact(to - indexesFrom)];
        source.read(indexesFrom, indexes, 0, indexes.length);
    }
}
