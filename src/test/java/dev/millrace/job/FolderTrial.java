package dev.millrace.job;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.SharedSpark;
import dev.millrace.warehouse.Landing;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import picocli.CommandLine;

/** Folders of Parquet that others wrote, compacted as a user does it, and read by DuckDB. */
final class FolderTrial {
    /** What a process would have ended with. */
    record Ended(int code, String out, String err) {}

    private FolderTrial() {}

    /** Runs the command with this JVM's Spark session. */
    static Ended compact(String... arguments) {
        return compact(Clock.systemUTC(), Storages::open, arguments);
    }

    static Ended compact(Clock clock, BiFunction<String, StorageOptions, Storage> storages, String... arguments) {
        SharedSpark.session();
        Surroundings around = new Surroundings(
                Path.of("").toAbsolutePath(),
                Optional.empty(),
                name -> Optional.empty(),
                clock,
                new Random(),
                storages,
                Surroundings::warehouse);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = new CommandLine(new CompactFolder(around))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err));
        int code = Millrace.execute(line, arguments);
        return new Ended(code, out.toString(), err.toString());
    }

    /** Executes SQL of DuckDB. */
    static void duckDb(String... statements) {
        Landing.execute(List.of(statements));
    }

    static List<String> query(String sql) {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> lines = new ArrayList<>();
            while (rows.next()) {
                StringBuilder line = new StringBuilder();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    line.append(i == 1 ? "" : "|").append(rows.getString(i));
                }
                lines.add(line.toString());
            }
            return lines;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What DuckDB sees in a folder of all files whose names end as Parquet's do, wherever they lie in it. */
    static String source(Path folder) {
        return "read_parquet('" + folder + "/**/*.parquet', hive_partitioning = true, hive_types_autocast = false,"
                + " union_by_name = true)";
    }

    /**
     * Count, nulls and an order-independent checksum of each column, for each partition.
     *
     * @param partitions columns in the names of the folders
     */
    static List<String> sums(Path folder, String... partitions) {
        List<String> columns = query("select column_name from (describe select * from " + source(folder) + ")");
        List<String> selected = new ArrayList<>(List.of(partitions));
        selected.add("count(*)");
        for (String column : columns) {
            String quoted = '"' + column + '"';
            selected.add("'" + column + "' || ' ' || count(" + quoted + ")::varchar || ' ' || sum(hash(" + quoted
                    + "))::varchar");
        }
        return query("select " + String.join(", ", selected) + " from " + source(folder)
                + (partitions.length == 0 ? "" : " group by all order by all"));
    }

    /** Paths of the files that readers of folders do not pass over. */
    static List<String> files(Path folder) {
        return Storages.open(folder.toString(), StorageOptions.DEFAULT).list("").stream()
                .map(file -> file.path())
                .filter(path -> !path.startsWith("_"))
                .toList();
    }

    /** Everything that is in a folder but an empty lock file. */
    static List<String> everything(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .filter(path -> !path.equals("_millrace/.~lock"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
