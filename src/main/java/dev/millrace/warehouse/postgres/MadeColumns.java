package dev.millrace.warehouse.postgres;

import dev.millrace.warehouse.sql.StoredVersion;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The columns that Millrace made in a version's tables, as its definition tells them. What live has beyond these is a
 * person's.
 *
 * @param nullable whether a column takes null, by its table and name with a tab between
 */
record MadeColumns(Map<String, Boolean> nullable) {
    /** A column of {@link dev.millrace.warehouse.Load#definition}. */
    private static final Pattern COLUMN = Pattern.compile(
            "(.+?) (?:string|bigint|decimal\\(\\d+,\\d+\\)|double|boolean|binary|date|timestamp|json)( not null)?(?:, |\\)$)");

    MadeColumns {
        nullable = Map.copyOf(nullable);
    }

    static MadeColumns of(Optional<StoredVersion> version) {
        Map<String, Boolean> nullable = new HashMap<>();
        version.map(StoredVersion::definition).orElse("").lines().forEach(line -> {
            int at = line.indexOf('(');
            Matcher column = COLUMN.matcher(line.substring(at + 1));
            while (column.find()) {
                nullable.put(key(line.substring(0, at), column.group(1)), column.group(2) == null);
            }
        });
        return new MadeColumns(nullable);
    }

    private static String key(String table, String column) {
        return table + "\t" + column;
    }

    boolean has(String table, String column) {
        return nullable.containsKey(key(table, column));
    }

    /** Whether the column is there and takes no null. */
    boolean isNotNull(String table, String column) {
        return !nullable.getOrDefault(key(table, column), true);
    }
}
