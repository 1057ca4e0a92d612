package dev.millrace.files;

import dev.millrace.fault.Fault;
import dev.millrace.landing.FileManifest;
import dev.millrace.landing.ManifestEntry;
import dev.millrace.run.PlannedUnit;
import dev.millrace.storage.Storage;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The units of a run over a snapshot: groups of its files. Each has a manifest of its own in the run's staging,
 * {@code manifests/snapshot-file-groups/manifest-summary/<unit>.json} and {@code …/manifest-data/<unit>.parquet}; all
 * together are the snapshot, {@code manifests/manifest-summary.json} and {@code manifest-data.parquet}. A unit's id is a
 * hash of its files, so each id has one list for ever. Tasks carry it.
 */
public final class SnapshotGroups implements UnitFiles {
    private static final long serialVersionUID = 1;

    /** What opening a file costs, in bytes that could have been read instead. */
    private static final long OPENING_BYTES = 256 << 10;

    private static final long LEAST_BYTES = 16L << 20;
    private static final long MOST_BYTES = 128L << 20;

    /** Groups that are enough to keep a cluster at work and to lose little by a task that is done again. */
    private static final int GROUPS = 64;

    private static final String FILES = "files";
    private static final String BYTES = "bytes";
    private static final String ROOT = "root";

    /** Followed by a file's path, a detail of its group's manifest. */
    private static final String MD5 = "md5 of ";

    private final Storage staging;
    private final String folder;
    private final Storage source;

    /**
     * @param staging the staging storage
     * @param folder of the manifests, with a trailing slash: {@code <job>/<table>/snapshot=<run>/manifests/}
     * @param source the storage that has the files
     */
    public SnapshotGroups(Storage staging, String folder, Storage source) {
        this.staging = staging;
        this.folder = folder;
        this.source = source;
    }

    /** Groups a snapshot's files, by {@code groupBytes} or, without one, by their sizes. */
    public static List<List<SnapshotFile>> group(List<SnapshotFile> files, OptionalLong groupBytes) {
        return FileGroups.even(files, SnapshotGroups::weight, groupBytes.orElseGet(() -> bytes(files)));
    }

    /** How large groups are by themselves: 16 to 128 MB, so that there are about 64. */
    static long bytes(List<SnapshotFile> files) {
        long all = files.stream().mapToLong(SnapshotGroups::weight).sum();
        return Math.max(LEAST_BYTES, Math.min(MOST_BYTES, all / GROUPS + 1));
    }

    private static long weight(SnapshotFile file) {
        return OPENING_BYTES + file.bytes();
    }

    /** The units of a snapshot; writes their manifests. */
    public List<PlannedUnit> plan(List<SnapshotFile> files, OptionalLong groupBytes) {
        return group(files, groupBytes).stream().map(this::unit).toList();
    }

    /** Whether units are those of a snapshot's files, so that they need not be read from their manifests. */
    public static boolean isOf(List<PlannedUnit> units, List<SnapshotFile> files, OptionalLong groupBytes) {
        List<String> ids =
                group(files, groupBytes).stream().map(SnapshotGroups::id).toList();
        return units.stream().map(PlannedUnit::id).toList().equals(ids);
    }

    private static String id(List<SnapshotFile> group) {
        return "group-" + hash(group);
    }

    private PlannedUnit unit(List<SnapshotFile> group) {
        String id = id(group);
        long bytes = group.stream().mapToLong(SnapshotFile::bytes).sum();
        Map<String, String> details = new TreeMap<>(Map.of("unit", id));
        group.stream()
                .filter(file -> !file.md5().isEmpty())
                .forEach(file -> details.put(MD5 + file.path(), file.md5()));
        FileManifest.put(staging, summary(id), data(id), entries(group), details);
        return new PlannedUnit(
                id, Map.of(FILES, String.valueOf(group.size()), BYTES, String.valueOf(bytes), ROOT, source.root()));
    }

    private List<ManifestEntry> entries(List<SnapshotFile> files) {
        return files.stream().map(file -> file.entry(source)).toList();
    }

    private static String hash(List<SnapshotFile> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (SnapshotFile file : files) {
                String line = String.join(
                        "\0", file.path(), "" + file.bytes(), file.etag(), "" + file.rows(), file.md5(), "");
                digest.update(line.getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 10);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    private String summary(String unit) {
        return folder + "snapshot-file-groups/manifest-summary/" + unit + ".json";
    }

    private String data(String unit) {
        return folder + "snapshot-file-groups/manifest-data/" + unit + ".parquet";
    }

    /** The root of the storage that has a unit's files. */
    public static String root(PlannedUnit unit) {
        return unit.input().get(ROOT);
    }

    /** How many files a unit has. */
    public static int fileCount(PlannedUnit unit) {
        return Integer.parseInt(unit.input().get(FILES));
    }

    /** Bytes of a unit's files. */
    public static long byteCount(PlannedUnit unit) {
        return Long.parseLong(unit.input().get(BYTES));
    }

    /** The files of a unit, by path. */
    public List<SnapshotFile> files(PlannedUnit unit) {
        String path = data(unit.id());
        List<SnapshotFile> files = FileManifest.files(staging, path).stream()
                .map(entry -> SnapshotFile.of(source, entry))
                .toList();
        if (files.size() != fileCount(unit)) {
            throw Fault.world("Cannot read " + staging.uri(path) + ": it lists " + files.size() + " files, and "
                    + fileCount(unit) + " were planned");
        }
        Map<String, String> details = FileManifest.find(staging, summary(unit.id()))
                .map(FileManifest.Summary::details)
                .orElseThrow(() -> Fault.world("Cannot read " + staging.uri(summary(unit.id())) + ": it is not there"));
        return files.stream()
                .map(file -> new SnapshotFile(
                        file.path(),
                        file.bytes(),
                        file.etag(),
                        file.rows(),
                        details.getOrDefault(MD5 + file.path(), "")))
                .toList();
    }

    /** All files of some units, by path. */
    public List<SnapshotFile> files(List<PlannedUnit> units) {
        List<SnapshotFile> files = new ArrayList<>();
        units.forEach(unit -> files.addAll(files(unit)));
        files.sort(Comparator.comparing(SnapshotFile::path));
        return files;
    }

    /**
     * Writes the manifest of the whole snapshot, once.
     *
     * @param files all of them, by path
     * @param units how many there are
     */
    public void putWhole(List<SnapshotFile> files, int units) {
        String summary = folder + "manifest-summary.json";
        if (staging.stat(summary).isEmpty()) {
            FileManifest.put(
                    staging,
                    summary,
                    folder + "manifest-data.parquet",
                    entries(files),
                    Map.of("groups", String.valueOf(units)));
        }
    }

    @Override
    public List<UnitFiles.Entry> of(PlannedUnit unit) {
        return files(unit).stream()
                .map(file -> new UnitFiles.Entry(
                        new FilePart(file.path(), file.bytes(), file.etag(), 0, file.bytes()), "", file.md5()))
                .toList();
    }
}
