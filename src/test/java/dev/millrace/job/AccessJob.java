package dev.millrace.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.run.JobStore;
import dev.millrace.run.Phase;
import dev.millrace.sample.AccessRecordFiles;
import dev.millrace.sample.AccessRecordFiles.SampleFile;
import dev.millrace.storage.StorageOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A job on files of access records, with source, staging and lake in a folder of its own. Its only table grows. */
final class AccessJob extends StoredJob {
    /** The phases that it needs, in order. */
    static final List<Phase> PHASES = List.of(Phase.INFER_SCHEMA, Phase.EXTRACT, Phase.COMPACT, Phase.PUBLISH);

    static final String TABLE = "access_record";

    private static final String NAME = "access";
    private static final AccessRecordFiles SAMPLE =
            new AccessRecordFiles(11, LocalDate.parse("2026-11-20"), 1, 24 * 6, false);
    private static final int HOURS = 24;
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A job that leaves duplicates out.
     *
     * @param publish as {@code lake.publish}, for tables that grow
     */
    AccessJob(Path folder, String publish) {
        this(
                folder,
                publish,
                List.of("    deduplicate: {key: [session_id, timestamp], "
                        + (publish.equals("delta") ? "against: table, within: 7d}" : "against: batch}")));
    }

    /** A job that keeps them: its rows are the records of its files, each by itself. */
    static AccessJob ofEveryRecord(Path folder, String publish) {
        return new AccessJob(folder, publish, List.of());
    }

    private AccessJob(Path folder, String publish, List<String> ofTable) {
        super(folder, NAME, folder.resolve("staging").toString(), StorageOptions.DEFAULT);
        List<String> lines = new ArrayList<>(List.of(
                "job: " + NAME,
                // Two files a unit.
                "source: {json: {at: \"" + records()
                        + "/{yyyy}/{MM}/{dd}/{HH}/\", lookback: 36500d, group-size: 512KB}}",
                "tables:",
                "  " + TABLE + ":",
                "    columns:",
                "      session_id: payload.sessionId",
                "      timestamp: {from: timestamp, type: epoch-millis}",
                "      elapse_ms: {from: payload.elapseMS, type: bigint}",
                "      record_date: {sql: to_date(timestamp)}",
                "      hour: {sql: 'date_format(timestamp, \"HH\")'}"));
        lines.addAll(ofTable);
        lines.addAll(List.of(
                "staging: {at: " + folder.resolve("staging") + ", keep: 7d}",
                "lake: {at: " + lake() + ", publish: " + publish + ", partition-by: [record_date, hour]}"));
        write(lines);
    }

    /** Files of the day's last hours. */
    AccessJob deliver() {
        put(hours(HOURS - 4, HOURS));
        return this;
    }

