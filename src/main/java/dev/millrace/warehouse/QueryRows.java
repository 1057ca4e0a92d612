package dev.millrace.warehouse;

import java.util.List;

/** Takes a query's result while it is read. */
public interface QueryRows {
    /** Called once, before the first row. */
    void header(List<String> columns);

    /** One row, as text. Return false to read no further. */
    boolean row(List<String> values);
}
