package dev.millrace.job;

import dev.millrace.catalog.AthenaDdl;
import dev.millrace.catalog.CatalogTable;
import dev.millrace.config.Deduplicate;
import dev.millrace.config.FileSource;
import dev.millrace.config.Job;
import dev.millrace.config.LakeSettings;
import dev.millrace.config.SnapshotSource;
import dev.millrace.fault.Fault;
import dev.millrace.files.FileUnits;
import dev.millrace.lake.Deduplication;
import dev.millrace.lake.DeltaPublisher;
import dev.millrace.lake.FolderPublisher;
import dev.millrace.lake.Publication;
import dev.millrace.lake.Published;
import dev.millrace.lake.SecondLayout;
import dev.millrace.lake.VersionedPublisher;
import dev.millrace.lake.VersionedPublisher.Inspection;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.Commit;
import dev.millrace.run.JobStore;
import dev.millrace.run.Ledger;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import dev.millrace.run.TableRecord;
import dev.millrace.storage.Storage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/** Makes what a run has landed visible to the readers of the lake. */
final class PublishWork implements PhaseWork {
    /** Follow a table's name in the commit's facts: what was made visible of it. No table's name has a slash. */
    private static final String FILES = "/files";

    static final String BYTES = "/bytes";

    private final Supplier<JobSource> source;

    /** @param source asked only where it is one of files: who publishes need not be able to read a table */
    PublishWork(Supplier<JobSource> source) {
        this.source = source;
    }

    @Override
    public Optional<PhaseCommit> run(RunContext context) {
        LandedRun landed = LandedRun.load(context);
        requireEarlier(context, landed.commit());
        LakeSettings settings = context.open().lake();
        Storage lake = context.open().openLake();
        Set<String> rewritten = rewritten(context);
        Map<String, TableCounts> counts = new TreeMap<>();
        Map<String, String> facts = new TreeMap<>();
        context.record(r -> r.phaseStarted(Phase.PUBLISH, landed.tables().size()));
        for (LandedTable table : landed.tables()) {
            LandedTable compacted = CompactWork.compacted(context, table).table();
            String folder = LandedRun.dataFolder(context, table.name());
            Before before = Before.of(context, landed.commit(), table.name());
            Publication publication = new Publication(
                    context.plan().job(),
                    context.run().id(),
                    landed.commit(),
                    before.last(),
                    before.givenUp(),
                    compacted,
                    context.run().storage(),
                    folder,
                    context.run().units(),
                    rewritten,
                    deduplication(context.open().job(), table.name()));
            Published published = publish(
                    context, lake, table.name(), publication, inspection(context, lake, landed, table, compacted, ""));
            for (LakeSettings.Layout layout : settings.also()) {
                String other = LandedRun.dataFolder(context, table.name(), layout.suffix());
                LandedTable laidOut = laidOut(context, compacted, folder, other, layout);
                publish(
                        context,
                        lake,
                        table.name() + layout.suffix(),
                        publication.laidOut(laidOut, other),
                        inspection(context, lake, landed, table, laidOut, layout.suffix()));
            }
            counts.put(table.name(), counts(table.counts(), published));
            facts.put(table.name(), published.at());
            facts.put(table.name() + FILES, Integer.toString(published.files()));
            facts.put(table.name() + BYTES, Long.toString(compacted.bytes()));
            context.record(r -> r.unitsDone(Phase.PUBLISH, counts.size()));
        }
        return Optional.of(
                context.run().commitPhase(new PhaseCommit(PhaseCommit.FORMAT, Phase.PUBLISH.label(), facts, counts)));
    }

    /** Where the tables of a run are, by their names. */
    static Map<String, String> places(PhaseCommit published) {
        Map<String, String> places = new TreeMap<>(published.facts());
        places.keySet().retainAll(published.counts().keySet());
        return places;
    }

    /** What the record says of a table once it is published; commits of older versions do not tell all. */
    static TableRecord recorded(PhaseCommit published, String table, TableRecord landed) {
        Map<String, String> facts = published.facts();
        return new TableRecord(
                published.counts().get(table),
                Long.parseLong(facts.getOrDefault(table + FILES, Long.toString(landed.files()))),
                Long.parseLong(facts.getOrDefault(table + BYTES, Long.toString(landed.bytes()))),
                landed.schemaVersion(),
                landed.compaction());
    }

    /** The same rows in folders of other columns, those that the table has. */
    private static LandedTable laidOut(
            RunContext context, LandedTable table, String folder, String other, LakeSettings.Layout layout) {
        return SecondLayout.write(
                context.spark().get(),
                table,
                context.run().storage(),
                folder,
                other,
                context.run().units(),
                table.those(layout.partitionBy()),
                context.open().lake().fileSize().bytes());
    }

    /** A snapshot is seen only once all that was read of it is found there. */
    private Inspection inspection(
            RunContext context,
            Storage lake,
            LandedRun landed,
            LandedTable table,
            LandedTable compacted,
            String layout) {
        if (context.open().job().source() instanceof SnapshotSource && source.get() instanceof ListedSource listed) {
            Validation validation = new Validation(table, compacted, listed.read(context), landed.items(), layout);
            return (folder, duplicates) -> validation.require(context, lake, folder, duplicates);
        }
        return (folder, duplicates) -> {};
    }

