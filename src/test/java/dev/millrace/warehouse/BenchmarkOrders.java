package dev.millrace.warehouse;

import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Orders in Parquet files, as many as asked for: what the benchmarks of the warehouses load. Written once, then reused. */
public final class BenchmarkOrders {
    public static final TableDefinition TABLE = new TableDefinition(
            "orders",
            List.of(
                    new Column("id", ColumnType.BIGINT, false),
                    new Column("customer", ColumnType.STRING, true),
                    new Column("status", ColumnType.STRING, true),
                    new Column("total", ColumnType.decimal(12, 2), true),
                    new Column("weight", ColumnType.DOUBLE, true),
                    new Column("day", ColumnType.DATE, true),
                    new Column("created_at", ColumnType.TIMESTAMP, true),
                    new Column("paid", ColumnType.BOOLEAN, true),
                    new Column("note", ColumnType.STRING, true)),
            List.of("id"));

    private static final String ROWS = "SELECT i AS id, 'customer-' || (hash(i) %% 50000) AS customer,"
            + " ['new', 'paid', 'sent', 'back'][(1 + hash(i + 1) %% 4)::BIGINT] AS status,"
            + " ((hash(i + 2) %% 10000000) / 100)::DECIMAL(12, 2) AS total, (hash(i + 3) %% 100000) / 7.0::DOUBLE AS weight,"
            + " DATE '2024-01-01' + (hash(i + 4) %% 900)::INT AS day,"
            + " make_timestamp((1700000000000000 + hash(i + 5) %% 90000000000000)::BIGINT) AS created_at,"
            + " hash(i + 6) %% 2 = 0 AS paid,"
            + " CASE WHEN hash(i + 7) %% 3 = 0 THEN NULL ELSE 'note ' || hash(i + 8) END AS note"
            + " FROM (SELECT unnest(range(%d::BIGINT, %d::BIGINT)) AS i)";

    private BenchmarkOrders() {}

    /** Rows in files of equal size, their landing's folder and what a manifest says of them. */
    public static LandedTable landed(Landing landing, Path folder, long rows, int files) {
        List<DataFile> parquet = new ArrayList<>();
        long each = rows / files;
        for (int i = 0; i < files; i++) {
            String path = String.format(Locale.ROOT, "%s/part-%04d.parquet", folderName(rows), i);
            parquet.add(
                    Files.exists(folder.resolve(path))
                            ? landing.file("orders", path, each)
                            : landing.parquet("orders", path, each, ROWS.formatted(i * each, (i + 1) * each)));
        }
        return Landing.table(TABLE, FileFormat.PARQUET, Codec.ZSTD, parquet);
    }

    /** In the landing's folder. */
    public static String folderName(long rows) {
        return "orders-" + rows;
    }
}
