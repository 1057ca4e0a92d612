package dev.millrace.warehouse;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Reads one row of a result. */
public interface RowReader<T> {
    T read(ResultSet row) throws SQLException;

    /** All rows of a result that is small by construction. */
    default List<T> all(ResultSet result) throws SQLException {
        List<T> rows = new ArrayList<>();
        while (result.next()) {
            rows.add(read(result));
        }
        return rows;
    }
}
