package dev.millrace.warehouse.redshift;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.file.CsvRows;
import dev.millrace.warehouse.file.ParquetColumns;
import dev.millrace.warehouse.file.UnusableFile;
import dev.millrace.warehouse.sql.SqlSession;
import dev.millrace.warehouse.sql.StoredVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.schema.Type;

/**
 * Loads landing files of one table by COPY, many to a transaction, each with its row in the ledger.
 *
 * <p>COPY takes a Parquet file's columns by their position, so each file's footer is compared before: names, order, types
 * and rows. The table is locked from the begin of the transaction to its end; so nobody else loads into it between the look
 * into the ledger and the rows that are added to it.
 *
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html">COPY from columnar
 *     data formats</a>
 */
final class CopyLoader {
    private static final int BATCH_FILES = 500;
    private static final long BATCH_BYTES = 8L << 30;
    private static final int BUFFER_BYTES = 64 << 10;
    private static final String TEXT_TABLE = identifier("millrace_load");

    private final RedshiftOptions options;
    private final TableLayout layout;
    private final RedshiftSession session;
    private final RedshiftVersionTable versions;
    private final Load load;
    private final LandingFiles landing;
    private final Steps steps;

    CopyLoader(
            RedshiftOptions options,
            TableLayout layout,
            RedshiftSession session,
            RedshiftVersionTable versions,
            Load load,
            LandingFiles landing,
            Steps steps) {
        this.options = options;
        this.layout = layout;
        this.session = session;
        this.versions = versions;
        this.load = load;
        this.landing = landing;
        this.steps = steps;
    }

    static List<List<DataFile>> batches(List<DataFile> files) {
        return LandingFiles.batches(files, BATCH_FILES, BATCH_BYTES);
    }

    /** A COPY that the server refused, perhaps for one of several files. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        private final transient Fault fault;

        Refused(Fault fault) {
            super(fault);
            this.fault = fault;
        }
    }

    /**
     * Loads all files of a batch. Where the server refuses one it is looked for: the others are loaded then.
     *
     * @throws Fault SPOILED that names file, row and column, where a value does not fit and the server has noted which;
     *     WORLD that names the file, where it may be at fault
     */
    void load(List<DataFile> batch) {
        try {
            copy(batch);
        } catch (Refused several) {
            for (DataFile file : batch.size() == 1 ? List.<DataFile>of() : batch) {
                try {
                    copy(List.of(file));
                } catch (Refused one) {
                    throw one.fault;
                }
            }
            if (batch.size() == 1) {
                throw several.fault;
            }
        }
    }

    private void copy(List<DataFile> batch) throws Refused {
        CopyManifest manifest = new CopyManifest();
        List<String> texts = new ArrayList<>();
        for (DataFile file : batch) {
            switch (landing.table().format()) {
                case PARQUET -> {
                    requireParquet(file);
                    manifest.add(landing.uri(file), file.bytes());
                }
                case CSV -> {
                    StoredFile text = escaped(file);
                    texts.add(text.path());
                    manifest.add(storage().uri(text.path()), text.bytes());
                }
            }
        }
        String path = path(batch.get(0), batch.size(), "manifest.json");
        manifest.put(storage(), path);
        boolean isCopied = copy(batch, storage().uri(path));
        storage().delete(texts);
        if (!isCopied) {
            // Another process loaded some of them meanwhile.
            List<DataFile> rest = missing(batch);
            if (!rest.isEmpty()) {
                copy(rest);
            }
            return;
        }
        steps.after("files loaded");
    }

    private Storage storage() {
        return landing.staging();
    }

    /** Beside the run's state; goes when the run's files go. */
    private String path(DataFile file, int files, String end) {
        return String.format(
                Locale.ROOT,
                "%s/runs/%s/copy/%s/%s-%d-%s",
                load.job(),
                load.run(),
                landing.table().name(),
                UUID.nameUUIDFromBytes(file.path().getBytes(StandardCharsets.UTF_8)),
                files,
                end);
    }

    private List<DataFile> missing(List<DataFile> batch) {
        try {
            Set<String> loaded = loaded();
            return batch.stream().filter(f -> !loaded.contains(f.path())).toList();
        } catch (SQLException e) {
            throw session.failure("Cannot load " + landing.table().name(), e);
        }
    }

