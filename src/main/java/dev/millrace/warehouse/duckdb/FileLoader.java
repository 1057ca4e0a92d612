package dev.millrace.warehouse.duckdb;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.table.Column;
import dev.millrace.table.FileFormat;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.file.ParquetColumns;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Loads landing files of one table, many to a transaction, each with its row in the ledger. When a transaction fails
 * its files are tried one by one, so that the one at fault is named and the others are in.
 */
final class FileLoader {
    private static final int BATCH_FILES = 256;
    private static final long BATCH_BYTES = 256L << 20;

    private final DuckDbSession session;
    private final String database;
    private final String target;
    private final LandingFiles landing;
    private final LandedTable table;
    private final Path downloads;
    private final Steps steps;

    FileLoader(
            DuckDbSession session, String database, String target, LandingFiles landing, Path downloads, Steps steps) {
        this.session = session;
        this.database = database;
        this.target = target;
        this.landing = landing;
        this.table = landing.table();
        this.downloads = downloads;
        this.steps = steps;
    }

    static String ledger(String database) {
        return identifier(database) + "." + identifier(VersionState.SCHEMA) + ".loaded_file";
    }

    void load(List<DataFile> files, Consumer<DataFile> loaded) {
        for (List<DataFile> batch : batches(files)) {
            loadBatch(batch);
            batch.forEach(loaded);
            steps.after("files loaded");
        }
    }

    static List<List<DataFile>> batches(List<DataFile> files) {
        return LandingFiles.batches(files, BATCH_FILES, BATCH_BYTES);
    }

    private void loadBatch(List<DataFile> batch) {
        Map<DataFile, Path> local = new LinkedHashMap<>();
        try {
            for (DataFile file : batch) {
                local.put(file, bring(file));
            }
            loadInOneTransaction(local);
        } catch (SQLException e) {
            if (batch.size() > 1) {
                for (DataFile file : batch) {
                    loadBatch(List.of(file));
                }
            } else {
                throw failure(batch.get(0), local.get(batch.get(0)), e);
            }
        } finally {
            VersionFiles.delete(downloads);
        }
    }

    /** The engine's own message would show the value, and not where it stands. */
    private Fault failure(DataFile file, Path local, SQLException e) {
        String what = landing.cannotLoad(file) + ": ";
        return misfit(local)
                .map(text -> Fault.spoiled(what + text + ": leave the column out or compute another, and run again", e))
                .orElseGet(() -> unreadable(file, what, e));
    }

    /** The engine tells a file that is no Parquet by words only. */
    private Fault unreadable(DataFile file, String what, SQLException e) {
        if (table.format() == FileFormat.PARQUET) {
            ParquetColumns.requireWhole(landing, file);
        }
        return Fault.world(what + DuckDbSession.firstLine(e), e);
    }

    private Optional<String> misfit(Path file) {
        try {
            // So that rows come in the order of the file.
            session.execute("SET threads = 1");
            return session
                    .rows(
                            LandingSql.firstMisfit(table, file),
                            row -> "row " + row.getLong(1) + ", column " + row.getString(2))
                    .stream()
                    .findFirst();
        } catch (SQLException unreadable) {
            return Optional.empty();
        }
    }

    private void loadInOneTransaction(Map<DataFile, Path> local) throws SQLException {
        session.execute("BEGIN");
        try {
            switch (table.format()) {
                case PARQUET -> insertParquet(local);
                case CSV -> insertCsv(local);
            }
            session.execute("INSERT INTO " + ledger(database) + " VALUES "
                    + local.keySet().stream().map(this::ledgerRow).collect(Collectors.joining(", ")));
            steps.after("rows written");
            // Again: what was read must be what the manifest describes.
            local.keySet().forEach(landing::require);
            session.execute("COMMIT");
        } catch (SQLException e) {
            session.rollback(e);
            throw e;
        } catch (Fault e) {
            session.execute("ROLLBACK");
            throw e;
        }
    }

    private String ledgerRow(DataFile file) {
        return "(" + literal(table.name()) + ", " + literal(file.path()) + ", " + file.bytes() + ", " + file.rows()
                + ", " + literal(file.etag()) + ")";
    }

    private void insertParquet(Map<DataFile, Path> local) throws SQLException {
        List<Path> paths = List.copyOf(local.values());
        requireExactTypes(local);
        Map<String, Long> footers = session
                .rows(
                        "SELECT file_name, num_rows FROM parquet_file_metadata(" + LandingSql.list(paths) + ")",
                        row -> Map.entry(row.getString(1), row.getLong(2)))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        long expected = 0;
        for (Map.Entry<DataFile, Path> file : local.entrySet()) {
            landing.requireRows(
                    file.getKey(), footers.getOrDefault(file.getValue().toString(), 0L));
            expected += file.getKey().rows();
        }
        long inserted = session.update(LandingSql.insertParquet(target, table.definition(), paths));
        if (inserted != expected) {
            throw new SQLException("The footers name " + expected + " rows, " + inserted + " were read");
        }
    }

    /** One statement each: only so is every file's number of rows the engine's own count. */
    private void insertCsv(Map<DataFile, Path> local) throws SQLException {
        for (Map.Entry<DataFile, Path> file : local.entrySet()) {
            landing.requireRows(file.getKey(), session.update(LandingSql.insertCsv(target, table, file.getValue())));
        }
    }

    /** The engine would convert types of other files to those of the first, and those to the table's, with losses. */
    private void requireExactTypes(Map<DataFile, Path> local) throws SQLException {
        List<Path> paths = List.copyOf(local.values());
        long shapes = session.number("SELECT count(DISTINCT shape) FROM (SELECT list((name, type, type_length, "
                + "converted_type, scale, precision, logical_type) ORDER BY name, type) AS shape FROM parquet_schema("
                + LandingSql.list(paths) + ") WHERE num_children IS NULL GROUP BY file_name)");
        if (shapes > 1) {
            throw new SQLException("The files' columns differ");
        }
        Map<String, String> types = session
                .rows(
                        "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "
                                + LandingSql.readParquet(paths.subList(0, 1)) + ")",
                        row -> Map.entry(row.getString(1), row.getString(2)))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        for (Column column : table.definition().columns()) {
            Optional<String> type = Optional.ofNullable(types.get(column.name()));
            if (type.filter(t -> LandingSql.isExact(t, column.type())).isEmpty()) {
                throw landing.otherColumn(local.keySet().iterator().next(), column, type.orElse("missing"));
            }
        }
    }

    /** A landing file on the local disk, the one the manifest describes. */
    private Path bring(DataFile file) {
        landing.require(file);
        Optional<Path> local = landing.staging().localPath(file.path());
        return local.isPresent() ? local.get().toAbsolutePath().normalize() : download(file);
    }

    private Path download(DataFile file) {
        Path copy = downloads.resolve(file.path().replace('/', '~'));
        try (InputStream in = landing.staging().open(file.path())) {
            Files.createDirectories(downloads);
            long bytes = Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            if (bytes != file.bytes()) {
                throw landing.changed(file, " has " + bytes + " bytes, the manifest says " + file.bytes());
            }
        } catch (IOException e) {
            throw Fault.world("Cannot download " + landing.uri(file) + " to " + copy + ": " + e, e);
        }
        return copy;
    }
}
