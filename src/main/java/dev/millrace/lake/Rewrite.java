package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.landing.Landing;
import dev.millrace.landing.LandingPlan;
import dev.millrace.landing.LandingTable;
import dev.millrace.landing.WideRows;
import dev.millrace.run.DataFile;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;

/**
 * Reads groups of files and writes each again, by Spark, without the rows that are to go: a Spark partition a group, and
 * a commit each by put-if-absent, as when rows are landed. May be repeated, and done twice at once.
 *
 * @param table name of the table
 * @param staging where the new files go
 * @param folder of the new files in it, with a trailing slash
 * @param partitionBy columns that name the folders of the new files
 * @param codec of the new files
 * @param schemaVersion for the footers
 * @param commits of the run
 * @param phase whose units the groups are
 * @param isGrouped whether the rows of each group are of one partition
 */
record Rewrite(
        String table,
        Storage staging,
        String folder,
        List<String> partitionBy,
        Codec codec,
        int schemaVersion,
        UnitCommits commits,
        String phase,
        boolean isGrouped) {
    /** Groups of one Spark job; each is a branch of its plan. */
    private static final int GROUPS_A_JOB = 64;

    /**
     * The manifests of the groups, in their order. A manifest's {@code duplicates} are the rows that went.
     *
     * @param drops places of rows that are to go, as {@link TableFiles#PATH} and {@link TableFiles#ROW}
     */
    List<UnitManifest> run(SparkSession spark, TableFiles files, List<Group> groups, Optional<Dataset<Row>> drops) {
        SparkSession session = drops.map(Dataset::sparkSession).orElseGet(() -> session(spark));
        List<Group> missing = groups.stream()
                .filter(group -> commits.find(phase, group.id()).isEmpty())
                .toList();
        for (int from = 0; from < missing.size(); from += GROUPS_A_JOB) {
            List<Group> together = missing.subList(from, Math.min(missing.size(), from + GROUPS_A_JOB));
            try {
                write(session, files, together, drops);
            } catch (Exception failure) { // Spark throws exceptions that are checked and that nobody declares.
                throw LakeFailure.told("Cannot read files of " + files.storage().uri(files.folder()), failure);
            }
        }
        List<UnitManifest> manifests = new ArrayList<>();
        for (Group group : groups) {
            manifests.add(commits.find(phase, group.id())
                    .orElseThrow(() -> new IllegalStateException("Unit " + group.id() + " is not committed")));
        }
        return manifests;
    }

    /** Where no query is changed while it runs: an adaptive plan may leave out an empty group, which is a unit all the same. */
    static SparkSession session(SparkSession spark) {
        SparkSession session = spark.newSession();
        session.conf().set("spark.sql.adaptive.enabled", false);
        session.conf().set("spark.sql.session.timeZone", "UTC");
        return session;
    }

    /** A file of which rows go, and the new ones that hold its other rows: none where all go. */
    record Rewritten(DataFile touched, List<DataFile> written) {}

    /**
     * Files without some of their rows.
     *
     * @param whole files of which no row goes
     * @param rewritten the others
     * @param dropped how many rows went
     */
    record Remainder(List<DataFile> whole, List<Rewritten> rewritten, long dropped) {
        /** What there is now. */
        List<DataFile> files() {
            List<DataFile> files = new ArrayList<>(whole);
            rewritten.forEach(one -> files.addAll(one.written()));
            return files;
        }
    }

    /**
     * Writes those of some files again that hold rows which are to go.
     *
     * @param drops places of rows, each once
     * @param purpose what else decides on the drops
     */
    Remainder without(Dataset<Row> drops, TableFiles files, List<DataFile> all, String purpose) {
        SparkSession session = drops.sparkSession();
        Dataset<Row> kept = drops.persist(StorageLevel.DISK_ONLY());
        try {
            Map<String, Long> dropped = countsByFile(kept);
            List<DataFile> whole = new ArrayList<>();
            List<DataFile> touched = new ArrayList<>();
            all.forEach(file -> (dropped.containsKey(files.place(file)) ? touched : whole).add(file));
            if (touched.size() != dropped.size()) {
                throw new IllegalStateException("Rows of files that are not there are to go: " + dropped.keySet());
            }
            if (touched.isEmpty()) {
                return new Remainder(whole, List.of(), 0);
            }
            Map<String, Long> held = countsByFile(
                    files.read(session, touched.stream().map(DataFile::path).toList()));
            List<Group> groups = new ArrayList<>();
            for (DataFile file : touched) {
                long rows = held.get(files.place(file));
                groups.add(Group.of(
                        purpose, List.of(new DataFile(file.table(), file.path(), file.bytes(), rows, file.etag()))));
            }
            List<UnitManifest> manifests = run(session, files, groups, Optional.of(kept));
            List<Rewritten> rewritten = new ArrayList<>();
            for (int i = 0; i < touched.size(); i++) {
                rewritten.add(new Rewritten(touched.get(i), manifests.get(i).files()));
            }
            long gone = manifests.stream()
                    .mapToLong(unit -> unit.counts().get(table).duplicates())
                    .sum();
            long wanted = dropped.values().stream().mapToLong(Long::longValue).sum();
            if (gone != wanted) {
                throw Fault.world("Table " + table + ": " + wanted + " rows were to go, " + gone
                        + " went: this is a defect, please report it");
            }
            return new Remainder(whole, rewritten, gone);
        } finally {
            kept.unpersist();
        }
    }

    /** As many rows as there are files. */
    private static Map<String, Long> countsByFile(Dataset<Row> rows) {
        return rows.groupBy(TableFiles.PATH).count().collectAsList().stream()
                .collect(Collectors.toMap(row -> TableFiles.place(row.getString(0)), row -> row.getLong(1)));
    }

    private void write(SparkSession session, TableFiles files, List<Group> groups, Optional<Dataset<Row>> drops) {
        List<Column> columns = files.all();
        LandingTable landing = LandingTable.main(new TableDefinition(table, columns, List.of()), List.of(), folder)
                .partitionedBy(partitionBy);
        LandingPlan plan = new LandingPlan(
                staging,
                List.of(landing),
                FileFormat.PARQUET,
                codec,
                schemaVersion,
                GroupCommits.of(commits, groups),
                phase,
                GroupCommits.INPUT,
                groups.stream().map(Group::id).toList());
        Dataset<Row> wide = groups.stream()
                .map(group -> wide(session, files, group, drops))
                .reduce(Dataset::union)
                .orElseThrow();
        Landing.write(wide, isGrouped ? plan.withGroupedRows() : plan);
    }

    private static Dataset<Row> wide(
            SparkSession session, TableFiles files, Group group, Optional<Dataset<Row>> drops) {
        Dataset<Row> rows =
                files.read(session, group.files().stream().map(DataFile::path).toList());
        org.apache.spark.sql.Column goes = functions.lit(false);
        if (drops.isPresent()) {
            rows = rows.join(
                    drops.get().withColumn("__goes", functions.lit(true)),
                    new String[] {TableFiles.PATH, TableFiles.ROW},
                    "left");
            goes = functions.coalesce(functions.col("__goes"), functions.lit(false));
        }
        org.apache.spark.sql.Column[] values = files.all().stream()
                .map(column -> functions.col("`" + column.name() + "`"))
                .toArray(org.apache.spark.sql.Column[]::new);
        return rows.select(
                        functions
                                .when(goes, functions.lit(WideRows.expired(0)))
                                .otherwise(functions.lit(0))
                                .as(WideRows.TABLE),
                        functions
                                .when(goes, functions.lit(WideRows.DUPLICATE))
                                .otherwise(functions.lit(0))
                                .as(WideRows.RESCUED),
                        functions.struct(values).as(WideRows.structName(0)))
                .coalesce(1);
    }
}
