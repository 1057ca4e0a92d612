package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.util.OptionalInt;
import java.util.zip.CRC32;

/** Goes through the pages of column chunks, and holds them against their checksums and what the footer says of them. */
final class ChunkWalk {
    /** Most that a page may take in memory, compressed and not. DuckDB makes pages of up to 100 MB. */
    private static final int LARGEST_PAGE = 160 << 20;

    /** Holds almost every header of a page. */
    private static final int HEADER_BYTES = 64 << 10;

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

    /** Takes pages. Their bytes are there until the next one comes, those of chunks in memory until the chunk's end. */
    interface Pages {
        void dictionary(PageHeader header, byte[] bytes, int body);

        /** Takes a data page. Returns how many rows begin in it. */
        int data(PageHeader header, byte[] bytes, int body);
    }

    /**
     * Goes through a chunk.
     *
     * @throws Fault that names file, column and page, where bytes are not as they should be
     * @throws Refusal that names them, where they are such as cannot be handled
     */
    void walk(SourceChunk chunk, LeafColumn column, Pages pages) {
        ChunkBytes bytes = chunk.pages();
        long values = 0;
        long rows = 0;
        for (int number = 0; bytes.rest() > 0 && values < chunk.meta().values(); number++) {
            try {
                PageHeader header = header(bytes);
                if (header.compressed() > bytes.rest()) {
                    throw new CorruptBytes(
                            "it has " + header.compressed() + " bytes, the chunk only " + bytes.rest() + " more");
                }
                if (inMemory(header, chunk.meta()) > LARGEST_PAGE) {
                    throw new Refusal(
                            MergeOutcome.Reason.SIZE,
                            "it has " + header.compressed() + " bytes for " + header.uncompressed());
                }
                bytes.require(header.compressed());
                requireCrc(header, bytes);
                if (header.isData()) {
                    values += header.values();
                    rows += header.values() == 0 ? 0 : pages.data(header, bytes.array(), bytes.at());
                } else if (header.kind() == PageHeader.Kind.DICTIONARY) {
                    pages.dictionary(header, bytes.array(), bytes.at());
                }
                bytes.forward(header.compressed());
            } catch (CorruptBytes corrupt) {
                throw corrupt(chunk, column, "page " + number + ": " + corrupt.getMessage(), corrupt);
            } catch (IndexOutOfBoundsException outside) {
                throw corrupt(chunk, column, "page " + number + ": bytes are missing", outside);
            } catch (Refusal refusal) {
                throw new Refusal(
                        refusal.reason(),
                        chunk.file().name() + ": column " + column.path() + ", page " + number + ": "
                                + refusal.getMessage());
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
                doing + " " + chunk.file().name() + ": column " + column.path() + ", " + what + "; " + remedy, cause);
    }

    private static long inMemory(PageHeader header, ChunkMeta chunk) {
        return chunk.codec() == PageCodec.UNCOMPRESSED
                ? header.compressed()
                : (long) header.compressed() + header.uncompressed();
    }

    /** Reads the header of the next page, and passes over it. */
    private static PageHeader header(ChunkBytes bytes) {
        for (int room = HEADER_BYTES; ; room *= 8) {
            bytes.require(room);
            try {
                ThriftReader in = new ThriftReader(bytes.array(), bytes.at(), bytes.end());
                PageHeader header = PageHeader.read(in);
                bytes.forward(in.position() - bytes.at());
                return header;
            } catch (CorruptBytes corrupt) {
                // Perhaps it only does not end here.
                if (bytes.rest() == bytes.end() - bytes.at() || room > LARGEST_PAGE) {
                    throw corrupt;
                }
            }
        }
    }

    private void requireCrc(PageHeader header, ChunkBytes bytes) {
        OptionalInt expected = header.crc();
        if (expected.isPresent()) {
            crc.reset();
            crc.update(bytes.array(), bytes.at(), header.compressed());
            if ((int) crc.getValue() != expected.getAsInt()) {
                throw new CorruptBytes(String.format(
                        "its checksum is %08x, and should be %08x", (int) crc.getValue(), expected.getAsInt()));
            }
        }
    }
}
