package dev.millrace.warehouse.postgres;

import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.testing.PostgresServer;
import dev.millrace.warehouse.BenchmarkOrders;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Measured;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.postgresql.copy.CopyIn;

/**
 * What it costs to load Parquet files into PostgreSQL, beside {@code psql \copy} of the same rows as CSV: CPU seconds of
 * the client and of the server. Run by {@code scripts/bench/warehouse}.
 */
public final class LoadBenchmark {
    /** Place of the parent's number behind a process's name in {@code /proc/<pid>/stat}. */
    private static final int PARENT = 1;

    /** What one TCP connection to a server on another machine often gets, and less than one core can send. */
    private static final long LINK_BYTES_PER_SECOND = 40_000_000;

    private final Path folder;
    private final long rows;
    private final int files;
    private final Landing landing;

    private LoadBenchmark(Path folder, long rows, int files) {
        this.folder = folder;
        this.rows = rows;
        this.files = files;
        this.landing = new Landing(folder);
    }

    /** Prints the table; takes folder, rows, files and rounds. */
    public static void main(String[] args) throws IOException, InterruptedException, SQLException {
        int rounds = Integer.parseInt(args[3]);
        new LoadBenchmark(Path.of(args[0]).toAbsolutePath(), Long.parseLong(args[1]), Integer.parseInt(args[2]))
                .run(rounds);
    }

    private void run(int rounds) throws IOException, InterruptedException, SQLException {
        LandedTable table = BenchmarkOrders.landed(landing, folder, rows, files);
        Path csv = csv();
        int port = PostgresServer.port();
        System.out.printf(
                Locale.ROOT, "%,d rows in %d files; CPU seconds, the least of %d rounds%n", rows, files, rounds);
        double[] decode = {Double.MAX_VALUE};
        double[][] least = {
            {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE},
            {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE},
            {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE}
        };
        for (int round = 0; round < rounds; round++) {
            double begin = Measured.cpuSeconds();
            decode(table);
            decode[0] = Math.min(decode[0], Measured.cpuSeconds() - begin);
            Measured.keepLeast(least[0], load(table, port, 1));
            Measured.keepLeast(least[1], load(table, port, 2));
            Measured.keepLeast(least[2], psql(csv, port));
        }
        print("decoding and encoding alone", decode[0], 0, 0, least[2]);
        print("Millrace, one stream", least[0][0], least[0][1], least[0][2], least[2]);
        print("Millrace, two streams", least[1][0], least[1][1], least[1][2], least[2]);
        print("psql \\copy of CSV", least[2][0], least[2][1], least[2][2], least[2]);
        try (SlowLink link = new SlowLink(port, LINK_BYTES_PER_SECOND)) {
            double one = load(table, link.port(), 1)[2];
            for (int streams : new int[] {1, 2, 4}) {
                double wall = streams == 1 ? one : load(table, link.port(), streams)[2];
                System.out.printf(
                        Locale.ROOT,
                        "%d MB/s a connection, streams: %d  wall %6.2f s (%.2fx of one)%n",
                        LINK_BYTES_PER_SECOND / 1_000_000,
                        streams,
                        wall,
                        wall / one);
            }
        }
        double apart = least[0][0] - decode[0] + least[0][1];
        System.out.printf(
                Locale.ROOT,
                "one stream, decoding apart: %.2f s in all, %.2fx psql%n",
                apart,
                apart / (least[2][0] + least[2][1]));
    }

    private static void print(String what, double client, double server, double wall, double[] peer) {
        System.out.printf(
                Locale.ROOT,
                "%-28s client %6.2f  server %6.2f (%.2fx)  wall %6.2f s%n",
                what,
                client,
                server,
                server / peer[1],
                wall);
    }

    /** Client, server, wall. */
    private double[] load(LandedTable table, int port, int streams) throws IOException, SQLException {
        String database = PostgresServer.newDatabase();
        PostgresWarehouse warehouse =
                new PostgresWarehouse(PostgresServer.options(port, database, streams, Duration.ofMinutes(1)), "shop");
        Load load = Landing.load(1, List.of(BenchmarkOrders.TABLE));
        warehouse.prepare(load);
        double client = Measured.cpuSeconds();
        double server = servers();
        long wall = System.nanoTime();
        warehouse.upload(load, table, landing.storage(), file -> {});
        double[] taken = {Measured.cpuSeconds() - client, servers() - server, (System.nanoTime() - wall) / 1e9};
        PostgresServer.execute("postgres", PostgresServer.ADMIN, "DROP DATABASE " + database + " WITH (FORCE)");
        return taken;
    }

