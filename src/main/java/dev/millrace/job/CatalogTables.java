package dev.millrace.job;

import dev.millrace.catalog.CatalogTable;
import dev.millrace.catalog.CatalogTable.Layout;
import dev.millrace.config.LakeSettings;
import dev.millrace.fault.Fault;
import dev.millrace.lake.DeltaColumns;
import dev.millrace.lake.VersionedPublisher;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.LandingManifests;
import dev.millrace.landing.LandingTable;
import dev.millrace.landing.PartitionPath;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Column;
import dev.millrace.table.TableDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/** The lake's tables as a catalog is to have them, by what a run has published and by the lake itself. */
final class CatalogTables {
    private static final String SUFFIX = ".parquet";

    private final OpenJob open;
    private final LakeSettings settings;
    private final Storage lake;
    private final Supplier<SparkSession> spark;

    /** @param spark asked for the logs of Delta tables */
    CatalogTables(OpenJob open, Supplier<SparkSession> spark) {
        this.open = open;
        this.settings = open.lake();
        this.lake = open.openLake();
        this.spark = spark;
    }

    /** The last run that has published. Throws a USER fault where none has. */
    RunStore lastPublished() {
        return findLastPublished()
                .orElseThrow(() ->
                        Fault.user("Cannot register the tables of " + open.file() + ": no run has published any yet"));
    }

    /** The last run that has published, or empty. */
    Optional<RunStore> findLastPublished() {
        List<RunId> runs = open.store().runs();
        for (int i = runs.size() - 1; i >= 0; i--) {
            RunStore run = open.store().run(runs.get(i));
            if (run.phase(Phase.PUBLISH).isPresent()) {
                return Optional.of(run);
            }
        }
        return Optional.empty();
    }

    /** Number of a run's commit. */
    static long commit(RunStore run) {
        return Long.parseLong(extracted(run).facts().get(ExtractWork.COMMIT));
    }

    private static PhaseCommit extracted(RunStore run) {
        return run.phase(Phase.EXTRACT)
                .orElseThrow(() -> Fault.user(
                        "Run " + run.id() + " has landed nothing: name another one, or run the job to its end"));
    }

    /** All tables of a run and their other layouts. */
    List<CatalogTable> of(RunStore run) {
        List<CatalogTable> tables = new ArrayList<>();
        for (String name : ExtractWork.tables(extracted(run))) {
            find(run, name, Optional.empty()).ifPresent(tables::add);
            for (LakeSettings.Layout layout : settings.also()) {
                find(run, name, Optional.of(layout)).ifPresent(tables::add);
            }
        }
        return tables;
    }

    /** Empty where the lake has no such table. */
    private Optional<CatalogTable> find(RunStore run, String table, Optional<LakeSettings.Layout> layout) {
        String name = table + layout.map(LakeSettings.Layout::suffix).orElse("");
        return switch (settings.publish()) {
            case DELTA ->
                DeltaColumns.find(spark.get(), lake, name + "/")
                        .map(delta ->
                                CatalogTable.delta(name, delta.columns(), delta.partitions(), lake.uri(name + "/")));
            case FOLDERS -> Optional.of(parquet(Layout.FOLDERS, name, landed(run, table, layout), name + "/"));
            case VERSIONED ->
                VersionedPublisher.current(lake, name).map(version -> {
                    RunStore of = open.store().run(version.run());
                    return parquet(Layout.VERSIONED, name, landed(of, table, layout), version.folder());
                });
        };
    }

    /** A table of plain Parquet. */
    CatalogTable parquet(Layout kind, String name, LandedTable table, String folder) {
        return CatalogTable.parquet(
                name,
                kind,
                table.definition().columns(),
                table.partitions(),
                lake.uri(folder),
                partitions(table.partitions(), folder));
    }

    private List<List<Optional<String>>> partitions(List<Column> columns, String folder) {
        if (columns.isEmpty()) {
            return List.of();
        }
        return lake.list(folder).stream()
                .map(StoredFile::path)
                .filter(path -> path.endsWith(SUFFIX)
                        && !path.substring(folder.length()).startsWith("_"))
                .map(path -> PartitionPath.values(columns, path))
                .distinct()
                .toList();
    }

    private LandedTable landed(RunStore run, String table, Optional<LakeSettings.Layout> layout) {
        String folder = LandedRun.dataFolder(open.job().name(), run.id(), table, "");
        LandedTable landed = LandingManifests.read(open.staging(), LandingManifests.folder(folder));
        return layout.map(other -> laidOut(landed, other, folder)).orElse(landed);
    }

    /** As the second layout has its columns. */
    private static LandedTable laidOut(LandedTable table, LakeSettings.Layout layout, String folder) {
        LandingTable other = LandingTable.main(
                        new TableDefinition(
                                table.name(),
                                table.allColumns(),
                                table.definition().key()),
                        List.of(),
                        folder)
                .partitionedBy(table.those(layout.partitionBy()));
        return new LandedTable(
                other.landed(),
                table.format(),
                table.codec(),
                List.of(),
                table.counts(),
                table.schemaVersion(),
                other.partitions());
    }
}
