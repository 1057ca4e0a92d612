package dev.millrace.dynamodb;

import dev.millrace.run.PlannedUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A part of a table that is scanned by itself.
 *
 * @param index from 0
 * @param all how many there are
 * @param table the {@linkplain TableDescription#id id} of the table; empty where it is not known
 */
record Segment(int index, int all, String table) {
    private static final String INDEX = "segment";
    private static final String ALL = "segments";
    private static final String TABLE = "table-id";

    /** The units of a scan; a unit's id is derived from which one it is. */
    static List<PlannedUnit> units(int segments, String table) {
        return IntStream.range(0, segments)
                .mapToObj(i -> new Segment(i, segments, table).unit())
                .toList();
    }

    private PlannedUnit unit() {
        Map<String, String> input = new HashMap<>(Map.of(INDEX, Integer.toString(index), ALL, Integer.toString(all)));
        if (!table.isEmpty()) {
            input.put(TABLE, table);
        }
        return new PlannedUnit(String.format("s%05d-of-%05d", index + 1, all), input);
    }

    static Segment of(PlannedUnit unit) {
        return new Segment(
                Integer.parseInt(unit.input().get(INDEX)),
                Integer.parseInt(unit.input().get(ALL)),
                unit.input().getOrDefault(TABLE, ""));
    }

    /** As messages name it; it counts from 0, as requests do. */
    @Override
    public String toString() {
        return "segment " + index + " of " + all;
    }
}
