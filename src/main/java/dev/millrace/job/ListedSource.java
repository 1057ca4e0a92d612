package dev.millrace.job;

import dev.millrace.config.FileLocation;
import dev.millrace.config.FolderPattern;
import dev.millrace.config.Location;
import dev.millrace.config.SnapshotSource;
import dev.millrace.fault.Fault;
import dev.millrace.files.DynamoDbExport;
import dev.millrace.files.RdsExport;
import dev.millrace.files.RecordFiles;
import dev.millrace.files.Snapshot;
import dev.millrace.files.SnapshotFile;
import dev.millrace.files.SnapshotGroups;
import dev.millrace.files.SourceFolder;
import dev.millrace.landing.FileManifest;
import dev.millrace.landing.ManifestEntry;
import dev.millrace.run.Commit;
import dev.millrace.run.Phase;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.SourceType;
import dev.millrace.storage.Storage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** A job's snapshot, listed by a manifest or in a folder, of which each run reads all files. */
final class ListedSource extends RecordsSource {
    /** The rule by which a run is refused whose files have other numbers of records than the manifest says. */
    static final String ROWS = "n-record";

    /** The rule by which a run is refused that would empty its table. */
    static final String EMPTY = "empty";

    /** The rule by which a run is refused whose export warns of a table. */
    private static final String WARNING = "export-warning";

    private final OpenJob open;
    private final SnapshotSource settings;
    private final Surroundings around;
    private final Map<RunId, List<SnapshotFile>> planned = new HashMap<>();
    private final Optional<RequestedExport> requested;
    private Optional<Snapshot> found = Optional.empty();
    private Optional<RunStore> begun = Optional.empty();

    private ListedSource(OpenJob open, SnapshotSource settings, Surroundings around) {
        super(open, settings.fileColumn());
        this.open = open;
        this.settings = settings;
        this.around = around;
        this.requested = settings.request().map(request -> new RequestedExport(open, request, around.clock()));
    }

    static ListedSource open(OpenJob open, SnapshotSource settings, Surroundings around) {
        return new ListedSource(open, settings, around);
    }

    private Storage storage(String root) {
        return around.storages().apply(root, OpenJob.options(open.job().s3()));
    }

    /** Lists the files, and holds them against the manifest, when it is first asked; of an export that is there. */
    Snapshot snapshot() {
        return snapshot(() -> settings.manifest()
                .map(this::ofManifest)
                .or(() -> settings.export().map(this::ofExport))
                .orElseGet(() -> ofFolder(settings.at().orElseThrow())));
    }

    /** The files of a run, for which an export is requested where the job file says so. */
    private Snapshot snapshot(RunStore run) {
        return requested
                .map(export -> snapshot(() -> ofItems(export.made(run))))
                .orElseGet(this::snapshot);
    }

    private Snapshot snapshot(Supplier<Snapshot> listing) {
        if (found.isEmpty()) {
            Snapshot snapshot = listing.get();
            if (snapshot.files().isEmpty()) {
                throw Fault.world("Snapshot " + name() + " has no files: nothing is read, and what is published stays");
            }
            found = Optional.of(snapshot);
        }
        return found.get();
    }

    /** Whether the files are only there once a run has requested them. */
    boolean isRequested() {
        return requested.isPresent();
    }

    /** What lists the files. */
    String name() {
        return settings.manifest()
                .or(settings::export)
                .map(FileLocation::uri)
                .or(() -> settings.at().map(Location::uri))
                .orElseGet(() -> "full export of " + requested.orElseThrow() + " to "
                        + settings.request().orElseThrow().to());
    }

    private Snapshot ofExport(FileLocation export) {
        return settings.hasTables() ? ofTables(export) : ofItems(export);
    }

    private Snapshot ofTables(FileLocation export) {
        FileLocation info = info(export);
        return RdsExport.read(storage(info.folder().uri()), info.name(), wanted());
    }

