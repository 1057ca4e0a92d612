package dev.millrace.lake.parquet;

import java.util.Arrays;

/**
 * The levels of one page: where they lie, and what is counted from them. Used again and again.
 *
 * <p>A page of the first version holds repetition levels, definition levels and values in one compressed body, each kind
 * of levels behind its length; those of the second version lie in front of the compressed values, without.
 */
final class Levels {
    private final HybridReader reader = new HybridReader();
    private LeafColumn column = LeafColumn.NONE;
    private byte[] bytes = {};
    private int repetitionFrom;
    private int repetitionTo;
    private int definitionFrom;
    private int definitionTo;
    private int values;
    private int nulls;
    private int rows;
    private boolean startsRow;

    /** How often there is each level; of nested columns. */
    private int[] definitionCounts = {};

    private int[] repetitionCounts = {};

    /** Begins a column. */
    void begin(LeafColumn of) {
        column = of;
        definitionCounts = new int[of.maxDefinition() + 1];
        repetitionCounts = new int[of.maxRepetition() + 1];
    }

    /** Whether levels tell more than which values are null. */
    boolean isNested() {
        return definitionCounts.length > 2 || repetitionCounts.length > 1;
    }

    /** Bits of the levels up to one. */
    static int width(int max) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(max);
    }

    /** Reads those of a page of the first version. Returns where its values begin. */
    int read(PageHeader header, byte[] page, int from, int to) {
        bytes = page;
        int at = from;
        if (column.maxRepetition() > 0) {
            int length = length(page, at, to);
            repetitionFrom = at + Integer.BYTES;
            repetitionTo = repetitionFrom + length;
            at = repetitionTo;
        }
        if (column.maxDefinition() > 0) {
            int length = length(page, at, to);
            definitionFrom = at + Integer.BYTES;
            definitionTo = definitionFrom + length;
            at = definitionTo;
        }
        count(header.values());
        return at;
    }

    /** Reads those of a page of the second version. */
    void readV2(PageHeader header, byte[] page, int from) {
        bytes = page;
        repetitionFrom = from;
        repetitionTo = from + header.second().repetitionBytes();
        definitionFrom = repetitionTo;
        definitionTo = repetitionTo + header.second().definitionBytes();
        count(header.values());
        if (nulls != header.second().nulls()) {
            throw new CorruptBytes("its header tells of " + header.second().nulls() + " nulls, its levels of " + nulls);
        }
    }

    private static int length(byte[] page, int at, int to) {
        int length = to - at < Integer.BYTES ? -1 : LittleEndian.intAt(page, at);
        if (length < 0 || length > to - at - Integer.BYTES) {
            throw new CorruptBytes("its levels have " + length + " bytes");
        }
        return length;
    }

    private void count(int ofValues) {
        values = ofValues;
        if (isNested()) {
            countAll();
            return;
        }
        nulls = column.maxDefinition() == 0 ? 0 : values - definitions().count(column.maxDefinition(), values);
        rows = values;
        startsRow = true;
    }

    private void countAll() {
        Arrays.fill(definitionCounts, 0);
        Arrays.fill(repetitionCounts, 0);
        definitions().count(definitionCounts, values);
        nulls = values - definitionCounts[column.maxDefinition()];
        startsRow = true;
        if (column.maxRepetition() == 0) {
            repetitionCounts[0] = values;
        } else {
            repetitions().count(repetitionCounts, values);
            startsRow = values == 0 || repetitions().count(0, 1) == 1;
        }
        rows = repetitionCounts[0];
    }

    private HybridReader definitions() {
        return reader.begin(bytes, definitionFrom, definitionTo, width(column.maxDefinition()));
    }

    private HybridReader repetitions() {
        return reader.begin(bytes, repetitionFrom, repetitionTo, width(column.maxRepetition()));
    }

    /** Copies all repetition levels. */
    void copyRepetitions(HybridWriter out) {
        repetitions().copyTo(out, values);
    }

    /** Copies all definition levels. */
    void copyDefinitions(HybridWriter out) {
        definitions().copyTo(out, values);
    }

    /** All values, with nulls. */
    int values() {
        return values;
    }

    /** Values that are null or an empty list. */
    int nulls() {
        return nulls;
    }

    /** Values that are there. */
    int present() {
        return values - nulls;
    }

    /** Rows that begin in the page. */
    int rows() {
        return rows;
    }

    /** How many values have each definition level; of nested columns. */
    int[] definitionCounts() {
        return definitionCounts;
    }

    /** How many values have each repetition level; of nested columns. */
    int[] repetitionCounts() {
        return repetitionCounts;
    }

    /** Whether the first value begins a row, and does not go on with that of the page before. */
    boolean startsRow() {
        return startsRow;
    }
}
