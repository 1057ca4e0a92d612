package dev.millrace.warehouse.duckdb;

import dev.millrace.landing.LandedTable;
import dev.millrace.warehouse.BenchmarkOrders;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Measured;
import dev.millrace.warehouse.SqlText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What it costs to load Parquet files into a DuckDB warehouse and make them live, beside DuckDB alone, which makes the same
 * table in a new file of the same format by one statement: CPU and seconds. Run by {@code scripts/bench/warehouse duckdb}.
 */
public final class DuckDbLoadBenchmark {
    private final Path folder;
    private final LandedTable table;
    private final Landing landing;

    private DuckDbLoadBenchmark(Path folder, long rows, int files) {
        this.folder = folder;
        this.landing = new Landing(folder);
        this.table = BenchmarkOrders.landed(landing, folder, rows, files);
    }

    /** Prints the table; takes folder, rows, files and rounds. */
    public static void main(String[] args) throws IOException, SQLException {
        long rows = Long.parseLong(args[1]);
        int files = Integer.parseInt(args[2]);
        int rounds = Integer.parseInt(args[3]);
        new DuckDbLoadBenchmark(Path.of(args[0]).toAbsolutePath(), rows, files).run(rows, files, rounds);
    }

    private void run(long rows, int files, int rounds) throws IOException, SQLException {
        double[] ours = {Double.MAX_VALUE, Double.MAX_VALUE};
        double[] alone = {Double.MAX_VALUE, Double.MAX_VALUE};
        double[] newest = {Double.MAX_VALUE, Double.MAX_VALUE};
        for (int round = 0; round < rounds; round++) {
            Measured.keepLeast(alone, measured(place -> alone(place, DuckDbSession.STORAGE_VERSION)));
            Measured.keepLeast(newest, measured(place -> alone(place, "latest")));
            Measured.keepLeast(ours, measured(this::ours));
        }
        System.out.printf(
                Locale.ROOT, "%,d rows in %d files into DuckDB; the least of %d rounds%n", rows, files, rounds);
        print("DuckDB alone", alone, alone);
        print("Millrace, to live", ours, alone);
        print("DuckDB alone, in the newest format", newest, alone);
    }

    /** Something that takes a new folder. */
    private interface Work {
        void in(Path place) throws IOException, SQLException;
    }

    /** CPU seconds of this process, and seconds. */
    private double[] measured(Work work) throws IOException, SQLException {
        Path place = Files.createTempDirectory(folder, "duckdb");
        double cpu = Measured.cpuSeconds();
        long wall = System.nanoTime();
        work.in(place);
        double[] taken = {Measured.cpuSeconds() - cpu, (System.nanoTime() - wall) / 1e9};
        VersionFiles.delete(place);
        return taken;
    }

    private void ours(Path place) {
        Load load = Landing.load(1, List.of(BenchmarkOrders.TABLE));
        try (DuckDbWarehouse warehouse =
                new DuckDbWarehouse(place.resolve("shop.duckdb"), load.schema(), DuckDbOptions.DEFAULT)) {
            warehouse.prepare(load);
            warehouse.upload(load, table, landing.storage(), file -> {});
            if (!warehouse.replace(load)) {
                throw new IllegalStateException("Not replaced");
            }
        }
    }

    private void alone(Path place, String storageVersion) throws SQLException {
        String files = table.files().stream()
                .map(file -> SqlText.literal(folder.resolve(file.path()).toString()))
                .collect(Collectors.joining(", ", "[", "]"));
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("SET threads = " + DuckDbOptions.DEFAULT.threads());
            statement.execute("SET memory_limit = '" + DuckDbOptions.DEFAULT.memoryBytes() + "B'");
            statement.execute("SET preserve_insertion_order = false");
            statement.execute(
                    "ATTACH " + SqlText.literal(place.resolve("alone.duckdb").toString())
                            + " AS alone (STORAGE_VERSION " + SqlText.literal(storageVersion) + ")");
            statement.execute(SqlText.createTable("alone.orders", BenchmarkOrders.TABLE, LandingSql::type));
            statement.execute("INSERT INTO alone.orders SELECT * FROM read_parquet(" + files + ")");
            statement.execute("DETACH alone");
        }
    }

    private static void print(String what, double[] taken, double[] peer) {
        System.out.printf(
                Locale.ROOT,
                "%-34s CPU %6.2f (%.2fx)  wall %6.2f s (%.2fx)%n",
                what,
                taken[0],
                taken[0] / peer[0],
                taken[1],
                taken[1] / peer[1]);
    }
}