    /** The info file of an export of RDS, which is named by it or by its folder. */
    private FileLocation info(FileLocation export) {
        boolean isFile = export.name().endsWith(".json");
        Location folder = isFile ? export.folder() : new Location(export.uri() + "/");
        Optional<String> info = isFile
                ? Optional.of(export.name())
                        .filter(name -> storage(folder.uri()).stat(name).isPresent())
                : RdsExport.find(storage(folder.uri()));
        return new FileLocation(
                folder,
                info.orElseThrow(() -> Fault.user(open.file() + ": source.snapshot.export: " + export + ": "
                        + (isFile ? "there is no such file" : "there is no export_info_<id>.json in it"))));
    }

    /** Tables of an export of RDS that the job file names. */
    private Set<String> wanted() {
        Set<String> wanted = new LinkedHashSet<>(open.job().tables().keySet());
        wanted.remove(KindRule.UNKNOWN);
        return wanted;
    }

    private Snapshot ofItems(FileLocation summary) {
        Storage folder = storage(summary.folder().uri());
        if (folder.stat(summary.name()).isEmpty()) {
            throw Fault.user(open.file() + ": source.snapshot.export: " + summary + ": there is no such file");
        }
        return DynamoDbExport.read(folder, summary.name());
    }

    private Snapshot ofFolder(Location at) {
        at.path().filter(path -> !java.nio.file.Files.isDirectory(path)).ifPresent(path -> {
            throw Fault.user(open.file() + ": source.snapshot.at: " + path + ": there is no such folder");
        });
        return Snapshot.listed(new SourceFolder(storage(at.uri()), FolderPattern.of(at), settings.names()));
    }

