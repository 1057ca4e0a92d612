package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.table.Column;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.file.CsvRows;
import dev.millrace.warehouse.file.UnusableFile;
import dev.millrace.warehouse.sql.StoredVersion;
import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.postgresql.copy.CopyIn;

/** Loads landing files of one table by COPY, some to a transaction, each with its row in the ledger. */
final class FileLoader {
    /** Where a COPY fails, the server names the row as a line, from 1 on. */
    private static final Pattern WHERE =
            Pattern.compile("COPY .*, line (\\d+)(?:, column ([^:]+))?(?::.*)?", Pattern.DOTALL);

    private static final int BATCH_FILES = 64;
    private static final long BATCH_BYTES = 64L << 20;

    /** A transaction for less is not worth it. */
    private static final long LEAST_BATCH_BYTES = 2L << 20;

    /** So that no stream waits long for the last one. */
    private static final int BATCHES_A_STREAM = 4;

    private final PostgresSession session;
    private final PostgresVersionTable versions;
    private final RunId run;
    private final LandingFiles landing;
    private final Steps steps;

    FileLoader(PostgresSession session, PostgresVersionTable versions, RunId run, LandingFiles landing, Steps steps) {
        this.session = session;
        this.versions = versions;
        this.run = run;
        this.landing = landing;
        this.steps = steps;
    }

    /** Batches of files that keep so many streams busy to the end. */
    static List<List<DataFile>> batches(List<DataFile> files, int streams) {
        if (streams == 1) {
            return LandingFiles.batches(files, BATCH_FILES, BATCH_BYTES);
        }
        long share = files.stream().mapToLong(DataFile::bytes).sum() / ((long) streams * BATCHES_A_STREAM);
        return LandingFiles.batches(files, BATCH_FILES, Math.min(Math.max(share, LEAST_BATCH_BYTES), BATCH_BYTES));
    }

    /**
     * Loads all files of a batch or none; those that somebody else loads meanwhile are waited for and left out.
     *
     * @throws Fault SPOILED that names file, row and column where a value does not fit; WORLD that names the file for what may
     *     pass
     */
    void load(List<DataFile> batch) {
        try {
            session.transaction(() -> {
                StoredVersion version = versions.share(run)
                        .filter(v -> !v.isLive())
                        .orElseThrow(
                                () -> Fault.world(
                                        "Run " + run
                                                + " has no staging any more: it went live, or a later run removed it: start a new run"));
                for (DataFile file : batch) {
                    if (versions.add(run, file)) {
                        load(
                                file,
                                identifier(version.namespace()) + "."
                                        + identifier(landing.table().name()));
                    }
                }
                steps.after("rows written");
                // Again: what was read must be what the manifest describes.
                batch.forEach(landing::require);
                return batch;
            });
        } catch (SQLException e) {
            throw session.failure("Cannot load " + landing.table().name(), e);
        }
        steps.after("files loaded");
    }

    private void load(DataFile file, String target) {
        try {
            long copied = switch (landing.table().format()) {
                case PARQUET -> parquet(file, target);
                case CSV -> csv(file, target);
            };
            landing.requireRows(file, copied);
        } catch (SQLException e) {
            throw failure(file, e);
        } catch (IOException e) {
            throw UnusableFile.failure(landing.cannotLoad(file), e);
        }
    }

    private long parquet(DataFile file, String target) throws IOException, SQLException {
        try (ParquetRows rows = ParquetRows.open(landing, file)) {
            return copy(target, rows.columns(), rows::copyTo);
        }
    }

    private long csv(DataFile file, String target) throws IOException, SQLException {
        List<Column> columns = landing.table().definition().columns();
        landing.require(file);
        try (InputStream in = landing.staging().open(file.path())) {
            return copy(target, columns, out -> CsvRows.copy(in, landing.table().codec(), columns, out));
        }
    }

    /** Rows on their way to a COPY. */
    private interface Rows {
        void to(CopyRows out) throws IOException, SQLException;
    }

    /** Rows that the server took. */
    private long copy(String target, List<Column> columns, Rows rows) throws IOException, SQLException {
        String names = columns.stream().map(c -> identifier(c.name())).collect(Collectors.joining(", "));
        CopyIn copy = session.copyIn("COPY " + target + " (" + names + ") FROM STDIN (FORMAT binary)");
        try {
            CopyRows out = new CopyRows(copy, columns.size());
            rows.to(out);
            out.end();
            return copy.endCopy();
        } finally {
            if (copy.isActive()) {
                cancel(copy);
            }
        }
    }

    /** The failure that led here is the one to tell; the transaction is undone in any case. */
    private static void cancel(CopyIn copy) {
        try {
            copy.cancelCopy();
        } catch (SQLException canceled) {
            return;
        }
    }

    private Fault failure(DataFile file, SQLException e) {
        Optional<Matcher> where = PostgresSession.where(e).map(WHERE::matcher).filter(Matcher::matches);
        if (where.isEmpty() || !PostgresSession.isOfValue(e)) {
            return session.failure(landing.cannotLoad(file), e);
        }
        String column = Optional.ofNullable(where.get().group(2))
                .map(name -> ", column " + name)
                .orElse("");
        return Fault.spoiled(
                landing.cannotLoad(file) + ": row "
                        + where.get().group(1)
                        + column + ": " + session.message(e)
                        + ": a value that PostgreSQL cannot hold: leave the column out or compute another, and run again",
                e);
    }
}
