package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.lake.RewriteTask.Rewritten;
import dev.millrace.run.DataFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.SQLExecution;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * Writes planned files by reading their rows, in Spark: a partition of a job each. Files of one output may have different
 * columns, and types that widen to a common one.
 */
final class RowRewrite {
    /** Planned files of one Spark job; each is a branch of its plan. */
    private static final int FILES_A_JOB = 64;

    private static final String VALUES = "values";
    private static final String PATH = "path";

    private final FileWriting writing;

    RowRewrite(FileWriting writing) {
        this.writing = writing;
    }

    /**
     * A planned file and what is known of its sources.
     *
     * @param why it is rewritten
     * @param type of its rows
     * @param schemas of its files, by their paths
     */
    private record Wanted(PlannedFile file, String why, StructType type, Map<String, FileSchema> schemas) {
        long rows() {
            long rows = 0;
            for (Slice slice : file.slices()) {
                rows += Math.min(slice.toRow(), schemas.get(slice.file().path()).rows()) - slice.fromRow();
            }
            return rows;
        }

        /** That of the first file, where it can be written. */
        CompressionCodecName codec() {
            CompressionCodecName codec =
                    schemas.get(file.slices().get(0).file().path()).codec();
            return switch (codec) {
                case UNCOMPRESSED, SNAPPY, GZIP, ZSTD -> codec;
                case LZO, BROTLI, LZ4, LZ4_RAW -> CompressionCodecName.ZSTD;
            };
        }

        /** What all files note alike and holds for rows of a new file, too. */
        Map<String, String> notes() {
            Map<String, String> notes = new TreeMap<>();
            List<FileSchema> all = List.copyOf(schemas.values());
            all.get(0).notes().forEach((key, value) -> {
                boolean isOurs = key.startsWith("millrace.")
                        && all.stream()
                                .allMatch(other -> value.equals(other.notes().get(key)));
                if (isOurs) {
                    notes.put(key, value);
                }
            });
            if (all.stream().anyMatch(other -> other.notes().containsKey(FileSchema.SPARK_TYPE))) {
                notes.put(FileSchema.SPARK_TYPE, type.json());
            }
            return notes;
        }
    }

    /** @param planned files and why they are rewritten */
    Map<PlannedFile, FileOutcome> write(SparkSession spark, Map<PlannedFile, String> planned) {
        Map<PlannedFile, FileOutcome> outcomes = new HashMap<>();
        if (planned.isEmpty()) {
            return outcomes;
        }
        SparkSession session = session(spark);
        Map<StructType, List<Wanted>> byType = new LinkedHashMap<>();
        for (Map.Entry<PlannedFile, String> one : planned.entrySet()) {
            try {
                Wanted wanted = wanted(session, one.getKey(), one.getValue());
                byType.computeIfAbsent(wanted.type(), none -> new ArrayList<>()).add(wanted);
            } catch (Fault fault) {
                outcomes.put(one.getKey(), new FileOutcome.Failed(fault.getMessage()));
            }
        }
        for (List<Wanted> alike : byType.values()) {
            for (int from = 0; from < alike.size(); from += FILES_A_JOB) {
                writeTogether(session, alike.subList(from, Math.min(alike.size(), from + FILES_A_JOB)), outcomes);
            }
        }
        return outcomes;
    }

    /** If one of them fails, each is tried by itself. */
    private void writeTogether(SparkSession session, List<Wanted> together, Map<PlannedFile, FileOutcome> outcomes) {
        try {
            outcomes.putAll(written(session, together));
        } catch (Exception failure) { // Spark throws exceptions that are checked and that nobody declares.
            if (together.size() == 1) {
                outcomes.put(
                        together.get(0).file(),
                        new FileOutcome.Failed(told(together.get(0).file(), failure)));
                return;
            }
            for (Wanted one : together) {
                writeTogether(session, List.of(one), outcomes);
            }
        }
    }

    private String told(PlannedFile file, Exception failure) {
        Optional<Fault> fault = Fault.in(failure);
        if (fault.isPresent()) {
            return fault.get().getMessage();
        }
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String said = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
        return "Cannot rewrite files of "
                + writing.source().uri(file.files().get(0).path()) + " and others: "
                + cause.getClass().getSimpleName() + ": " + said;
    }