    /**
     * Files that come with old dates, one that was there already and comes again, with its records twice, and two that were
     * rewritten: of the earlier ones one is as it was.
     */
    AccessJob deliverMore() {
        put(hours(HOURS - 7, HOURS - 4));
        put(SAMPLE.late(1));
        put(SAMPLE.rewritten(2));
        Path again = files(hours(HOURS - 4, HOURS - 3)).get(0);
        try {
            Files.copy(again, again.resolveSibling("again.gz"), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** The files of an hour. */
    AccessJob deliver(int hour) {
        put(hours(hour, hour + 1));
        return this;
    }

    /** Without the empty one that comes after the day's last. */
    private static Stream<SampleFile> hours(int from, int to) {
        return SAMPLE.files().limit(HOURS).skip(from).limit(to - from);
    }

    private void put(Stream<SampleFile> files) {
        AccessRecordFiles.write(records(), files, done -> {});
    }

    private List<Path> files(Stream<SampleFile> files) {
        return files.map(file -> records().resolve(file.path())).toList();
    }

    /** The records that the files of some hours hold, each as {@code file|session_id|milliseconds}, sorted. */
    static List<String> expected(int from, int to) {
        return hours(from, to)
                .flatMap(file -> file.records().stream().map(record -> file.path() + "|" + key(record)))
                .sorted()
                .toList();
    }

    private static String key(String record) {
        try {
            JsonNode tree = JSON.readTree(record);
            JsonNode time = tree.path("timestamp");
            return tree.path("payload").path("sessionId").asText("null") + "|"
                    + (time.isIntegralNumber() ? time.asText() : "null");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The rows that readers see, as {@link #expected} has them. */
    List<String> rows() {
        String root = "file://" + records() + "/";
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement duckDb = connection.createStatement();
                ResultSet rows = duckDb.executeQuery("SELECT concat(substr(_file, " + (root.length() + 1)
                        + "), '|', coalesce(session_id, 'null'), '|', coalesce(epoch_ms(\"timestamp\")::VARCHAR, 'null'))"
                        + " FROM " + readers() + " ORDER BY 1")) {
            List<String> texts = new ArrayList<>();
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
            return texts.stream().sorted().toList();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a reader sees of a Delta table: rows and a sum over all of them; empty before there is one. */
    Optional<String> readDelta() {
        if (!Files.isDirectory(lake().resolve(TABLE).resolve("_delta_log"))
                || dataFiles().isEmpty()) {
            return Optional.empty();
        }
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement duckDb = connection.createStatement();
                ResultSet rows = duckDb.executeQuery(
                        "SELECT count(*) || ' rows, ' || sum(hash(session_id, \"timestamp\", elapse_ms)) FROM "
                                + readers())) {
            rows.next();
            return Optional.of(rows.getString(1));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path records() {
        return folder().resolve("records");
    }

    Path lake() {
        return folder().resolve("lake");
    }

    @Override
    List<Phase> phases() {
        return PHASES;
    }

    @Override
    JobStore.Runs bringing() {
        return JobStore.Runs.ADDING;
    }

    @Override
    List<String> unitPhases() {
        return List.of(FilesReading.PHASE, Phase.EXTRACT.label());
    }

    /** Those that were read are of the source, where they change. */
    @Override
    List<String> filePhases() {
        return List.of(Phase.EXTRACT.label());
    }

    /** Names come from paths and etags. */
    @Override
    boolean namesUnitsAlike() {
        return false;
    }

    @Override
    String columns(String table) {
        return table.equals(TABLE)
                // The other part is a hash of path and etag.
                ? "* REPLACE (right(_row_id, 12) AS _row_id, " + withoutFolder("_file") + ")"
                : "* EXCLUDE (unit) REPLACE (" + withoutFolder("file") + ")";
    }

    private String withoutFolder(String column) {
        return "replace(" + column + ", '" + folder() + "', '') AS " + column;
    }

    @Override
    Map<String, String> seen(Statement duckDb, String as) {
        return Map.of(TABLE, "SELECT " + columns(TABLE) + " FROM " + readers());
    }

    private String readers() {
        String files = dataFiles().stream().map(path -> "'" + path + "'").collect(Collectors.joining(", "));
        return "read_parquet([" + files + "], hive_partitioning = true,"
                + " hive_types = {'record_date': DATE, 'hour': VARCHAR}, union_by_name = true)";
    }

    /** What readers of the table's format read: what Delta's log names, or all there is. */
    private List<Path> dataFiles() {
        Path table = lake().resolve(TABLE);
        Path log = table.resolve("_delta_log");
        try (Stream<Path> files = Files.walk(Files.isDirectory(log) ? log : table)) {
            if (!Files.isDirectory(log)) {
                return files.filter(file -> file.toString().endsWith(".parquet"))
                        .sorted()
                        .toList();
            }
            TreeSet<String> active = new TreeSet<>();
            for (Path version : files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList()) {
                Iterator<JsonNode> actions = JSON.readerFor(JsonNode.class).readValues(version.toFile());
                while (actions.hasNext()) {
                    JsonNode action = actions.next();
                    if (action.has("add")) {
                        active.add(path(action.get("add")));
                    } else if (action.has("remove")) {
                        active.remove(path(action.get("remove")));
                    }
                }
            }
            return active.stream().map(table::resolve).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String path(JsonNode action) {
        return URLDecoder.decode(action.get("path").textValue().replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** In the lake nothing is removed that readers may still read. */
    @Override
    List<String> leftovers() {
        return List.of();
    }
}
