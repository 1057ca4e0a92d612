package dev.millrace.warehouse;

import dev.millrace.table.TableDefinition;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** What the gate asks for, counted by SQL that all engines speak. */
public final class Counting {
    /** Runs a query of one number. */
    public interface Numbers {
        long of(String sql) throws SQLException;
    }

    private Counting() {}

    /**
     * Counts a staging.
     *
     * @param place of a table of the load, as statements write it
     * @param liveRows rows by table of live
     */
    public static Counts count(
            Numbers numbers,
            UnaryOperator<String> place,
            Load load,
            Map<String, Long> liveRows,
            List<ColumnSet> notNull,
            List<ColumnSet> unique)
            throws SQLException {
        return count(numbers, place, SqlText::identifier, load, liveRows, notNull, unique);
    }

    /**
     * Counts a staging of an engine that writes names in its own way.
     *
     * @param place of a table of the load, as statements write it
     * @param name of a column, as statements write it
     * @param liveRows rows by table of live
     */
    public static Counts count(
            Numbers numbers,
            UnaryOperator<String> place,
            UnaryOperator<String> name,
            Load load,
            Map<String, Long> liveRows,
            List<ColumnSet> notNull,
            List<ColumnSet> unique)
            throws SQLException {
        Map<String, Long> stagingRows = new HashMap<>();
        for (TableDefinition table : load.tables()) {
            stagingRows.put(table.name(), rows(numbers, place.apply(table.name())));
        }
        Map<ColumnSet, Long> nulls = new HashMap<>();
        for (ColumnSet set : notNull) {
            nulls.put(
                    set, rows(numbers, place.apply(set.table()) + " WHERE " + columns(set, name, " IS NULL", " OR ")));
        }
        Map<ColumnSet, Long> duplicates = new HashMap<>();
        for (ColumnSet set : unique) {
            duplicates.put(
                    set,
                    numbers.of("SELECT CAST(coalesce(sum(n - 1), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM "
                            + place.apply(set.table()) + " WHERE " + columns(set, name, " IS NOT NULL", " AND ")
                            + " GROUP BY " + columns(set, name, "", ", ") + " HAVING count(*) > 1) repeated"));
        }
        return new Counts(stagingRows, liveRows, nulls, duplicates);
    }

    /** Rows of a table. */
    public static long rows(Numbers numbers, String from) throws SQLException {
        return numbers.of("SELECT count(*) FROM " + from);
    }

    private static String columns(ColumnSet set, UnaryOperator<String> name, String each, String between) {
        return set.columns().stream().map(c -> name.apply(c) + each).collect(Collectors.joining(between));
    }
}