    /** Where a query gives the same partitions whatever it finds, and the same values whoever wrote them. */
    private static SparkSession session(SparkSession spark) {
        SparkSession session = spark.newSession();
        session.conf().set("spark.sql.adaptive.enabled", false);
        session.conf().set("spark.sql.ansi.enabled", false);
        session.conf().set("spark.sql.caseSensitive", true);
        session.conf().set("spark.sql.session.timeZone", "UTC");
        session.conf().set("spark.sql.shuffle.partitions", 1);
        session.conf().set("spark.sql.legacy.allowHashOnMapType", true);
        session.conf().set("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED");
        session.conf().set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED");
        session.conf().set("spark.sql.parquet.int96RebaseModeInRead", "CORRECTED");
        session.conf().set("spark.sql.parquet.int96RebaseModeInWrite", "CORRECTED");
        return session;
    }

    private Wanted wanted(SparkSession session, PlannedFile file, String why) {
        Map<String, FileSchema> schemas = new LinkedHashMap<>();
        List<DataFile> files = file.files();
        // Each footer is two short reads, which take long on S3 one after another.
        List<FileSchema> read = files.parallelStream()
                .map(one -> FileSchema.read(session, writing.source(), one.stored()))
                .toList();
        StructType type = new StructType();
        for (int i = 0; i < files.size(); i++) {
            schemas.put(files.get(i).path(), read.get(i));
            try {
                type = CommonType.of(type, read.get(i).type());
            } catch (CommonType.Conflict conflict) {
                throw Fault.world("Cannot merge files of different types in column " + conflict.column() + ": "
                        + conflict.types() + " in "
                        + writing.source().uri(files.get(i).path())
                        + " and those before it");
            }
        }
        for (String column : writing.settings().sortBy()) {
            if (!List.of(type.fieldNames()).contains(column)) {
                throw Fault.world("Cannot sort by " + column + ": there is no such column in "
                        + writing.source().uri(files.get(0).path()));
            }
        }
        return new Wanted(file, why, type, schemas);
    }

    private Map<PlannedFile, FileOutcome> written(SparkSession session, List<Wanted> together) {
        List<RewriteTask.Output> outputs = new ArrayList<>();
        for (Wanted wanted : together) {
            outputs.add(new RewriteTask.Output(
                    writing.before(wanted.file()), wanted.codec(), wanted.notes(), wanted.rows()));
        }
        StructType type = together.get(0).type();
        Dataset<Row> rows = together.stream()
                .map(wanted -> rows(session, wanted))
                .reduce(Dataset::union)
                .orElseThrow();
        JavaRDD<InternalRow> withSums =
                rows.select(valuesAndHashes(type)).queryExecution().toRdd().toJavaRDD();
        if (withSums.getNumPartitions() != together.size()) {
            throw new IllegalStateException("The rows have " + withSums.getNumPartitions() + " partitions, "
                    + together.size() + " files are planned");
        }
        RewriteTask task = new RewriteTask(writing.table(), writing.target(), type, outputs);
        List<Rewritten> done = SQLExecution.withSQLConfPropagated(
                session, () -> withSums.mapPartitionsWithIndex(task, true).collect());
        try {
            requireSame(session, type, done);
        } catch (Exception failure) {
            writing.target()
                    .delete(done.stream()
                            .flatMap(one -> one.files().stream())
                            .map(DataFile::path)
                            .toList());
            throw failure;
        }
        Map<PlannedFile, FileOutcome> outcomes = new HashMap<>();
        for (int i = 0; i < together.size(); i++) {
            Wanted wanted = together.get(i);
            Rewritten one = done.get(i);
            outcomes.put(wanted.file(), writing.commit(wanted.file(), one.attempt(), one.files(), wanted.why()));
        }
        return outcomes;
    }

