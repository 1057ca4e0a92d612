package dev.millrace.lake.parquet;

import java.util.Arrays;

/** How values of a column compare, as they lie in statistics. */
enum ValueOrder {
    /** Bounds cannot be merged, or mean nothing. */
    NONE {
        @Override
        boolean isBound(byte[] value) {
            return false;
        }

        @Override
        int compare(byte[] a, byte[] b) {
            throw new IllegalStateException("Values without an order are compared");
        }
    },
    INT {
        @Override
        boolean isBound(byte[] value) {
            return value.length == Integer.BYTES;
        }

        @Override
        int compare(byte[] a, byte[] b) {
            return Integer.compare(LittleEndian.intAt(a, 0), LittleEndian.intAt(b, 0));
        }
    },
    UNSIGNED_INT {
        @Override
        boolean isBound(byte[] value) {
            return value.length == Integer.BYTES;
        }

        @Override
        int compare(byte[] a, byte[] b) {
            return Integer.compareUnsigned(LittleEndian.intAt(a, 0), LittleEndian.intAt(b, 0));
        }
    },
    LONG {
        @Override
        boolean isBound(byte[] value) {
            return value.length == Long.BYTES;
        }

        @Override
        int compare(byte[] a, byte[] b) {
            return Long.compare(LittleEndian.longAt(a, 0), LittleEndian.longAt(b, 0));
        }
    },
    UNSIGNED_LONG {
        @Override
        boolean isBound(byte[] value) {
            return value.length == Long.BYTES;
        }

        @Override
        int compare(byte[] a, byte[] b) {
            return Long.compareUnsigned(LittleEndian.longAt(a, 0), LittleEndian.longAt(b, 0));
        }
    },
    FLOAT {
        @Override
        boolean isBound(byte[] value) {
            return value.length == Float.BYTES && !Float.isNaN(floatOf(value));
        }

        @Override
        int compare(byte[] a, byte[] b) {
            return Float.compare(floatOf(a), floatOf(b));
        }

        private float floatOf(byte[] value) {
            return Float.intBitsToFloat(LittleEndian.intAt(value, 0));
        }
    },
    DOUBLE {
        @Override
        boolean isBound(byte[] value) {
            return value.length == Double.BYTES && !Double.isNaN(doubleOf(value));
        }

        @Override
        int compare(byte[] a, byte[] b) {
            return Double.compare(doubleOf(a), doubleOf(b));
        }

        private double doubleOf(byte[] value) {
            return Double.longBitsToDouble(LittleEndian.longAt(value, 0));
        }
    },
    /** Unsigned bytes from the left; also of booleans. */
    BYTES {
        @Override
        boolean isBound(byte[] value) {
            return true;
        }

        @Override
        int compare(byte[] a, byte[] b) {
            return Arrays.compareUnsigned(a, b);
        }
    },
    /** Two's complement of one length, the highest byte first. */
    BIG_ENDIAN {
        @Override
        boolean isBound(byte[] value) {
            return value.length > 0;
        }

        @Override
        int compare(byte[] a, byte[] b) {
            int signs = Integer.compare(a[0] >> 7, b[0] >> 7);
            return signs != 0 ? signs : Arrays.compareUnsigned(a, b);
        }
    };

    /** Whether statistics may be believed that hold this value. */
    abstract boolean isBound(byte[] value);

    abstract int compare(byte[] a, byte[] b);
}