    private double[] psql(Path csv, int port) throws IOException, InterruptedException, SQLException {
        String database = PostgresServer.newDatabase();
        PostgresServer.execute(
                database,
                PostgresServer.ADMIN,
                "CREATE TABLE orders (id bigint NOT NULL, customer text, status text, total numeric(12,2), weight double"
                        + " precision, day date, created_at timestamp, paid boolean, note text)");
        double server = servers();
        long wall = System.nanoTime();
        ProcessBuilder psql = new ProcessBuilder(
                "bash",
                "-c",
                "TIMEFORMAT='%U %S'; time psql -q -h 127.0.0.1 -p " + port + " -U " + PostgresServer.ADMIN + " "
                        + database + " -c \"\\copy orders from '" + csv + "' csv header\"");
        psql.environment().put("PGPASSWORD", PostgresServer.PASSWORD);
        Process process = psql.redirectErrorStream(true).start();
        String output;
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            output = String.join("\n", lines.lines().toList());
        }
        if (process.waitFor() != 0) {
            throw new IllegalStateException(output);
        }
        double wallSeconds = (System.nanoTime() - wall) / 1e9;
        String[] times = output.strip().split(" ", -1);
        double[] taken = {Double.parseDouble(times[0]) + Double.parseDouble(times[1]), servers() - server, wallSeconds};
        PostgresServer.execute("postgres", PostgresServer.ADMIN, "DROP DATABASE " + database + " WITH (FORCE)");
        return taken;
    }

    private void decode(LandedTable table) throws IOException, SQLException {
        LandingFiles landed = new LandingFiles(table, landing.storage());
        for (DataFile file : table.files()) {
            try (ParquetRows parquet = ParquetRows.open(landed, file)) {
                CopyRows out = new CopyRows(new Nowhere(), parquet.columns().size());
                parquet.copyTo(out);
                out.end();
            }
        }
    }

    private Path csv() {
        Path csv = folder.resolve(BenchmarkOrders.folderName(rows) + ".csv");
        if (!Files.exists(csv)) {
            Landing.execute(
                    List.of("COPY (SELECT * FROM read_parquet('" + folder.resolve(BenchmarkOrders.folderName(rows))
                            + "/*.parquet')) TO '" + csv + "' (FORMAT csv, HEADER)"));
        }
        return csv;
    }

    /** CPU seconds of the server's processes, those that have ended too. */
    private static double servers() throws IOException, SQLException {
        long server = server();
        while (true) {
            Map<Long, Double> before = processes(server);
            Map<Long, Double> now = processes(server);
            // One that ended while we looked is counted by neither itself nor the server, so we look again.
            if (now.keySet().equals(before.keySet())) {
                return now.values().stream().mapToDouble(seconds -> seconds).sum();
            }
        }
    }

    /** The server's first process: it waits for all others, and counts what those that have ended took. */
    private static long server() throws IOException, SQLException {
        try (Connection connection = PostgresServer.connect("postgres", PostgresServer.ADMIN);
                Statement statement = connection.createStatement();
                ResultSet pid = statement.executeQuery("SELECT pg_backend_pid()")) {
            pid.next();
            return Long.parseLong(stat(Path.of("/proc", pid.getString(1)))[PARENT]);
        }
    }

    /** CPU seconds by process; of the server first, as it takes over those of processes that end. */
    private static Map<Long, Double> processes(long server) throws IOException {
        Map<Long, Double> seconds = new HashMap<>();
        seconds.put(server, seconds(stat(Path.of("/proc", Long.toString(server)))));
        try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
            for (Path process : entries.filter(p -> p.getFileName().toString().matches("\\d+"))
                    .toList()) {
                child(process, server)
                        .ifPresent(taken ->
                                seconds.put(Long.parseLong(process.getFileName().toString()), taken));
            }
        }
        return seconds;
    }

    /** Empty for a process of another parent, or one that is gone. */
    private static Optional<Double> child(Path process, long server) {
        try {
            String[] fields = stat(process);
            return Long.parseLong(fields[PARENT]) == server ? Optional.of(seconds(fields)) : Optional.empty();
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    /** What follows a process's name. */
    private static String[] stat(Path process) throws IOException {
        String stat = Files.readString(process.resolve("stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    }

    /** utime, stime and those of children that were waited for, in hundredths. */
    private static double seconds(String[] fields) {
        return IntStream.rangeClosed(11, 14)
                        .mapToLong(i -> Long.parseLong(fields[i]))
                        .sum()
                / 100.0;
    }

    /** Takes a copy's bytes and forgets them. */
    private static final class Nowhere implements CopyIn {
        @Override
        public void writeToCopy(byte[] buffer, int from, int length) {}

        @Override
        public void writeToCopy(org.postgresql.util.ByteStreamWriter from) {}

        @Override
        public void flushCopy() {}

        @Override
        public long endCopy() {
            return 0;
        }

        @Override
        public void cancelCopy() {}

        @Override
        public int getFieldCount() {
            return 0;
        }

        @Override
        public int getFormat() {
            return 1;
        }

        @Override
        public int getFieldFormat(int field) {
            return 1;
        }

        @Override
        public boolean isActive() {
            return false;
        }

        @Override
        public long getHandledRowCount() {
            return 0;
        }
    }
}