    /** The rows of an output, in one partition. */
    private Dataset<Row> rows(SparkSession session, Wanted wanted) {
        Map<StructType, List<String>> whole = new LinkedHashMap<>();
        List<Dataset<Row>> parts = new ArrayList<>();
        for (Slice slice : wanted.file().slices()) {
            String path = slice.file().path();
            StructType from = wanted.schemas().get(path).type();
            if (slice.isWhole()) {
                whole.computeIfAbsent(from, none -> new ArrayList<>()).add(path);
            } else {
                Column row = functions.col("_metadata.row_index");
                parts.add(read(session, from, List.of(path))
                        .where(row.geq(slice.fromRow()).and(row.lt(slice.toRow())))
                        .select(CommonType.widened(from, wanted.type())));
            }
        }
        whole.forEach(
                (from, paths) -> parts.add(read(session, from, paths).select(CommonType.widened(from, wanted.type()))));
        Dataset<Row> rows = parts.stream().reduce(Dataset::union).orElseThrow().coalesce(1);
        Column[] order = writing.settings().sortBy().stream()
                .map(column -> functions.col(CommonType.quoted(column)))
                .toArray(Column[]::new);
        return order.length == 0 ? rows : rows.sortWithinPartitions(order);
    }

    private Dataset<Row> read(SparkSession session, StructType type, List<String> paths) {
        return session.read()
                .schema(type)
                // The paths are names, not patterns.
                .option("__globPaths__", "false")
                .parquet(paths.stream()
                        .map(path -> LakePath.hadoop(writing.source(), path))
                        .toArray(String[]::new));
    }

    /** All columns as one struct, then a hash of each. */
    private static Column[] valuesAndHashes(StructType type) {
        List<Column> columns = new ArrayList<>();
        columns.add(functions.struct(columns(type)).as(VALUES));
        for (Column column : columns(type)) {
            columns.add(functions.xxhash64(column));
        }
        return columns.toArray(Column[]::new);
    }

    private static Column[] columns(StructType type) {
        Column[] columns = new Column[type.length()];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = functions.col(CommonType.quoted(type.fieldNames()[i]));
        }
        return columns;
    }

    /** Reads what was written, and holds it against what went in: rows, and nulls and the sum of hashes of each column. */
    private void requireSame(SparkSession session, StructType type, List<Rewritten> written) {
        for (Rewritten one : written) {
            if (one.rows() != one.planned()) {
                throw Fault.world("Cannot rewrite to " + writing.target().uri(writing.folder()) + ": " + one.planned()
                        + " rows were planned, " + one.rows() + " read: this is a defect, please report it");
            }
        }
        List<String> paths = written.stream()
                .flatMap(one -> one.files().stream())
                .map(file -> LakePath.hadoop(writing.target(), file.path()))
                .toList();
        if (paths.isEmpty()) {
            return;
        }
        List<Column> figures = new ArrayList<>();
        for (Column column : columns(type)) {
            figures.add(functions.sum(functions.xxhash64(column)));
            figures.add(functions.count(column));
        }
        Map<String, Row> found = new HashMap<>();
        session.read()
                .schema(type)
                .option("__globPaths__", "false")
                .parquet(paths.toArray(String[]::new))
                .groupBy(functions.col("_metadata.file_path").as(PATH))
                .agg(functions.count(functions.lit(1)), figures.toArray(Column[]::new))
                .collectAsList()
                .forEach(row -> found.put(TableFiles.place(row.getString(0)), row));
        for (Rewritten one : written) {
            for (DataFile file : one.files()) {
                requireSame(type, one, file, found);
            }
        }
    }

    private void requireSame(StructType type, Rewritten wrote, DataFile file, Map<String, Row> found) {
        Row read = found.get(LakePath.place(writing.target(), file.path()));
        String uri = writing.target().uri(file.path());
        if (read == null || read.getLong(1) != wrote.rows()) {
            throw Fault.world("Cannot rewrite to " + uri + ": " + wrote.rows() + " rows became "
                    + (read == null ? 0 : read.getLong(1)) + ": this is a defect, please report it");
        }
        for (int i = 0; i < type.length(); i++) {
            long sum = read.getLong(2 + 2 * i);
            long nulls = wrote.rows() - read.getLong(3 + 2 * i);
            if (sum != wrote.sums()[i] || nulls != wrote.nulls()[i]) {
                throw Fault.world(String.format(
                        "Cannot rewrite to %s: column %s: %d nulls and checksum %016x became %d and %016x: this is a"
                                + " defect, please report it",
                        uri, type.fieldNames()[i], wrote.nulls()[i], wrote.sums()[i], nulls, sum));
            }
        }
    }
}
