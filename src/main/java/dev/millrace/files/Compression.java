package dev.millrace.files;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** How a file is compressed. Its first bytes tell, whatever its name says. */
enum Compression {
    NONE,
    GZIP,
    ZSTD,
    BZIP2;

    /** Tells it from a file's first bytes. */
    static Compression of(byte[] head) {
        int length = head.length;
        if (length >= 3 && at(head, 0) == 0x1F && at(head, 1) == 0x8B && at(head, 2) == 8) {
            return GZIP;
        }
        boolean zstdEnd = length >= 4 && at(head, 1) == 0xB5 && at(head, 2) == 0x2F && at(head, 3) == 0xFD;
        boolean skippable = length >= 4 && at(head, 1) == 0x2A && at(head, 2) == 0x4D && at(head, 3) == 0x18;
        if ((zstdEnd && at(head, 0) == 0x28) || (skippable && at(head, 0) >> 4 == 5)) {
            return ZSTD;
        }
        // "BZh", the block size, then pi for a block or its root for the end of an empty file.
        boolean bzip = length >= 10 && head[0] == 'B' && head[1] == 'Z' && head[2] == 'h' && head[3] >= '1';
        boolean block = at(head, 4) == 0x31 && at(head, 5) == 0x41 && at(head, 6) == 0x59 && at(head, 7) == 0x26;
        boolean none = at(head, 4) == 0x17 && at(head, 5) == 0x72 && at(head, 6) == 0x45 && at(head, 7) == 0x38;
        return bzip && head[3] <= '9' && (block || none) ? BZIP2 : NONE;
    }

    private static int at(byte[] head, int i) {
        return i < head.length ? head[i] & 0xFF : -1;
    }

    /** What else a file's first bytes say it is, where that is nothing that can be read. */
    static Optional<String> unreadable(byte[] head) {
        int length = head.length;
        if (length >= 6 && at(head, 0) == 0xFD && head[1] == '7' && head[2] == 'z' && head[3] == 'X') {
            return Optional.of("compressed by xz");
        }
        if (length >= 4 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4) {
            return Optional.of("a zip archive");
        }
        if (length >= 10 && at(head, 0) == 0xFF && head[1] == 6 && head[4] == 's' && head[5] == 'N') {
            return Optional.of("compressed by snappy");
        }
        if (length >= 4 && at(head, 0) == 4 && at(head, 1) == 0x22 && at(head, 2) == 0x4D && at(head, 3) == 0x18) {
            return Optional.of("compressed by lz4");
        }
        boolean little = length >= 2 && at(head, 0) == 0xFF && at(head, 1) == 0xFE;
        boolean big = length >= 2 && at(head, 0) == 0xFE && at(head, 1) == 0xFF;
        return little || big ? Optional.of("UTF-16") : Optional.empty();
    }

    /** The bytes as they were before they were compressed; what is broken or cut off is an IOException. */
    InputStream plain(InputStream in) throws IOException {
        return switch (this) {
            case NONE -> in;
            case GZIP -> new GzipInput(in);
            case ZSTD -> new ZstdInputStreamNoFinalizer(in).setContinuous(false);
            case BZIP2 -> new Bzip2Input(in);
        };
    }
}