    private Set<String> loaded() throws SQLException {
        return versions.loaded(load.run(), landing.table().name()).stream()
                .map(DataFile::path)
                .collect(Collectors.toSet());
    }

    /**
     * One transaction, tried again where it collides with others.
     *
     * @return false where the ledger has some of the files already; nothing is loaded then
     */
    private boolean copy(List<DataFile> batch, String manifest) throws Refused {
        Retry retry = new Retry(options.server().patience());
        while (true) {
            String since = clock();
            try {
                return session.transaction(() -> {
                    StoredVersion version = claimed();
                    Set<String> loaded = loaded();
                    if (batch.stream().anyMatch(file -> loaded.contains(file.path()))) {
                        return false;
                    }
                    long copied = copied(version, manifest);
                    requireRows(batch, copied);
                    steps.after("rows written");
                    // Again: what was read must be what the manifest describes.
                    batch.forEach(landing::require);
                    versions.add(load.run(), batch);
                    return true;
                });
            } catch (SQLException e) {
                if (RedshiftSession.isPassing(e) && retry.again()) {
                    continue;
                }
                if (!RedshiftSession.isPerhapsOfAFile(e)) {
                    throw plain(batch, e);
                }
                throw new Refused(failure(batch, since, e));
            }
        }
    }

    /**
     * The server's clock, which load errors are noted by, in the session's zone, UTC.
     *
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SYSDATE.html">SYSDATE</a>: unlike GETDATE it tells
     *     microseconds
     */
    private String clock() {
        try {
            return session.rows("SELECT to_char(sysdate, 'YYYY-MM-DD HH24:MI:SS.US')", row -> row.getString(1))
                    .get(0);
        } catch (SQLException e) {
            throw session.failure("Cannot load " + landing.table().name(), e);
        }
    }

    /** The table is this transaction's alone, before anything is read. */
    private StoredVersion claimed() throws SQLException {
        Fault gone = Fault.world("Run " + load.run()
                + " has no staging any more: it went live, or a later run removed it: start a new run");
        try {
            session.waitAtMost(options.server().patience());
            session.execute("LOCK TABLE " + identifier(namespace()) + "."
                    + identifier(landing.table().name()));
            session.waitAtMost(Duration.ZERO);
        } catch (SQLException e) {
            if (RedshiftSession.isMissing(e)) {
                throw gone;
            }
            throw e;
        }
        return versions.claim(load.run()).filter(v -> !v.isLive()).orElseThrow(() -> gone);
    }

    /** Rows that COPY loaded. */
    private long copied(StoredVersion version, String manifest) throws SQLException {
        String target = identifier(version.namespace()) + "."
                + identifier(landing.table().name());
        if (!layout.parses(landing.table().definition())) {
            session.execute(copyStatement(target, manifest));
            return session.number("SELECT pg_last_copy_count()");
        }
        session.execute(layout.createTextTable(TEXT_TABLE, landing.table().definition()));
        session.execute(copyStatement(TEXT_TABLE, manifest));
        long copied = session.number("SELECT pg_last_copy_count()");
        session.execute("INSERT INTO " + target + " SELECT "
                + landing.table().definition().columns().stream()
                        .map(c -> c.type().kind() == ColumnType.Kind.JSON
                                ? "json_parse(" + identifier(c.name()) + ")"
                                : identifier(c.name()))
                        .collect(Collectors.joining(", "))
                + " FROM " + TEXT_TABLE);
        session.execute("DROP TABLE " + TEXT_TABLE);
        return copied;
    }

    private String copyStatement(String target, String manifest) {
        String role = options.server().iamRole();
        String copy = "COPY " + target + " FROM " + RedshiftText.literal(manifest) + " IAM_ROLE "
                + (role.equals("default") ? role : RedshiftText.literal(role));
        return switch (landing.table().format()) {
            case PARQUET -> copy + " FORMAT AS PARQUET MANIFEST";
            case CSV -> copy + " MANIFEST GZIP DELIMITER '" + EscapedText.DELIMITER + "' ESCAPE COMPUPDATE OFF";
        };
    }

