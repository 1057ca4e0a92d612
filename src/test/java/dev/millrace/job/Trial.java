package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.config.Job;
import dev.millrace.config.WarehouseSettings;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.LandingManifests;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.schema.ShredPlan;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.table.Column;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.Rebuild;
import dev.millrace.testing.SharedSpark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Jobs in a temporary folder, run as a user runs them, with this JVM's Spark session and DynamoDB Local. */
final class Trial {
    /** What a process would have ended with. */
    record Ended(int code, String out, String err) {}

    /** Gives a column's values of a result. */
    private interface Reader {
        Object read(ResultSet row, int position) throws SQLException;
    }

    /** Runs phases with a trial's surroundings. */
    @Command(name = "local")
    private static final class Started implements Callable<Integer> {
        @Mixin
        private Arguments arguments = new Arguments();

        private final List<Phase> phases;
        private final Surroundings around;
        private final PrintStream out;

        Started(List<Phase> phases, Surroundings around, PrintStream out) {
            this.phases = phases;
            this.around = around;
            this.out = out;
        }

        @Override
        public Integer call() {
            return RunReport.run(arguments, phases, around, out);
        }
    }

    /** Tries again with a trial's surroundings. */
    @Command(name = "retry")
    private static final class Retried implements Callable<Integer> {
        @Mixin
        private Arguments arguments = new Arguments();

        private final Surroundings around;
        private final PrintStream out;

        Retried(Surroundings around, PrintStream out) {
            this.around = around;
            this.out = out;
        }

        @Override
        public Integer call() {
            return Quarantine.Retry.run(arguments, around, out);
        }
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final Map<String, String> variables = new HashMap<>();
    private Clock clock = Clock.systemUTC();
    private BiFunction<String, StorageOptions, Storage> storages = Storages::open;

    Trial(Path folder) {
        this.folder = folder;
        // Before any run: jobs use the session that is there.
        SharedSpark.session();
    }

    /** From now on it is so much later. */
    Trial later(Duration duration) {
        clock = Clock.offset(clock, duration);
        return this;
    }

    /** From now on runs open their storages so. */
    Trial through(BiFunction<String, StorageOptions, Storage> opening) {
        storages = opening;
        return this;
    }

    Trial variable(String name, String value) {
        variables.put(name, value);
        return this;
    }

    /**
     * Writes a job file.
     *
     * @param yaml in which {@code $SERVER} stands for DynamoDB Local's address and {@code $HERE} for the folder
     */
    Path job(String name, String yaml) {
        try {
            String text =
                    yaml.replace("$SERVER", DynamoDbLocal.endpoint().toString()).replace("$HERE", folder.toString());
            return Files.writeString(folder.resolve(name + ".yaml"), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs all phases of a job. */
    Ended run(Path job, String... options) {
        return run(List.of(), job, options);
    }

    /** Runs some phases of a job, as their entry points do. */
    Ended run(List<Phase> phases, Path job, String... options) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StringWriter errors = new StringWriter();
        PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);
        CommandLine line = new CommandLine(new Started(phases, around(), out)).setErr(new PrintWriter(errors, true));
        int code = Millrace.execute(line, arguments(job, options));
        out.flush();
        return new Ended(code, bytes.toString(StandardCharsets.UTF_8), errors.toString());
    }

    /** Tries the items of a job's last run again. */
    Ended retry(Path job, String... options) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StringWriter errors = new StringWriter();
        PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);
        CommandLine line = new CommandLine(new Retried(around(), out)).setErr(new PrintWriter(errors, true));
        int code = Millrace.execute(line, arguments(job, options));
        out.flush();
        return new Ended(code, bytes.toString(StandardCharsets.UTF_8), errors.toString());
    }

    /** Runs all phases of a job that has to succeed. */
    Ended succeed(Path job, String... options) {
        Ended ended = run(job, options);
        if (ended.code() != 0) {
            throw new AssertionError("Exit code " + ended.code() + ": " + ended.err());
        }
        return ended;
    }

