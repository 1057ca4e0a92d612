package dev.millrace.warehouse;

import java.util.ArrayList;
import java.util.List;

/** A query's whole result. */
public record Queried(List<String> header, List<List<String>> rows) {
    /** Missing values are {@code ∅}. */
    public static Queried of(Warehouse warehouse, String sql) {
        List<String> header = new ArrayList<>();
        List<List<String>> rows = new ArrayList<>();
        warehouse.query(sql, "∅", new QueryRows() {
            @Override
            public void header(List<String> columns) {
                header.addAll(columns);
            }

            @Override
            public boolean row(List<String> values) {
                rows.add(List.copyOf(values));
                return true;
            }
        });
        return new Queried(List.copyOf(header), List.copyOf(rows));
    }
}
