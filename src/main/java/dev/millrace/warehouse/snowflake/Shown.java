package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.RowReader;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What SHOW lists. The server hands out 10,000 rows at most and does not tell when there are more: see
 * <a href="https://docs.snowflake.com/en/sql-reference/sql/show-objects">SHOW OBJECTS</a>, usage notes. So a list of that
 * length is never taken for a whole one.
 *
 * <p>Kinds of objects that the account's edition, region or release does not know are those of which nobody has any.
 */
final class Shown {
    private static final int MOST = 10_000;

    private Shown() {}

    /**
     * A list that is whole.
     *
     * @throws Fault WORLD when it may be cut
     */
    static <T> List<T> whole(SnowflakeSession session, String show, RowReader<T> reader) throws SQLException {
        return ifWhole(session, show, reader).orElseThrow(() -> cut(show));
    }

    /** A list, or empty when it may be cut. */
    static <T> Optional<List<T>> ifWhole(SnowflakeSession session, String show, RowReader<T> reader)
            throws SQLException {
        List<T> rows = session.rowsWhereSupported(show, reader);
        return rows.size() < MOST ? Optional.of(rows) : Optional.empty();
    }

    /**
     * A list of any length, by page: for kinds that SHOW sorts by name, that are told apart by it within the list, and for
     * which it knows {@code LIMIT … FROM}: see
     * <a href="https://docs.snowflake.com/en/sql-reference/sql/show-schemas">SHOW SCHEMAS</a>.
     */
    static <T> List<T> paged(SnowflakeSession session, String show, RowReader<T> reader) throws SQLException {
        List<T> all = new ArrayList<>();
        Set<String> names = new HashSet<>();
        String from = "";
        while (true) {
            int before = names.size();
            List<String> page = session.rows(show + from, row -> {
                String name = row.getString("name");
                if (names.add(name)) {
                    all.add(reader.read(row));
                }
                return name;
            });
            if (page.size() < MOST) {
                return all;
            }
            if (names.size() == before) {
                throw cut(show);
            }
            from = " LIMIT " + MOST + " FROM " + literal(page.get(page.size() - 1));
        }
    }

    /**
     * All of a kind in the account, as far as the role sees them: where one list does not hold them, database by database,
     * and where that does not, schema by schema.
     *
     * @param kind in the plural, such as {@code STREAMS}
     */
    static <T> List<T> everywhere(SnowflakeSession session, String kind, RowReader<T> reader) throws SQLException {
        Optional<List<T>> whole = ifWhole(session, "SHOW " + kind + " IN ACCOUNT", reader);
        if (whole.isPresent()) {
            return whole.get();
        }
        List<T> all = new ArrayList<>();
        for (String database : paged(session, "SHOW DATABASES", row -> row.getString("name"))) {
            all.addAll(inDatabase(session, kind, database, reader));
        }
        return all;
    }

    private static <T> List<T> inDatabase(SnowflakeSession session, String kind, String database, RowReader<T> reader)
            throws SQLException {
        try {
            Optional<List<T>> whole = ifWhole(session, "SHOW " + kind + " IN DATABASE " + exactly(database), reader);
            if (whole.isPresent()) {
                return whole.get();
            }
            List<T> all = new ArrayList<>();
            for (String schema :
                    paged(session, "SHOW SCHEMAS IN DATABASE " + exactly(database), row -> row.getString("name"))) {
                all.addAll(whole(session, "SHOW " + kind + " IN SCHEMA " + exactly(database, schema), reader));
            }
            return all;
        } catch (SQLException e) {
            if (SnowflakeSession.isUnknown(e)) {
                // Dropped meanwhile, or one in which the role sees nothing.
                return List.of();
            }
            throw e;
        }
    }

    /** What a column of a row says, or nothing where the account's edition or release has no such column. */
    static String told(ResultSet row, String column) throws SQLException {
        ResultSetMetaData columns = row.getMetaData();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            if (columns.getColumnLabel(i).equalsIgnoreCase(column)) {
                return Optional.ofNullable(row.getString(i)).orElse("");
            }
        }
        return "";
    }

    private static Fault cut(String show) {
        return Fault.world(
                show + " lists " + MOST + " at most, and there may be more, which Millrace has to know; live is as"
                        + " it was: move some to another schema or drop them, and run again");
    }
}
