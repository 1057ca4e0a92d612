package dev.millrace.lake.parquet;

/**
 * A raw block of snappy: its length, then elements, which are literal bytes and copies of what came so many bytes before.
 * Because copies are relative, the elements of blocks can follow each other under one new length, and literals at the
 * beginning can be taken off as long as no copy reaches into them.
 *
 * <p>Source: the format's description in snappy's {@code format_description.txt}.
 */
final class SnappyBlock {
    /** That a block cannot be joined to others as it is. */
    static final int CANNOT = -1;

    private static final int LITERAL = 0;
    private static final int SHORT_COPY = 1;
    private static final int COPY = 2;
    private static final int LONGEST_IN_TAG = 60;

    private SnappyBlock() {}

    /** Checks the length that a block begins with, and tells where its elements begin. */
    static int requireLength(byte[] bytes, int from, int to, int uncompressed) {
        long length = 0;
        int at = from;
        for (int shift = 0; shift <= 28; shift += 7) {
            if (at >= to) {
                break;
            }
            int next = bytes[at++] & 0xff;
            length |= (long) (next & 0x7f) << shift;
            if (next < 0x80) {
                if (length != uncompressed) {
                    throw new CorruptBytes("it holds " + length + " bytes, and should hold " + uncompressed);
                }
                return at;
            }
        }
        throw new CorruptBytes("it is no valid block of snappy");
    }

    /** Where the bytes of the literal begin that is the first element; {@link #CANNOT} where a copy is. */
    static int firstLiteral(byte[] bytes, int elements, int to) {
        if (elements >= to || (bytes[elements] & 3) != LITERAL) {
            return CANNOT;
        }
        int tag = (bytes[elements] & 0xff) >>> 2;
        return elements + 1 + Math.max(0, tag - LONGEST_IN_TAG + 1);
    }

    /** The bytes of the literal that is the first element. */
    static int firstLiteralBytes(byte[] bytes, int elements) {
        return literalBytes(bytes, elements, (bytes[elements] & 0xff) >>> 2);
    }

    /**
     * Writes a literal.
     *
     * @param length more than none
     */
    static void putLiteral(byte[] bytes, int from, int length, Bytes out) {
        int last = length - 1;
        if (last < LONGEST_IN_TAG) {
            out.put((byte) (last << 2));
        } else {
            int lengthBytes = (Integer.SIZE - Integer.numberOfLeadingZeros(last) + 7) / 8;
            out.put((byte) ((LONGEST_IN_TAG - 1 + lengthBytes) << 2));
            for (int i = 0; i < lengthBytes; i++) {
                out.put((byte) (last >>> (8 * i)));
            }
        }
        out.put(bytes, from, length);
    }

    /**
     * Appends the elements of a block without the first bytes that they make. The block must be known to be valid: it
     * was decompressed before, or its checksum is right.
     *
     * @param elements where they begin
     * @param uncompressed bytes that they must make
     * @param without bytes to be left out; they lie in the first literal
     * @return false, with nothing appended, where a copy reaches into the bytes left out
     */
    static boolean putElements(byte[] bytes, int elements, int to, int uncompressed, int without, Bytes out) {
        int rest = elements;
        if (without > 0) {
            if (!staysBehind(bytes, elements, to, uncompressed, without)) {
                return false;
            }
            int literal = firstLiteral(bytes, elements, to);
            int length = firstLiteralBytes(bytes, elements);
            if (literal == CANNOT || length < without) {
                return false;
            }
            rest = literal + length;
            if (length > without) {
                putLiteral(bytes, literal + without, length - without, out);
            }
        }
        out.put(bytes, rest, to - rest);
        return true;
    }

    /** Whether no copy reaches into the first bytes. */
    private static boolean staysBehind(byte[] bytes, int elements, int to, int uncompressed, int without) {
        int at = elements;
        long made = 0;
        while (at < to) {
            int tag = bytes[at] & 0xff;
            int kind = tag & 3;
            if (kind == LITERAL) {
                int inTag = tag >>> 2;
                int lengthBytes = Math.max(0, inTag - LONGEST_IN_TAG + 1);
                if (to - at <= lengthBytes) {
                    throw corrupt();
                }
                int length = literalBytes(bytes, at, inTag);
                at += 1 + lengthBytes;
                if (length <= 0 || length > to - at) {
                    throw corrupt();
                }
                at += length;
                made += length;
                continue;
            }
            int size = kind == SHORT_COPY ? 2 : kind == COPY ? 3 : 5;
            if (to - at < size) {
                throw corrupt();
            }
            int length;
            // Four bytes are unsigned; no block is that long.
            int distance;
            if (kind == SHORT_COPY) {
                length = (tag >>> 2 & 7) + 4;
                distance = (tag & 0xe0) << 3 | (bytes[at + 1] & 0xff);
            } else {
                length = (tag >>> 2) + 1;
                distance = kind == COPY
                        ? (bytes[at + 1] & 0xff) | (bytes[at + 2] & 0xff) << 8
                        : LittleEndian.intAt(bytes, at + 1);
            }
            if (distance <= 0 || distance > made) {
                throw corrupt();
            }
            if (distance > made - without) {
                return false;
            }
            at += size;
            made += length;
        }
        if (made != uncompressed) {
            throw new CorruptBytes("it makes " + made + " bytes, and should make " + uncompressed);
        }
        return true;
    }

    private static int literalBytes(byte[] bytes, int at, int inTag) {
        if (inTag < LONGEST_IN_TAG) {
            return inTag + 1;
        }
        int last = 0;
        for (int i = inTag - LONGEST_IN_TAG + 1; i > 0; i--) {
            last = last << 8 | (bytes[at + i] & 0xff);
        }
        return last + 1;
    }

    private static CorruptBytes corrupt() {
        return new CorruptBytes("it is no valid block of snappy");
    }
}
