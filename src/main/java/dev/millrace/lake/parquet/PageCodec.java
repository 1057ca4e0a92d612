package dev.millrace.lake.parquet;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import org.xerial.snappy.Snappy;

/** How the bodies of pages are compressed. For one thread. */
abstract class PageCodec implements AutoCloseable {
    static final PageCodec NONE = new None();

    /** Parquet's number of no compression. */
    static final int UNCOMPRESSED = 0;

    private static final int SNAPPY = 1;
    private static final int ZSTD = 6;
    private static final String[] NAMES = {"UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"};

    private PageCodec() {}

    /**
     * A codec by Parquet's number.
     *
     * @throws Refusal for one that is not known here
     */
    static PageCodec of(int number, int zstdLevel) {
        return switch (number) {
            case UNCOMPRESSED -> NONE;
            case SNAPPY -> new RawSnappy();
            case ZSTD -> new Zstd(zstdLevel);
            default -> throw new Refusal(MergeOutcome.Reason.CODEC, "compressed with " + name(number));
        };
    }

    static String name(int number) {
        return number >= 0 && number < NAMES.length ? NAMES[number] : "codec " + number;
    }

    /** Whether compressed bytes can be joined under a new length, as {@link SnappyBlock} does. */
    boolean isSnappy() {
        return false;
    }

    /** Whether what was compressed apart can follow each other as it is. */
    boolean hasFrames() {
        return false;
    }

    /**
     * Decompresses into a buffer, behind what it holds.
     *
     * @param uncompressed bytes that must come of it
     * @throws CorruptBytes for what is not compressed like this
     */
    abstract void decompress(byte[] bytes, int from, int length, int uncompressed, Bytes out);

    /** Compresses into a buffer, behind what it holds. */
    abstract void compress(byte[] bytes, int from, int length, Bytes out);

    @Override
    public void close() {}

    private static final class None extends PageCodec {
        @Override
        void decompress(byte[] bytes, int from, int length, int uncompressed, Bytes out) {
            if (length != uncompressed) {
                throw new CorruptBytes("it has " + length + " bytes, and should have " + uncompressed);
            }
            out.put(bytes, from, length);
        }

        @Override
        void compress(byte[] bytes, int from, int length, Bytes out) {
            out.put(bytes, from, length);
        }
    }

    private static final class RawSnappy extends PageCodec {
        @Override
        boolean isSnappy() {
            return true;
        }

        @Override
        void decompress(byte[] bytes, int from, int length, int uncompressed, Bytes out) {
            // The library writes as many bytes as the block says it holds, wherever the array ends.
            SnappyBlock.requireLength(bytes, from, from + length, uncompressed);
            try {
                out.reserve(uncompressed);
                int written = Snappy.uncompress(bytes, from, length, out.array(), out.size());
                if (written != uncompressed) {
                    throw new CorruptBytes("it holds " + written + " bytes, and should hold " + uncompressed);
                }
                out.advance(written);
            } catch (IOException e) {
                throw new CorruptBytes("it is no valid block of snappy", e);
            }
        }

        @Override
        void compress(byte[] bytes, int from, int length, Bytes out) {
            try {
                out.reserve(Snappy.maxCompressedLength(length));
                out.advance(Snappy.compress(bytes, from, length, out.array(), out.size()));
            } catch (IOException e) {
                throw new IllegalStateException("Snappy cannot compress " + length + " bytes", e);
            }
        }
    }

    private static final class Zstd extends PageCodec {
        private final ZstdDecompressCtx decompression = new ZstdDecompressCtx();
        private final ZstdCompressCtx compression = new ZstdCompressCtx();

        private Zstd(int level) {
            compression.setLevel(level);
        }

        @Override
        boolean hasFrames() {
            return true;
        }

        @Override
        void decompress(byte[] bytes, int from, int length, int uncompressed, Bytes out) {
            try {
                out.reserve(uncompressed);
                int written =
                        decompression.decompressByteArray(out.array(), out.size(), uncompressed, bytes, from, length);
                if (written != uncompressed) {
                    throw new CorruptBytes("it holds " + written + " bytes, and should hold " + uncompressed);
                }
                out.advance(written);
            } catch (ZstdException e) {
                throw new CorruptBytes("it is no valid frame of zstd: " + e.getMessage(), e);
            }
        }

        @Override
        void compress(byte[] bytes, int from, int length, Bytes out) {
            int most = Math.toIntExact(com.github.luben.zstd.Zstd.compressBound(length));
            out.reserve(most);
            out.advance(compression.compressByteArray(out.array(), out.size(), most, bytes, from, length));
        }

        @Override
        public void close() {
            decompression.close();
            compression.close();
        }
    }
}
