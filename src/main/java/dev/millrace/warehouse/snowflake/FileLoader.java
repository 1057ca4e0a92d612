package dev.millrace.warehouse.snowflake;

import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.table.Column;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.file.CsvRows;
import dev.millrace.warehouse.file.ParquetColumns;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Loads landing files of one table by COPY, many to a transaction, each with its row in the ledger. */
final class FileLoader {
    /** The most that {@code FILES} of one COPY takes. */
    private static final int BATCH_FILES = 1000;

    private static final long BATCH_BYTES = 16L << 30;

    /** Files that are looked at at once; each look is a request or two. */
    private static final int LOOKS = 16;

    /** How COPY tells where it failed: each on a line of its own, after what failed. */
    private static final Pattern FILE = Pattern.compile("^\\s*File '(.+?)', line \\d+", Pattern.MULTILINE);

    private static final Pattern ROW = Pattern.compile("^\\s*Row (\\d+)", Pattern.MULTILINE);
    private static final Pattern COLUMN = Pattern.compile("column \"[^\"]*\"\\[\"([^\"]+)\":\\d+\\]");
    private static final Pattern MISFIT = Pattern.compile("'" + CopyStatement.MISFIT + "([^:']*): .*");

    private final SnowflakeSession session;
    private final OwnSchema own;
    private final RunId run;
    private final LandingFiles landing;
    private final LandingStage stage;
    private final JsonColumns json;
    private final Steps steps;

    FileLoader(
            SnowflakeSession session,
            OwnSchema own,
            RunId run,
            LandingFiles landing,
            LandingStage stage,
            JsonColumns json,
            Steps steps) {
        this.session = session;
        this.own = own;
        this.run = run;
        this.landing = landing;
        this.stage = stage;
        this.json = json;
        this.steps = steps;
    }

    /** The rows of a COPY's result: see the output of COPY INTO table. */
    private record Result(String file, long rows) {}

    /** Finds the run's staging within the transaction of a batch; throws when it is no more. */
    interface Target {
        /** As statements write the table. */
        String find() throws SQLException;
    }

    /**
     * Loads all files, some to a transaction.
     *
     * @param loaded told of each file after its transaction
     * @throws Fault that names the file; SPOILED where no further try would load it, with row and column where a value does
     *     not fit
     */
    void load(List<DataFile> files, Target target, Consumer<DataFile> loaded) throws SQLException {
        String format = own.format(
                session, CopyStatement.formatName(landing.table()), CopyStatement.formatOptions(landing.table()));
        for (List<DataFile> batch : LandingFiles.batches(files, BATCH_FILES, BATCH_BYTES)) {
            requireWhole(landing, batch);
            OwnSchema.Held lock = own.lock(session, run.value());
            // What another process loaded while this one waited is left out.
            Set<String> there = new HashSet<>();
            own.loaded(session, run, landing.table().name())
                    .orElseThrow(() -> OwnSchema.lost(run))
                    .forEach(file -> there.add(file.path()));
            List<DataFile> missing =
                    batch.stream().filter(file -> !there.contains(file.path())).toList();
            if (!missing.isEmpty()) {
                String table = target.find();
                // Without the transaction that holds the lock, each of these would stand for itself.
                lock.require();
                copy(missing, table, format);
                lock.require();
                own.add(session, run, missing);
                steps.after("rows written");
                // Again: what was read must be what the manifest describes.
                requireSame(landing, missing);
            }
            lock.require();
            session.commit();
            steps.after("files loaded");
            batch.forEach(loaded);
        }
    }

