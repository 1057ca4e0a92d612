package dev.millrace.warehouse.postgres;

import dev.millrace.run.DataFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.PostgresServer;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Load;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * How long a replacement of a PostgreSQL schema of many tables delays those who read it, a join of two of its tables at a
 * time, each a transaction of its own. Run by {@code scripts/bench/warehouse swaps}.
 */
public final class SwapBenchmark {
    private static final int READERS = 2;
    private static final long BETWEEN_MILLIS = 2;
    private static final Duration QUIET = Duration.ofSeconds(5);

    /** A read: when it began and ended, in nanoseconds. */
    private record Read(long begin, long end) {
        double millis() {
            return (end - begin) / 1e6;
        }

        boolean overlaps(Read other) {
            return begin < other.end && other.begin < end;
        }
    }

    private final int tables;
    private final int swaps;
    private final Landing landing;
    private final String database = PostgresServer.newDatabase();
    private final AtomicBoolean isOver = new AtomicBoolean();

    private SwapBenchmark(Path folder, int tables, int swaps) {
        this.tables = tables;
        this.swaps = swaps;
        this.landing = new Landing(folder);
    }

    /** Prints what it found; takes folder, tables and swaps. */
    public static void main(String[] args) throws ExecutionException, InterruptedException {
        new SwapBenchmark(Path.of(args[0]).toAbsolutePath(), Integer.parseInt(args[1]), Integer.parseInt(args[2]))
                .run();
    }

    private void run() throws ExecutionException, InterruptedException {
        List<TableDefinition> definitions = IntStream.range(0, tables)
                .mapToObj(i -> new TableDefinition(
                        "t" + i,
                        List.of(
                                new Column("id", ColumnType.BIGINT, false),
                                new Column("text", ColumnType.STRING, true)),
                        List.of("id")))
                .toList();
        // Of the ledger each table needs a file of its own.
        List<DataFile> files = definitions.stream()
                .map(table -> landing.parquet(
                        table.name(),
                        "swaps/" + table.name() + ".parquet",
                        1000,
                        "SELECT range::BIGINT AS id, 'row ' || range AS text FROM range(1000)"))
                .toList();
        PostgresWarehouse warehouse = new PostgresWarehouse(
                PostgresServer.options(PostgresServer.port(), database, 2, Duration.ofMinutes(1)), "shop");
        load(warehouse, definitions, files, 1);
        warehouse.replace(Landing.load(1, definitions));

        ExecutorService pool = Executors.newFixedThreadPool(READERS);
        List<Future<List<Read>>> readers = IntStream.range(0, READERS)
                .mapToObj(seed -> pool.submit(() -> read(new Random(seed))))
                .toList();
        LockSupport.parkNanos(QUIET.toNanos());
        long quietUntil = System.nanoTime();
        List<Read> replacements = new ArrayList<>();
        for (int k = 2; k <= swaps + 1; k++) {
            load(warehouse, definitions, files, k);
            long begin = System.nanoTime();
            warehouse.replace(Landing.load(k, definitions));
            replacements.add(new Read(begin, System.nanoTime()));
            warehouse.dropPrevious(1);
        }
        isOver.set(true);
        List<Read> reads = new ArrayList<>();
        for (Future<List<Read>> reader : readers) {
            reads.addAll(reader.get());
        }
        pool.shutdown();
        PostgresServer.execute("postgres", PostgresServer.ADMIN, "DROP DATABASE " + database + " WITH (FORCE)");
        print(reads, quietUntil, replacements);
    }

    private void load(PostgresWarehouse warehouse, List<TableDefinition> definitions, List<DataFile> files, int k) {
        Load load = Landing.load(k, definitions);
        warehouse.prepare(load);
        for (int i = 0; i < tables; i++) {
            warehouse.upload(
                    load,
                    Landing.table(definitions.get(i), FileFormat.PARQUET, Codec.ZSTD, List.of(files.get(i))),
                    landing.storage(),
                    file -> {});
        }
    }

    private List<Read> read(Random random) throws SQLException {
        List<Read> reads = new ArrayList<>();
        try (Connection connection = PostgresServer.connect(database, PostgresServer.LOADER);
                Statement statement = connection.createStatement()) {
            while (!isOver.get()) {
                String sql = "SELECT count(*) FROM shop.t" + random.nextInt(tables) + " JOIN shop.t"
                        + random.nextInt(tables) + " o USING (id)";
                long begin = System.nanoTime();
                try (ResultSet result = statement.executeQuery(sql)) {
                    result.next();
                    if (result.getLong(1) != 1000) {
                        throw new IllegalStateException(sql + " found " + result.getLong(1));
                    }
                }
                reads.add(new Read(begin, System.nanoTime()));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(BETWEEN_MILLIS));
            }
        }
        return reads;
    }

    private void print(List<Read> reads, long quietUntil, List<Read> replacements) {
        double[] quiet = reads.stream()
                .filter(read -> read.end < quietUntil)
                .mapToDouble(Read::millis)
                .sorted()
                .toArray();
        double[] longest = replacements.stream()
                .mapToDouble(replacement -> reads.stream()
                        .filter(read -> read.overlaps(replacement))
                        .mapToDouble(Read::millis)
                        .max()
                        .orElse(0))
                .sorted()
                .toArray();
        double[] took = replacements.stream().mapToDouble(Read::millis).sorted().toArray();
        System.out.printf(
                Locale.ROOT, "%d tables, %d swaps, %d readers, %,d reads%n", tables, swaps, READERS, reads.size());
        print("quiet reads", quiet);
        print("longest read at each swap", longest);
        print("replacement, with ANALYZE", took);
        System.out.printf(
                Locale.ROOT,
                "a swap delays a reader by %.1f ms (median over swaps, beside the median of quiet reads)%n",
                at(longest, 0.5) - at(quiet, 0.5));
    }

    private static void print(String what, double[] millis) {
        System.out.printf(
                Locale.ROOT,
                "%-28s median %7.1f  p90 %7.1f  p99 %7.1f  longest %7.1f ms%n",
                what,
                at(millis, 0.5),
                at(millis, 0.9),
                at(millis, 0.99),
                at(millis, 1));
    }

    private static double at(double[] sorted, double part) {
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    }
}
