package dev.millrace.lake.parquet;

/** Reads the values of opened pages. Used again and again. */
final class PageValues {
    private final HybridReader reader = new HybridReader();
    private final DeltaReader deltas = new DeltaReader();
    private final Bytes value = new Bytes(1 << 8);
    private int[] numbers = new int[1 << 10];
    private int[] prefixes = {};

    /** Dictionary indices, one for each value that is there. The array is used again by the next call. */
    int[] indices(DataPage page) {
        int present = page.levels().present();
        reserve(present);
        if (present > 0) {
            if (page.to() <= page.from()) {
                throw new CorruptBytes("it has no dictionary indices");
            }
            int width = page.bytes()[page.from()];
            if (width == Integer.SIZE) {
                throw new CorruptBytes("its dictionary indices have " + width + " bits");
            }
            reader.begin(page.bytes(), page.from() + 1, page.to(), width).read(numbers, 0, present);
        }
        return numbers;
    }

    /** Booleans as 0 and 1, one for each value that is there. The array is used again by the next call. */
    int[] booleans(DataPage page, int encoding) {
        int present = page.levels().present();
        reserve(present);
        byte[] bytes = page.bytes();
        int from = page.from();
        if (encoding == Encoding.RLE) {
            if (present > 0) {
                int length = page.to() - from < Integer.BYTES ? -1 : LittleEndian.intAt(bytes, from);
                if (length < 0 || length > page.to() - from - Integer.BYTES) {
                    throw new CorruptBytes("its booleans have " + length + " bytes");
                }
                int first = from + Integer.BYTES;
                reader.begin(bytes, first, first + length, 1).read(numbers, 0, present);
            }
        } else if (encoding == Encoding.PLAIN) {
            if ((present + 7) / 8 > page.to() - from) {
                throw new CorruptBytes(present + " booleans do not fit into " + (page.to() - from) + " bytes");
            }
            for (int i = 0; i < present; i++) {
                numbers[i] = bytes[from + (i >> 3)] >> (i & 7) & 1;
            }
        } else {
            throw new Refusal(MergeOutcome.Reason.ENCODING, "booleans have encoding " + encoding);
        }
        return numbers;
    }

    private void reserve(int count) {
        if (numbers.length < count) {
            numbers = new int[Math.max(count, numbers.length * 2)];
        }
    }

    /** The sum of the hashes of booleans. */
    static long sum(int[] booleans, int count) {
        int ones = 0;
        for (int i = 0; i < count; i++) {
            ones += booleans[i];
        }
        return ones * ValueHash.of(true) + (count - ones) * ValueHash.of(false);
    }

    /** The sum of the hashes of values that are neither plain, nor in a dictionary, nor booleans. */
    long sum(LeafColumn column, DataPage page, int encoding) {
        int present = page.levels().present();
        if (present == 0) {
            return 0;
        }
        boolean isNumber = column.type() == PhysicalType.INT32 || column.type() == PhysicalType.INT64;
        boolean isBytes =
                column.type() == PhysicalType.BYTE_ARRAY || column.type() == PhysicalType.FIXED_LEN_BYTE_ARRAY;
        int values = page.levels().values();
        if (encoding == Encoding.DELTA_BINARY_PACKED && isNumber) {
            deltas.read(page.bytes(), page.from(), page.to(), present, values);
            return sumOfNumbers(column.type(), present);
        }
        if (encoding == Encoding.DELTA_LENGTH_BYTE_ARRAY && isBytes) {
            deltas.read(page.bytes(), page.from(), page.to(), present, values);
            return sumOfBytes(page, present);
        }
        if (encoding == Encoding.DELTA_BYTE_ARRAY && isBytes) {
            return sumOfPrefixed(page, present, values);
        }
        if (encoding == Encoding.BYTE_STREAM_SPLIT && column.fixedBytes() > 0) {
            return sumOfStreams(page, present, column.fixedBytes());
        }
        throw new Refusal(MergeOutcome.Reason.ENCODING, column.type() + " values have encoding " + encoding);
    }

    private long sumOfNumbers(PhysicalType type, int present) {
        long[] read = deltas.numbers();
        long sum = 0;
        for (int i = 0; i < present; i++) {
            sum += type == PhysicalType.INT32 ? ValueHash.of((int) read[i]) : ValueHash.of(read[i]);
        }
        return sum;
    }

    private long sumOfBytes(DataPage page, int present) {
        long sum = 0;
        int at = deltas.position();
        for (int i = 0; i < present; i++) {
            int length = requireRoom(i, page.to() - at);
            sum += ValueHash.of(page.bytes(), at, at + length);
            at += length;
        }
        return sum;
    }

    private int requireRoom(int index, int room) {
        int length = deltas.length(index);
        if (length > room) {
            throw new CorruptBytes("value " + index + " has " + length + " bytes");
        }
        return length;
    }

    /** Each value begins like the one before. */
    private long sumOfPrefixed(DataPage page, int present, int values) {
        deltas.read(page.bytes(), page.from(), page.to(), present, values);
        if (prefixes.length < present) {
            prefixes = new int[Math.max(present, prefixes.length * 2)];
        }
        for (int i = 0; i < present; i++) {
            prefixes[i] = deltas.length(i);
        }
        deltas.read(page.bytes(), deltas.position(), page.to(), present, values);
        value.clear();
        long sum = 0;
        int at = deltas.position();
        for (int i = 0; i < present; i++) {
            if (prefixes[i] > value.size()) {
                throw new CorruptBytes("value " + i + " begins like " + prefixes[i] + " bytes of " + value.size());
            }
            int length = requireRoom(i, page.to() - at);
            value.cutTo(prefixes[i]);
            value.put(page.bytes(), at, length);
            sum += ValueHash.of(value.array(), 0, value.size());
            at += length;
        }
        return sum;
    }

    /** First bytes of all values, then second bytes, and so on. */
    private long sumOfStreams(DataPage page, int present, int width) {
        int stride = (page.to() - page.from()) / width;
        if (stride < present) {
            throw new CorruptBytes(present + " values take " + width + " bytes each of " + (page.to() - page.from()));
        }
        byte[] together = new byte[width];
        long sum = 0;
        for (int i = 0; i < present; i++) {
            for (int b = 0; b < width; b++) {
                together[b] = page.bytes()[page.from() + b * stride + i];
            }
            sum += ValueHash.of(together, 0, width);
        }
        return sum;
    }
}
