package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.util.OptionalInt;
import java.util.zip.CRC32;

/** Goes through the pages of column chunks, and holds them against their checksums and what the footer says of them. */
final class ChunkWalk {
    /** Larger pages are not held in memory. */
    private static final int LARGEST_PAGE = 256 << 20;

    private final CRC32 crc = new CRC32();
    private final String doing;
    private final String remedy;

    /**
     * @param doing what messages begin with, before the file's name
     * @param remedy what they end with
     */
    ChunkWalk(String doing, String remedy) {
        this.doing = doing;
        this.remedy = remedy;
    }

    /** Takes pages. Offsets are of the chunk's bytes. */
    interface Pages {
        void dictionary(PageHeader header, int body);

        /** Takes a data page. Returns how many rows begin in it. */
        int data(PageHeader header, int body);
    }

    /**
     * Goes through a chunk.
     *
     * @throws Fault that names file, column and page, where bytes are not as they should be
     * @throws Refusal that names them, where they are such as cannot be handled
     */
    void walk(SourceChunk chunk, LeafColumn column, Pages pages) {
        int at = chunk.from();
        long values = 0;
        long rows = 0;
        for (int number = 0; at < chunk.to() && values < chunk.meta().values(); number++) {
            try {
                ThriftReader in = new ThriftReader(chunk.bytes(), at, chunk.to());
                PageHeader header = PageHeader.read(in);
                int body = in.position();
                if (header.compressed() > chunk.to() - body) {
                    throw new CorruptBytes("it has " + header.compressed() + " bytes, the chunk only "
                            + (chunk.to() - body) + " more");
                }
                if (header.uncompressed() > LARGEST_PAGE) {
                    throw new Refusal(MergeOutcome.Reason.SIZE, "it has " + header.uncompressed() + " bytes");
                }
                requireCrc(chunk, header, body);
                if (header.isData()) {
                    values += header.values();
                    rows += header.values() == 0 ? 0 : pages.data(header, body);
                } else if (header.kind() == PageHeader.Kind.DICTIONARY) {
                    pages.dictionary(header, body);
                }
                at = body + header.compressed();
            } catch (CorruptBytes corrupt) {
                throw corrupt(chunk, column, "page " + number + ": " + corrupt.getMessage(), corrupt);
            } catch (IndexOutOfBoundsException outside) {
                throw corrupt(chunk, column, "page " + number + ": bytes are missing", outside);
            } catch (Refusal refusal) {
                throw new Refusal(
                        refusal.reason(),
                        chunk.file() + ": column " + column.path() + ", page " + number + ": " + refusal.getMessage());
            }
        }
        if (values != chunk.meta().values()) {
            throw corrupt(
                    chunk,
                    column,
                    "its pages hold " + values + " values, the footer tells of "
                            + chunk.meta().values(),
                    null);
        }
        if (rows != chunk.rows()) {
            throw corrupt(chunk, column, "its pages hold " + rows + " rows, the footer tells of " + chunk.rows(), null);
        }
    }

    private Fault corrupt(SourceChunk chunk, LeafColumn column, String what, Throwable cause) {
        return Fault.world(
                doing + " " + chunk.file() + ": column " + column.path() + ", " + what + "; " + remedy, cause);
    }

    private void requireCrc(SourceChunk chunk, PageHeader header, int body) {
        OptionalInt expected = header.crc();
        if (expected.isPresent()) {
            crc.reset();
            crc.update(chunk.bytes(), body, header.compressed());
            if ((int) crc.getValue() != expected.getAsInt()) {
                throw new CorruptBytes(String.format(
                        "its checksum is %08x, and should be %08x", (int) crc.getValue(), expected.getAsInt()));
            }
        }
    }
}
