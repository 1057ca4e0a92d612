package dev.millrace.warehouse;

import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.run.TableCounts;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Landing files of small runs. Run k has the tables {@code orders} and {@code lines}, in which every row carries k, so
 * that a mixture of versions shows.
 */
public final class Landing {
    public static final TableDefinition ORDERS = new TableDefinition(
            "orders",
            List.of(new Column("id", ColumnType.BIGINT, false), new Column("version", ColumnType.BIGINT, false)),
            List.of("id"));
    public static final TableDefinition LINES = new TableDefinition(
            "lines",
            List.of(
                    new Column("order_id", ColumnType.BIGINT, false),
                    new Column("text", ColumnType.STRING, true),
                    new Column("version", ColumnType.BIGINT, false)),
            List.of("order_id"));

    private final Path folder;
    private final Storage storage;

    public Landing(Path folder) {
        this.folder = folder;
        this.storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
    }

    public Storage storage() {
        return storage;
    }

    /** Runs sort as their numbers do. */
    public static RunId runId(int k) {
        return new RunId(String.format(Locale.ROOT, "2026-11-21T%02d-%02d-%02dZ-test", k / 3600, k / 60 % 60, k % 60));
    }

    /** Run k, whose commit is k. */
    public static Load load(int k) {
        return load(k, List.of(ORDERS, LINES));
    }

    /** Run k with these tables. */
    public static Load load(int k, List<TableDefinition> tables) {
        return new Load(runId(k), k, WarehouseEngine.SCHEMA, tables, "shop-job");
    }

    /** Writes run k: {@code files} files of orders with ten rows each, and as many of lines with twenty. */
    public void write(int k, int files) {
        write(k, k, files);
    }

    /** Writes several runs. */
    public void write(int from, int to, int files) {
        List<String> statements = new ArrayList<>();
        for (int k = from; k <= to; k++) {
            for (int i = 0; i < files; i++) {
                statements.add(copy(
                        "SELECT (" + i + " * 10 + range)::BIGINT AS id, " + k + "::BIGINT AS version FROM range(10)",
                        path(k, "orders", i),
                        "FORMAT parquet, COMPRESSION zstd"));
                statements.add(copy(
                        "SELECT (" + i + " * 10 + range // 2)::BIGINT AS order_id, 'line ' || range AS text, " + k
                                + "::BIGINT AS version FROM range(20)",
                        path(k, "lines", i),
                        "FORMAT parquet, COMPRESSION zstd"));
            }
        }
        execute(statements);
    }

    /** The manifests of a run that {@link #write} wrote, by this process or another. */
    public List<LandedTable> landed(int k, int files) {
        List<DataFile> orders = new ArrayList<>();
        List<DataFile> lines = new ArrayList<>();
        for (int i = 0; i < files; i++) {
            orders.add(file("orders", path(k, "orders", i), 10));
            lines.add(file("lines", path(k, "lines", i), 20));
        }
        return List.of(
                table(ORDERS, FileFormat.PARQUET, Codec.ZSTD, orders),
                table(LINES, FileFormat.PARQUET, Codec.ZSTD, lines));
    }

    /** Writes run k and tells its manifests. */
    public List<LandedTable> written(int k, int files) {
        write(k, files);
        return landed(k, files);
    }

    private static String path(int k, String table, int i) {
        return String.format(Locale.ROOT, "runs/%s/landing/%s/part-%04d.parquet", runId(k), table, i);
    }

    /** A Parquet file of a query's rows. */
    public DataFile parquet(String table, String path, long rows, String select) {
        execute(List.of(copy(select, path, "FORMAT parquet, COMPRESSION zstd")));
        return file(table, path, rows);
    }

    /** A file of these bytes. */
    public DataFile file(String table, String path, long rows, byte[] content) {
        try {
            Files.createDirectories(folder.resolve(path).getParent());
            Files.write(folder.resolve(path), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file(table, path, rows);
    }

    /** What a manifest says of a file that is there. */
    public DataFile file(String table, String path, long rows) {
        StoredFile stored = storage.stat(path).orElseThrow();
        return new DataFile(table, path, stored.bytes(), rows, stored.etag());
    }

    public static LandedTable table(TableDefinition definition, FileFormat format, Codec codec, List<DataFile> files) {
        long rows = files.stream().mapToLong(DataFile::rows).sum();
        return new LandedTable(definition, format, codec, files, new TableCounts(rows, rows, 0, 0, 0, 0), 1);
    }

    private String copy(String select, String path, String options) {
        try {
            Files.createDirectories(folder.resolve(path).getParent());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return "COPY (" + select + ") TO "
                + SqlText.literal(folder.resolve(path).toString()) + " (" + options + ")";
    }

    /** Has an engine of its own run statements. */
    public static void execute(List<String> statements) {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