    private void requireRows(List<DataFile> batch, long copied) {
        if (batch.size() == 1) {
            landing.requireRows(batch.get(0), copied);
        }
        long expected = batch.stream().mapToLong(DataFile::rows).sum();
        if (copied != expected) {
            throw Fault.world("Cannot load " + landing.table().name() + ": Redshift loaded " + copied + " rows of "
                    + batch.size() + " files, the manifest says " + expected + ": nothing of them is kept; run again");
        }
    }

    /** COPY takes the columns by their place. */
    private void requireParquet(DataFile file) {
        List<String> wanted = landing.table().definition().columns().stream()
                .map(Column::name)
                .toList();
        try (ParquetFileReader reader = ParquetColumns.open(landing, file)) {
            List<String> found = reader.getFileMetaData().getSchema().getFields().stream()
                    .map(Type::getName)
                    .toList();
            if (!found.equals(wanted)) {
                throw landing.changed(
                        file,
                        ": its columns are " + String.join(", ", found) + ", the manifest says "
                                + String.join(", ", wanted) + ", in this order");
            }
        } catch (IOException e) {
            throw UnusableFile.failure(landing.cannotLoad(file), e);
        }
    }

    /** A file of CSV, written as COPY takes it. */
    private StoredFile escaped(DataFile file) {
        landing.require(file);
        List<Column> columns = landing.table().definition().columns();
        try (InputStream in = storage().open(file.path());
                Upload upload = storage().create(path(file, 1, "text.gz"))) {
            OutputStream out = new GZIPOutputStream(upload.stream(), BUFFER_BYTES);
            EscapedText text = new EscapedText(out, columns);
            CsvRows.copy(in, landing.table().codec(), columns, text);
            out.close();
            landing.requireRows(file, text.rows());
            return upload.commit();
        } catch (IOException e) {
            throw UnusableFile.failure(landing.cannotLoad(file), e);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private String namespace() {
        return RedshiftVersionTable.namespace(load.schema(), load.run());
    }

    private record LoadError(long line, String column, String message) {}

    private String what(List<DataFile> batch) {
        return batch.size() == 1
                ? landing.cannotLoad(batch.get(0))
                : "Cannot load " + landing.table().name();
    }

    private Fault plain(List<DataFile> batch, SQLException e) {
        List<String> remedies =
                RedshiftSession.isOverQuota(e) ? SchemaQuota.raising(load.schema(), namespace()) : List.of();
        return session.failure(what(batch), e, remedies);
    }

    /** Asks the server where it failed; outside of the transaction, which is undone. */
    private Fault failure(List<DataFile> batch, String since, SQLException e) {
        Fault plain = plain(batch, e);
        if (RedshiftSession.isDeniedByS3(e)) {
            return plain;
        }
        try {
            return lastError(since)
                    .map(error -> Fault.spoiled(
                            what(batch) + ": row " + error.line()
                                    + (error.column().isEmpty() ? "" : ", column " + error.column())
                                    + ": " + SqlSession.oneLine(error.message())
                                    + ": a value that Redshift cannot hold: leave the column out or compute another, and"
                                    + " run again",
                            e))
                    .orElse(plain);
        } catch (SQLException noAnswer) {
            return plain;
        }
    }

    /**
     * What a COPY of this connection failed of. Asked for by its process and time: {@code pg_last_copy_id()} tells nothing of
     * a COPY that was rolled back, and the numbers of queries in the views of {@code SYS} are others than that one. Processes
     * of the past may have had the same number. The name of a file is cut off at 256 characters there; where it matters, a
     * COPY has one file only.
     *
     * @param since when nothing of the COPY had begun: what is older is of another one
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html">SYS_LOAD_ERROR_DETAIL</a>
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_COPY_ID.html">PG_LAST_COPY_ID</a>
     * @see <a
     *     href="https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html#sys_view_migration-query-id">query
     *     identifiers of the SYS views</a>
     */
    private Optional<LoadError> lastError(String since) throws SQLException {
        long process = session.number("SELECT pg_backend_pid()");
        return session
                .rows(
                        "SELECT line_number, coalesce(trim(column_name), ''), trim(error_message)"
                                + " FROM sys_load_error_detail WHERE session_id = " + process + " AND start_time >= "
                                + RedshiftText.literal(since) + " ORDER BY start_time DESC, line_number LIMIT 1",
                        row -> new LoadError(row.getLong(1), row.getString(2), row.getString(3)))
                .stream()
                .findFirst();
    }
}