    private void copy(List<DataFile> files, String target, String format) throws SQLException {
        Map<String, DataFile> named = new HashMap<>();
        for (DataFile file : files) {
            named.put(stage.relative(landing.uri(file)), file);
        }
        List<String> names =
                files.stream().map(file -> stage.relative(landing.uri(file))).toList();
        Map<String, Long> rows = new HashMap<>();
        try {
            session.rows(
                            CopyStatement.copy(target, landing.table(), stage, format, names, json),
                            row -> new Result(
                                    row.getString(1),
                                    row.getMetaData().getColumnCount() > 1 ? row.getLong("rows_loaded") : 0))
                    .forEach(result -> rows.put(stage.relativeResult(result.file()), result.rows()));
        } catch (SQLException e) {
            throw failure(named, e);
        }
        for (String name : names) {
            Long loaded = rows.get(name);
            if (loaded == null) {
                throw Fault.spoiled(landing.cannotLoad(named.get(name))
                        + ": Snowflake left it out, since it has loaded it into this table before:"
                        + " the next run begins anew");
            }
            landing.requireRows(named.get(name), loaded);
        }
    }

    /** Looks at several files at once; throws what one of them throws. */
    private static void forEach(List<DataFile> files, Consumer<DataFile> look) {
        ExecutorService threads = Executors.newFixedThreadPool(Math.min(LOOKS, files.size()));
        try {
            List<? extends Future<?>> looks = files.stream()
                    .map(file -> threads.submit(() -> look.accept(file)))
                    .toList();
            for (Future<?> one : looks) {
                one.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException thrown) {
                throw thrown;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Interrupted while the landing files were compared with their manifest", e);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Compares files with their manifest, with their columns, and in Parquet also the rows of the footer. */
    static void requireWhole(LandingFiles landing, List<DataFile> files) {
        forEach(files, file -> requireWhole(landing, file));
    }

    /** Compares files with their manifest. */
    static void requireSame(LandingFiles landing, List<DataFile> files) {
        forEach(files, landing::require);
    }

    /** A file as its manifest describes it, with its columns. */
    private static void requireWhole(LandingFiles landing, DataFile file) {
        switch (landing.table().format()) {
            case PARQUET -> ParquetColumns.requireWhole(landing, file);
            case CSV -> {
                landing.require(file);
                requireHeader(landing, file);
            }
        }
    }

    /** COPY takes the fields of CSV by their place. */
    private static void requireHeader(LandingFiles landing, DataFile file) {
        String header = landing.table().definition().columns().stream()
                .map(Column::name)
                .collect(Collectors.joining(",", "", "\n"));
        try (InputStream in = CsvRows.decompressed(
                landing.staging().open(file.path()), landing.table().codec())) {
            String found = new String(in.readNBytes(header.length()), StandardCharsets.UTF_8);
            if (!found.equals(header)) {
                throw landing.changed(file, " has other columns than the manifest says");
            }
        } catch (IOException e) {
            throw Fault.world(landing.cannotLoad(file) + ": " + e.getMessage(), e);
        }
    }

    private Fault failure(Map<String, DataFile> files, SQLException e) {
        String text = String.valueOf(e.getMessage());
        Optional<DataFile> file = first(FILE, text)
                .map(stage::relativeResult)
                .flatMap(name -> files.entrySet().stream()
                        .filter(f -> f.getKey().equals(name)
                                || name.endsWith("/" + f.getKey())
                                || f.getKey().endsWith(name))
                        .map(Map.Entry::getValue)
                        .findFirst());
        Optional<DataFile> only =
                file.or(() -> files.size() == 1 ? files.values().stream().findFirst() : Optional.empty());
        String what = "Cannot load "
                + only.map(landing::uri).orElseGet(() -> files.size() + " files of " + stage.url())
                + " into " + landing.table().name();
        Optional<String> row = first(ROW, text);
        if (row.isEmpty()) {
            return session.failure(what, e);
        }
        Matcher misfit = MISFIT.matcher(text);
        String why = misfit.find()
                ? CopyStatement.MISFIT + misfit.group(1)
                // The value itself is for nobody's log.
                : text.lines().findFirst().orElse("").replaceAll("'.*'", "a value");
        return Fault.spoiled(
                what + ": row " + row.get()
                        + first(COLUMN, text)
                                .map(name -> ", column " + SnowflakeText.shown(name))
                                .orElse("")
                        + ": " + why + ": leave the column out or compute another, and run again",
                e);
    }

    private static Optional<String> first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }
}