    /** Publishes to a folder of the lake, and writes the statement by which Athena knows the table. */
    private static Published publish(
            RunContext context, Storage lake, String name, Publication publication, Inspection inspection) {
        SparkSession spark = context.spark().get();
        LakeSettings settings = context.open().lake();
        String folder = name + "/";
        return switch (settings.publish()) {
            case DELTA -> {
                Published published = new DeltaPublisher(spark, lake, folder).publish(publication);
                putDdl(lake, CatalogTable.delta(name, List.of(), List.of(), lake.uri(folder)));
                yield published;
            }
            case FOLDERS -> {
                Published published = new FolderPublisher(spark, lake, folder).publish(publication);
                CatalogTables tables = new CatalogTables(context.open(), context.spark());
                putDdl(lake, tables.parquet(CatalogTable.Layout.FOLDERS, name, publication.table(), folder));
                yield published;
            }
            case VERSIONED ->
                new VersionedPublisher(spark, lake, name, settings.versions(), inspection).publish(publication);
        };
    }

    /** May be repeated: it is the same for the same files, but where a partition of text has new values. */
    private static void putDdl(Storage lake, CatalogTable table) {
        lake.put(table.name() + ".athena.sql", AthenaDdl.create(table).getBytes(StandardCharsets.UTF_8));
    }

    /** Commits are published in their order, each to all of its tables: once a run is done, all before it are. */
    private void requireEarlier(RunContext context, long n) {
        if (!(context.open().job().source() instanceof FileSource)) {
            return;
        }
        JobStore store = context.open().store();
        Optional<Commit> before = store.ledger().standing(n - 1);
        Optional<RunStore> waitedFor = before.map(commit -> store.run(commit.run()))
                .filter(run -> run.plan().phases().contains(Phase.PUBLISH)
                        && run.phase(Phase.PUBLISH).isEmpty());
        if (waitedFor.isPresent()) {
            RunStore earlier = waitedFor.get();
            throw Fault.world("Run " + context.run().id() + " has to wait: run " + earlier.id() + ", commit "
                    + before.get().n() + ", is not published yet" + PipelineRunner.remedy(earlier));
        }
    }

    /** The last commit that is published; empty where none is, and where the last ones had no lake. */
    static Optional<Commit> lastPublished(JobStore store) {
        Ledger ledger = store.ledger();
        Optional<Commit> commit = ledger.last().flatMap(last -> ledger.standing(last.n()));
        while (commit.isPresent()) {
            RunStore run = store.run(commit.get().run());
            if (run.phase(Phase.PUBLISH).isPresent()) {
                return commit;
            }
            if (!run.plan().phases().contains(Phase.PUBLISH)) {
                return Optional.empty();
            }
            commit = ledger.standing(commit.get().n() - 1);
        }
        return Optional.empty();
    }

    /**
     * The commits before one that brought something to a table, from the last one back to one that has to be there.
     *
     * @param last that is to be there; empty for none
     * @param givenUp those after it that will never be there whole
     */
    private record Before(Optional<Long> last, List<Long> givenUp) {
        static Before of(RunContext context, long n, String table) {
            JobStore store = context.open().store();
            List<Long> givenUp = new ArrayList<>();
            for (long before = n - 1; before > 0; before--) {
                Optional<Commit> commit = store.ledger().find(before);
                Optional<PhaseCommit> extracted =
                        commit.flatMap(c -> store.run(c.run()).phase(Phase.EXTRACT));
                if (commit.filter(store.ledger()::isGivenUp).isPresent()) {
                    givenUp.add(before);
                } else if (extracted
                        // The table of unknown records is brought by runs only that have any.
                        .filter(phase -> ExtractWork.tables(phase).contains(table))
                        .isPresent()) {
                    return new Before(Optional.of(before), givenUp);
                }
            }
            return new Before(Optional.empty(), givenUp);
        }
    }

    /** Files, as column {@code _file} names them, that this run has read once more. */
    private Set<String> rewritten(RunContext context) {
        if (context.open().job().source() instanceof FileSource && source.get() instanceof FolderSource folder) {
            FileUnits units = folder.files(context.run());
            return units.replaced(context.plan().units()).stream()
                    .map(folder.folder().storage()::uri)
                    .collect(Collectors.toSet());
        }
        return Set.of();
    }

    /** How duplicates of a table are removed, where the job file says that they are. */
    static Optional<Deduplication> deduplication(Job job, String table) {
        return job.tables().entrySet().stream()
                .filter(entry -> entry.getValue().name().orElse(entry.getKey()).equals(table))
                .flatMap(entry -> entry.getValue().deduplicate().stream())
                .map(PublishWork::deduplication)
                .findFirst();
    }

    private static Deduplication deduplication(Deduplicate settings) {
        return new Deduplication(
                settings.key(),
                switch (settings.keep()) {
                    case FIRST -> Deduplication.Keep.FIRST;
                    case LAST -> Deduplication.Keep.LAST;
                },
                switch (settings.against()) {
                    case BATCH -> Deduplication.Against.BATCH;
                    case TABLE -> Deduplication.Against.TABLE;
                },
                settings.within());
    }

    private static TableCounts counts(TableCounts landed, Published published) {
        return new TableCounts(
                landed.in(),
                published.rows(),
                landed.quarantined(),
                landed.duplicates() + published.duplicates(),
                landed.expired(),
                landed.rescued());
    }
}