    private Snapshot ofManifest(FileLocation manifest) {
        Storage folder = storage(manifest.folder().uri());
        FileManifest.Summary summary = FileManifest.find(folder, manifest.name())
                .orElseThrow(() -> Fault.user(
                        open.file() + ": source.snapshot.manifest: " + manifest + ": there is no such file"));
        FileLocation data = location(summary.data(), manifest.uri());
        List<ManifestEntry> entries = FileManifest.files(storage(data.folder().uri()), data.name());
        requireSum(manifest, summary, entries);
        if (entries.isEmpty()) {
            return new Snapshot(folder, List.of());
        }
        List<FileLocation> files =
                entries.stream().map(entry -> location(entry.uri(), data.uri())).toList();
        List<ManifestEntry> named = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            ManifestEntry entry = entries.get(i);
            named.add(new ManifestEntry(files.get(i).uri(), entry.bytes(), entry.rows(), entry.etag()));
        }
        return Snapshot.ofManifest(manifest.uri(), storage(root(manifest, files)), named);
    }

    private FileLocation location(String uri, String manifest) {
        return FileLocation.parse(uri, around.base())
                .orElseThrow(() -> Fault.world("Manifest " + manifest + " names a file that cannot be read: " + uri
                        + ": must be s3://bucket/key or file:///path/name"));
    }

    private static void requireSum(FileLocation manifest, FileManifest.Summary summary, List<ManifestEntry> entries) {
        long bytes = entries.stream().mapToLong(ManifestEntry::bytes).sum();
        if (summary.bytes().isPresent() && summary.bytes().getAsLong() != bytes) {
            throw Fault.world("Manifest " + manifest + " says "
                    + summary.bytes().getAsLong() + " bytes, the files in its list have " + bytes
                    + ": one of both was changed; nothing was read");
        }
    }

    /** The innermost folder that all files lie in. */
    private static String root(FileLocation manifest, List<FileLocation> files) {
        String root = files.get(0).folder().uri();
        for (FileLocation file : files) {
            while (!file.uri().startsWith(root)) {
                root = root.substring(0, root.lastIndexOf('/', root.length() - 2) + 1);
            }
            // What is left of a uri's beginning alone is no folder.
            if (Location.parse(root, Path.of("/"))
                    .filter(place -> file.uri().startsWith(place.uri()))
                    .isEmpty()) {
                throw Fault.world("Manifest " + manifest + " names files of several places, such as " + files.get(0)
                        + " and " + file + ": all must be in one bucket, or on the local disk");
            }
        }
        return root;
    }

    private List<KeyAttribute> keys(Optional<RunStore> run) {
        if (requested.isPresent()) {
            return run.map(requested.get()::keys).orElseGet(requested.get()::keys);
        }
        return settings.keys().entrySet().stream()
                .map(key -> new KeyAttribute(key.getKey(), SourceType.valueOf(key.getValue())))
                .toList();
    }

    @Override
    KindRule kindRule(RunStore run) {
        return settings.hasTables()
                ? new KindRule.ByFolder(RdsExport.kinds(source(run), planned(run), wanted()))
                : super.kindRule(run);
    }

    @Override
    public DataSchema unknown() {
        return settings.hasItems() ? DataSchema.none(keys(begun)) : super.unknown();
    }

    @Override
    public ShredPlan shredding(DataSchema schema, RunStore run) {
        return settings.hasItems()
                ? ShredPlan.of(
                        schema, TableSource.kindRule(open.job()), open.job().tables(), ShredPlan.Expiry.NEVER)
                : super.shredding(schema, run);
    }

    @Override
    public CensusTaker.Settings census(RunStore run) {
        return settings.hasItems()
                ? new CensusTaker.Settings(
                        TableSource.kindRule(open.job()),
                        ShredPlan.redactions(open.job().tables()),
                        keys(Optional.of(run)),
                        open.job().schema().sample().fraction())
                : super.census(run);
    }

    @Override
    public boolean isEmpty() {
        return false;
    }

    @Override
    public List<PlannedUnit> units(RunStore run) {
        Snapshot snapshot = snapshot(run);
        return groups(run.id(), snapshot.storage())
                .plan(snapshot.files(), settings.fileFormat(), groupBytes(snapshot.files()));
    }

    /** How large the units of a run that begins now are at most. */
    long groupBytes(List<SnapshotFile> files) {
        return settings.groupBytes().orElseGet(() -> throughput().groupBytes(SnapshotGroups.weight(files)));
    }

    Throughput throughput() {
        return Throughput.load(open.staging(), open.job().name());
    }

    private SnapshotGroups groups(RunId run, Storage source) {
        return new SnapshotGroups(open.staging(), manifests(run), source);
    }

    /** The files of a run, by path: as they were listed, where that is what the run was planned for. */
    private List<SnapshotFile> planned(RunStore run) {
        List<PlannedUnit> units = run.plan().units();
        return planned.computeIfAbsent(
                run.id(),
                id -> found.filter(snapshot -> SnapshotGroups.isOf(
                                units,
                                snapshot.storage(),
                                snapshot.files(),
                                settings.fileFormat(),
                                groupBytes(snapshot.files())))
                        .map(Snapshot::files)
                        .orElseGet(() -> groups(run).files(units)));
    }

    private SnapshotGroups groups(RunStore run) {
        return groups(run.id(), source(run));
    }

    /** The storage that has a run's files. */
    private Storage source(RunStore run) {
        return storage(SnapshotGroups.root(run.plan().units().get(0)));
    }

    /** Folder of the manifests of what a run reads. */
    private String manifests(RunId run) {
        // Of several tables, the folder has the job's name.
        String kind = settings.hasTables() && open.job().tables().size() != 1
                ? open.job().name()
                : open.job().onlyKind();
        String table = open.job().table(kind).name().orElse(kind).replaceAll("[^A-Za-z0-9_-]", "_");
        return open.job().name() + "/" + table + "/snapshot=" + run + "/manifests/";
    }

    @Override
    public Optional<String> difference(RunStore run) {
        if (requested.isPresent() && requested.get().there(run, this::storage).isEmpty()) {
            return Optional.of("its " + name() + " is gone");
        }
        return snapshot(run).difference(planned(run));
    }

    /** Once all of it is read, and was whole, it may go. */
    @Override
    public boolean isSpooled(RunContext context) {
        return context.isComplete(context.done(Phase.EXTRACT))
                && RecordFiles.damaged(context.run().units(), FilesReading.PHASE)
                        .isEmpty();
    }

    @Override
    public SourceReading reading(RunContext context) {
        begun = Optional.of(context.run());
        SnapshotGroups groups = groups(context.run());
        groups.putWhole(planned(context.run()), context.plan().units().size());
        Storage source = source(context.run());
        RecordFiles records = new RecordFiles(source, groups, settings.fileFormat(), settings.limits());
        return new FilesReading(context, records, this) {
            @Override
            void measured(Map<String, Duration> took) {
                long bytes = context.plan().units().stream()
                        .filter(unit -> took.containsKey(unit.id()))
                        .mapToLong(SnapshotGroups::byteCount)
                        .sum();
                Duration time = took.values().stream().reduce(Duration.ZERO, Duration::plus);
                if (!took.isEmpty()) {
                    Throughput.keep(
                            open.staging(), open.job().name(), context.run().id(), bytes, time);
                }
            }

            @Override
            public Commit commit(Map<String, TableCounts> counts) {
                requireWhole(context, planned(context.run()), source);
                requireNoWarnings(context.run());
                return open.store().ledger().append(context.plan(), counts, Map.of());
            }

            @Override
            public void committed() {}
        };
    }

    /** What a run has read. */
    Validation.Amount read(RunContext context) {
        List<SnapshotFile> files = planned(context.run());
        long rows = RecordFiles.rows(context.run().units(), FilesReading.PHASE).values().stream()
                .mapToLong(Long::longValue)
                .sum();
        return new Validation.Amount(
                files.size(), files.stream().mapToLong(SnapshotFile::bytes).sum(), rows);
    }

    /** Refuses what an export of RDS itself says may be less than its tables. */
    private void requireNoWarnings(RunStore run) {
        if (!settings.hasTables() || run.accepts(WARNING)) {
            return;
        }
        FileLocation info = info(settings.export().orElseThrow());
        List<String> warnings = RdsExport.warnings(storage(info.folder().uri()), info.name(), wanted());
        if (!warnings.isEmpty()) {
            throw Fault.gate(
                    List.of(WARNING),
                    "The export of run " + run.id() + " warns of " + warnings.size()
                            + " tables; what is published stays as it is. Look at them, then let this run pass:"
                            + " scripts/millrace accept " + run.id() + " --gate " + WARNING + " --reason TEXT"
                            + Snapshot.told(warnings));
        }
    }

    /** Refuses a snapshot of which something is missing, before anything of it can be seen. */
    private static void requireWhole(RunContext context, List<SnapshotFile> files, Storage source) {
        RunStore run = context.run();
        Map<String, String> damaged = RecordFiles.damaged(run.units(), FilesReading.PHASE);
        if (!damaged.isEmpty()) {
            List<String> lines = new ArrayList<>();
            damaged.forEach((path, why) -> lines.add(source.uri(path) + ": " + why));
            throw Fault.world("Cannot read " + damaged.size() + " of the snapshot's " + files.size()
                    + " files. What is published stays as it is. Put them right, and start again: a run begins that reads"
                    + " the snapshot anew:" + Snapshot.told(lines));
        }
        Map<String, Long> read = RecordFiles.rows(run.units(), FilesReading.PHASE);
        List<String> other = new ArrayList<>();
        for (SnapshotFile file : files) {
            long rows = read.getOrDefault(file.path(), 0L);
            if (file.rows().isPresent() && file.rows().getAsLong() != rows) {
                other.add(source.uri(file.path()) + " has " + rows + " records, the manifest says "
                        + file.rows().getAsLong());
            }
        }
        String accept = "scripts/millrace accept " + run.id() + " --gate ";
        if (!other.isEmpty() && !run.accepts(ROWS)) {
            throw Fault.gate(
                    List.of(ROWS),
                    "The manifest of run " + run.id() + " is wrong about " + other.size() + " of " + files.size()
                            + " files; what is published stays as it is. Have the snapshot exported anew, or let this run"
                            + " pass: " + accept + ROWS + " --reason TEXT" + Snapshot.told(other));
        }
        long rows = read.values().stream().mapToLong(Long::longValue).sum();
        if (rows == 0 && !run.accepts(EMPTY)) {
            throw Fault.gate(
                    List.of(EMPTY),
                    "The snapshot of run " + run.id() + " has no rows in " + files.size()
                            + " files: it would empty what"
                            + " is published, which stays as it is. Let it pass, if that is meant: " + accept + EMPTY
                            + " --reason TEXT");
        }
    }
}
