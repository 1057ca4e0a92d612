package dev.millrace.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.run.JobStore;
import dev.millrace.run.Phase;
import dev.millrace.sample.OrdersSnapshot;
import dev.millrace.storage.StorageOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A job on a snapshot of orders, with source, staging and lake in a folder of its own. Each run replaces its only table. */
final class OrdersJob extends StoredJob {
    static final String TABLE = "orders";

    private static final String NAME = "orders";
    private static final int FILES = 6;

    /** Of each snapshot, so that a reader always sees as many. */
    private static final int ROWS = 600;

    private static final ObjectMapper JSON = new ObjectMapper();

    OrdersJob(Path folder) {
        super(folder, NAME, folder.resolve("staging").toString(), StorageOptions.DEFAULT);
        write(List.of(
                "job: " + NAME,
                // Two files a unit.
                "source: {snapshot: {at: " + export() + ", group-size: 600KB}}",
                "tables: {" + TABLE + ": {columns: {day: {sql: to_date(created_at)}}}}",
                "staging: {at: " + folder.resolve("staging") + ", keep: 7d}",
                "lake: {at: " + lake() + ", partition-by: [day], keep-versions: 50}"));
    }

    /** A first snapshot. */
    OrdersJob deliver() {
        return put(21);
    }

    /** Another one in its place, with as many rows. */
    OrdersJob deliverMore() {
        return put(22);
    }

    private OrdersJob put(long seed) {
        new OrdersSnapshot(seed, ROWS, FILES).write(export());
        return this;
    }

    private Path export() {
        return folder().resolve("export");
    }

    private Path lake() {
        return folder().resolve("lake");
    }

    @Override
    List<Phase> phases() {
        return AccessJob.PHASES;
    }

    @Override
    JobStore.Runs bringing() {
        return JobStore.Runs.REPLACING;
    }

    @Override
    List<String> unitPhases() {
        return List.of(Phase.INFER_SCHEMA.label(), FilesReading.PHASE, Phase.EXTRACT.label());
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

    /** Versions are named by their runs. */
    @Override
    String neutral(String text) {
        return super.neutral(text).replaceAll("_\\d{4}(_\\d{2}){5}/", "_version/");
    }

    @Override
    String columns(String table) {
        return table.equals(TABLE)
                // The other part is a hash of path and etag.
                ? "* REPLACE (right(_row_id, 12) AS _row_id, replace(_file, '" + folder() + "', '') AS _file)"
                : "* EXCLUDE (unit) REPLACE (replace(file, '" + folder() + "', '') AS file)";
    }

    @Override
    Map<String, String> seen(Statement duckDb, String as) {
        return Map.of(
                TABLE, "SELECT " + columns(TABLE) + " FROM " + files(byPointer().orElseThrow()));
    }

    private static String files(Path version) {
        return "read_parquet('" + version + "/*/*.parquet', hive_partitioning = true, hive_types = {'day': DATE})";
    }

    private Optional<Path> byPointer() {
        try {
            Path pointer = lake().resolve(TABLE + "_current.json");
            return Files.exists(pointer)
                    ? Optional.of(lake().resolve(JSON.readTree(pointer.toFile())
                            .path("folder")
                            .asText()))
                    : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Optional<Path> byLink() {
        try {
            Path link = lake().resolve(TABLE);
            return Files.exists(link) ? Optional.of(link.toRealPath()) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a reader sees who goes by the pointer: rows and a sum over all of them. */
    Optional<String> readByPointer() {
        return byPointer().map(OrdersJob::read);
    }

    /** What a reader sees who goes by the link. */
    Optional<String> readByLink() {
        return byLink().map(OrdersJob::read);
    }

    private static String read(Path version) {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement duckDb = connection.createStatement();
                ResultSet rows = duckDb.executeQuery(
                        "SELECT count(*) || ' rows, ' || sum(hash(order_id, customer_id, total, day)) FROM "
                                + files(version))) {
            rows.next();
            return rows.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The link is as the pointer says. */
    @Override
    List<String> leftovers() {
        return byLink().map(Path::toAbsolutePath)
                        .equals(byPointer().map(path -> path.toAbsolutePath().normalize()))
                ? List.of()
                : List.of("the link is to " + byLink() + ", the pointer to " + byPointer());
    }
}
