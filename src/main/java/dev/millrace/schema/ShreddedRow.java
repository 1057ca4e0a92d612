package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import java.util.Arrays;

/** A row that {@link Shredder} has made, valid until it reads on. */
public final class ShreddedRow {
    private final int table;
    private final RowLayout layout;
    private final RowCells cells;
    private final Bytes rest = new Bytes();
    private Stray[] strays = new Stray[0];
    private int rescued;

    private record Stray(int from, int to, SourceType type, int payload) {}

    ShreddedRow(int table, RowLayout layout) {
        this.table = table;
        this.layout = layout;
        this.cells = new RowCells(layout.columns());
    }

    /** Number of its table in the plan. */
    public int table() {
        return table;
    }

    /** In the order of the table's columns; not to be changed or kept. */
    public RowCells cells() {
        return cells;
    }

    RowLayout layout() {
        return layout;
    }

    /** What of its item has no place in a column, as the members of a JSON object; open until it {@link #close}s. */
    Bytes rest() {
        return rest;
    }

    /** Puts what is in {@code rest} into its column. */
    void close() {
        if (rest.length() > 0) {
            rest.add('}');
            cells.putText(layout.rest(), rest.toArray());
        }
    }

    /** How many of its values did not fit; NULLs, empty lists and maps of nothing else do not count. */
    public int rescued() {
        return rescued;
    }

    void clear() {
        cells.clear();
        rest.clear();
        rescued = 0;
    }

    /** Notes a value in {@code rest} that did not fit: the places of its pointer, its type, the token inside. */
    void stray(int from, int to, SourceType type, int payload) {
        if (strays.length <= rescued) {
            strays = Arrays.copyOf(strays, Math.max(4, strays.length * 2));
        }
        strays[rescued++] = new Stray(from, to, type, payload);
    }

    void count(int number, PathCensus drift, JsonTape tape, NumberScan numbers) {
        Stray stray = strays[number];
        drift.addAt(rest.array(), stray.from, stray.to, stray.type, tape, stray.payload, numbers);
    }
}
