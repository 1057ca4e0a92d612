package dev.millrace.json;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Names of objects that were met, each with the one that followed it last: values of one origin have their names in the
 * same order mostly, so that a name is compared with what it is likely to be and need not be scanned.
 */
final class FamiliarNames {
    /** Data under names must not fill the heap: beyond so many, or so long ones, names stay strange. */
    private static final int MOST = 4_096;

    private static final int LONGEST = 128;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** A name as it stands mostly: in quotes, a colon behind it. */
    static final class Name {
        private final int number;
        private final byte[] utf8;
        private final long[] words;
        private final long lastMask;
        private Name follower;

        private Name(int number, byte[] utf8) {
            this.number = number;
            this.utf8 = utf8;
            byte[] text = new byte[(length() + 7) / 8 * 8];
            text[0] = '"';
            System.arraycopy(utf8, 0, text, 1, utf8.length);
            text[utf8.length + 1] = '"';
            text[utf8.length + 2] = ':';
            words = new long[text.length / 8];
            for (int i = 0; i < words.length; i++) {
                words[i] = (long) LONG.get(text, i * 8);
            }
            int over = text.length - length();
            lastMask = -1L >>> (over * 8);
            follower = this;
        }

        /** Above 0. */
        int number() {
            return number;
        }

        /** Bytes from its first quote to its colon. */
        int length() {
            return utf8.length + 3;
        }

        /** Whether it stands there as it does mostly; false, too, for what is so near the end that it is not compared. */
        boolean isAt(byte[] input, int from, int end) {
            if (from + words.length * 8 > end) {
                return false;
            }
            int last = words.length - 1;
            long difference = ((long) LONG.get(input, from + last * 8) ^ words[last]) & lastMask;
            for (int i = 0; i < last; i++) {
                difference |= (long) LONG.get(input, from + i * 8) ^ words[i];
            }
            return difference == 0;
        }
    }

    private final Name start = new Name(0, new byte[0]);
    private final NameTable<Name> byName = new NameTable<>();
    private Name before = start;

    /** A value begins. */
    void begin() {
        before = start;
    }

    /** What is likely to come. */
    Name guess() {
        return before.follower;
    }

    /** It came. */
    void met(Name name) {
        before = name;
    }

    /** Another name came: its number, 0 where it stays strange. */
    int met(byte[] input, int from, int to) {
        if (to - from > LONGEST) {
            return 0;
        }
        Name name = byName.find(input, from, to);
        if (name == null && byName.size() == MOST) {
            return 0;
        }
        if (name == null) {
            name = new Name(byName.size() + 1, Arrays.copyOfRange(input, from, to));
            byName.put(name.utf8, name);
        }
        before.follower = name;
        before = name;
        return name.number;
    }
}