    /** Runs a command of the command line, as a process would. */
    static Ended command(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter errors = new StringWriter();
        CommandLine line =
                Millrace.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(errors, true));
        int code = Millrace.execute(line, arguments);
        return new Ended(code, out.toString(), errors.toString());
    }

    private Surroundings around() {
        return new Surroundings(
                folder,
                Optional.of(Path.of(System.getProperty("millrace.home"))),
                name -> Optional.ofNullable(variables.get(name)),
                clock,
                new Random(),
                storages,
                Surroundings::warehouse);
    }

    private static String[] arguments(Path job, String... options) {
        return Stream.concat(Stream.of(job.toString()), Arrays.stream(options)).toArray(String[]::new);
    }

    OpenJob open(Path job) {
        Started started = new Started(List.of(), around(), System.out);
        new CommandLine(started).parseArgs(arguments(job));
        return OpenJob.load(started.arguments, around());
    }

    /** The newest run. */
    RunStore run(OpenJob open) {
        List<RunId> runs = open.store().runs();
        return open.store().run(runs.get(runs.size() - 1));
    }

    /** How a run made rows of items. */
    ShredPlan plan(OpenJob open) {
        Job job = open.job();
        return ShredPlan.of(
                open.schemas().latest().orElseThrow().schema(),
                TableSource.kindRule(job),
                job.tables(),
                ShredPlan.Expiry.NEVER);
    }

    /** What the newest run has landed, by table; without the quarantine. */
    Map<String, LandedTable> landed(OpenJob open) {
        RunStore run = run(open);
        String job = open.job().name() + "/";
        return open.staging().names(job).stream()
                .map(name -> job + name + "snapshot=" + run.id() + "/datalake/")
                .filter(data -> !open.staging()
                        .names(data.substring(0, data.length() - "datalake/".length()) + "manifests/")
                        .isEmpty())
                .map(data -> LandingManifests.read(open.staging(), LandingManifests.folder(data)))
                .collect(Collectors.toMap(LandedTable::name, table -> table));
    }

    /** The items of a run's landing files, as DuckDB reads their Parquet. */
    List<JsonNode> itemsOfLanding(OpenJob open) {
        Map<String, LandedTable> landed = landed(open);
        return rebuilt(open, table -> {
            List<String> files = landed.get(table).files().stream()
                    .map(file -> "'" + open.staging().localPath(file.path()).orElseThrow() + "'")
                    .toList();
            return files.isEmpty() ? "" : "read_parquet([" + String.join(", ", files) + "])";
        });
    }

    /** The items of the live warehouse. */
    List<JsonNode> itemsOfLive(OpenJob open) {
        List<String> live = query(
                open,
                "SELECT table_name FROM information_schema.tables WHERE table_schema = '"
                        + open.warehouse().schema() + "'");
        return rebuilt(open, table -> live.contains(table) ? open.warehouse().schema() + ".\"" + table + "\"" : "");
    }

    /** @param from what to select a table's rows from; nothing for a table without rows */
    private List<JsonNode> rebuilt(OpenJob open, java.util.function.UnaryOperator<String> from) {
        ShredPlan plan = plan(open);
        List<List<Map<String, Object>>> rows = new ArrayList<>();
        try (Connection duck = duck(open)) {
            for (ShredPlan.Table table : plan.tables()) {
                String relation = from.apply(table.definition().name());
                rows.add(relation.isEmpty() ? List.of() : rows(duck, relation, table.definition()));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return new Rebuild(plan, rows).items();
    }

    private static List<Map<String, Object>> rows(Connection duck, String from, TableDefinition table)
            throws SQLException {
        List<Map<String, Object>> rows = new ArrayList<>();
        String columns = table.columns().stream()
                .map(c -> '"' + c.name().replace("\"", "\"\"") + '"')
                .collect(Collectors.joining(", "));
        try (Statement statement = duck.createStatement();
                ResultSet result = statement.executeQuery("SELECT " + columns + " FROM " + from)) {
            while (result.next()) {
                Map<String, Object> row = new HashMap<>();
                for (int i = 0; i < table.columns().size(); i++) {
                    Object value = reader(table.columns().get(i)).read(result, i + 1);
                    if (!result.wasNull()) {
                        row.put(table.columns().get(i).name(), value);
                    }
                }
                rows.add(row);
            }
        }
        return rows;
    }

    private static Reader reader(Column column) {
        return switch (column.type().kind()) {
            case STRING, JSON -> ResultSet::getString;
            case BIGINT -> ResultSet::getLong;
            case DECIMAL -> ResultSet::getBigDecimal;
            case BOOLEAN -> ResultSet::getBoolean;
            case BINARY -> ResultSet::getBytes;
            case DOUBLE, DATE, TIMESTAMP -> throw new IllegalArgumentException("Never inferred: " + column);
        };
    }

    /** DuckDB with a job's live file; {@code schema.table} is a live table. */
    private static Connection duck(OpenJob open) throws SQLException {
        Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Path live =
                ((dev.millrace.config.WarehouseSettings.DuckDb) open.warehouse().engine()).path();
        if (Files.exists(live)) {
            execute(duck, "ATTACH '" + live + "' AS live (READ_ONLY)");
            execute(duck, "USE live");
        }
        return duck;
    }

    /** The file that readers open. */
    static Path live(OpenJob open) {
        return ((WarehouseSettings.DuckDb) open.warehouse().engine()).path();
    }

    private static void execute(Connection duck, String sql) throws SQLException {
        try (Statement statement = duck.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Rows of a query on live and whatever files it names, a row's values with a bar between. */
    List<String> query(OpenJob open, String sql) {
        try (Connection duck = duck(open);
                Statement statement = duck.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                List<String> values = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    values.add(String.valueOf(result.getString(i)));
                }
                rows.add(String.join("|", values));
            }
            return rows;
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** All tables of live and their numbers of rows, as {@code name|rows}, sorted. */
    List<String> liveRows(OpenJob open) {
        List<String> rows = new ArrayList<>();
        String schema = open.warehouse().schema();
        for (String table : query(
                open,
                "SELECT table_name FROM information_schema.tables WHERE table_schema = '" + schema + "' ORDER BY 1")) {
            rows.add(table + "|"
                    + query(open, "SELECT count(*) FROM " + schema + ".\"" + table + "\"")
                            .get(0));
        }
        return rows;
    }

    /** Asserts that two live warehouses have the same tables with the same columns and rows. */
    void assertSameTables(OpenJob one, OpenJob other) {
        String columns = "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
                + "WHERE table_schema = 'w' ORDER BY table_name, ordinal_position";
        assertThat(query(other, columns)).isNotEmpty().isEqualTo(query(one, columns));
        String second = "ATTACH '" + live(other) + "' AS other (READ_ONLY)";
        try (Connection duck = duck(one)) {
            execute(duck, second);
            for (String name : liveRows(one)) {
                String table = "w.\"" + name.substring(0, name.indexOf('|')) + "\"";
                for (String difference : List.of(
                        "SELECT * FROM live." + table + " EXCEPT ALL SELECT * FROM other." + table,
                        "SELECT * FROM other." + table + " EXCEPT ALL SELECT * FROM live." + table)) {
                    try (Statement statement = duck.createStatement();
                            ResultSet result = statement.executeQuery("SELECT count(*) FROM (" + difference + ")")) {
                        result.next();
                        assertThat(result.getLong(1)).as(difference).isZero();
                    }
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode tree(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
