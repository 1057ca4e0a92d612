package dev.millrace.files;

import dev.millrace.config.FileSource;
import dev.millrace.config.FileSource.Format;
import dev.millrace.fault.Fault;
import dev.millrace.landing.FileManifest;
import dev.millrace.landing.ManifestEntry;
import dev.millrace.run.PlannedUnit;
import dev.millrace.storage.Sha256;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    private static final String FILES = "files";
    private static final String BYTES = "bytes";
    private static final String ROOT = "root";
    private static final String MOST = "group-size";

    /** Followed by a file's path, a detail of its group's manifest. */
    private static final String MD5 = "md5 of ";

    /** Followed by the number of a file in its group, from 0: which of its bytes, {@code from-to}, the group reads. */
    private static final String PART = "part of file ";

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

    /**
     * A file, or a part of a large one.
     *
     * @param from offset of the first byte
     * @param to offset after the last
     */
    record Piece(SnapshotFile file, long from, long to) {
        boolean isWhole() {
            return from == 0 && to == file.bytes();
        }

        private long weight() {
            return OPENING_BYTES + to - from;
        }

        private FilePart part() {
            return new FilePart(file.path(), file.bytes(), file.etag(), from, to);
        }
    }

    /** What files weigh together, of which each costs something to open. */
    public static long weight(List<SnapshotFile> files) {
        return files.stream().mapToLong(file -> OPENING_BYTES + file.bytes()).sum();
    }

    /**
     * Groups a snapshot's files; a file that is larger than a group is cut, where its format can be and no MD5 has to be
     * compared with that of all of it.
     *
     * @param most that files of a group weigh, unless one that cannot be cut does
     */
    static List<List<Piece>> group(Storage source, List<SnapshotFile> files, Format format, long most) {
        List<Piece> pieces = new ArrayList<>();
        files.forEach(file -> pieces.addAll(pieces(source, file, format, most)));
        return FileGroups.even(pieces, Piece::weight, most);
    }

    private static List<Piece> pieces(Storage source, SnapshotFile file, Format format, long most) {
        long room = Math.max(most / 2, most - OPENING_BYTES);
        if (file.bytes() <= room || !file.md5().isEmpty()) {
            return List.of(new Piece(file, 0, file.bytes()));
        }
        StoredFile stored = new StoredFile(file.path(), file.bytes(), file.etag(), Instant.EPOCH);
        long even = file.bytes() / ((file.bytes() + room - 1) / room);
        List<FilePart> parts = List.of(FilePart.whole(stored));
        if (format instanceof FileSource.Parquet) {
            parts = FileParts.ofParquet(stored, even);
        } else if (format instanceof FileSource.Json) {
            parts = FileParts.ofJson(source, stored, even);
        }
        return parts.stream()
                .map(part -> new Piece(file, part.from(), part.to()))
                .toList();
    }

    /** How many bytes each group of a snapshot would have. */
    public static List<Long> sizes(Storage source, List<SnapshotFile> files, Format format, long most) {
        return group(source, files, format, most).stream()
                .map(SnapshotGroups::bytes)
                .toList();
    }

    private static long bytes(List<Piece> group) {
        return group.stream().mapToLong(piece -> piece.to() - piece.from()).sum();
    }

    /** The units of a snapshot; writes their manifests. Parameters are as in {@link #group}. */
    public List<PlannedUnit> plan(List<SnapshotFile> files, Format format, long most) {
        return group(source, files, format, most).stream()
                .map(group -> unit(group, most))
                .toList();
    }

    /**
     * Whether units are those of a snapshot's files, so that they need not be read from their manifests.
     *
     * @param usual what a unit's group may weigh that does not say it
     */
    public static boolean isOf(
            List<PlannedUnit> units, Storage source, List<SnapshotFile> files, Format format, long usual) {
        long most = Optional.ofNullable(units.get(0).input().get(MOST))
                .map(Long::parseLong)
                .orElse(usual);
        List<String> ids = group(source, files, format, most).stream()
                .map(SnapshotGroups::id)
                .toList();
        return units.stream().map(PlannedUnit::id).toList().equals(ids);
    }

    private static String id(List<Piece> group) {
        return "group-" + hash(group);
    }

    private PlannedUnit unit(List<Piece> group, long most) {
        String id = id(group);
        Map<String, String> details = new TreeMap<>(Map.of("unit", id));
        for (int i = 0; i < group.size(); i++) {
            Piece piece = group.get(i);
            if (!piece.file().md5().isEmpty()) {
                details.put(MD5 + piece.file().path(), piece.file().md5());
            }
            if (!piece.isWhole()) {
                details.put(PART + i, piece.from() + "-" + piece.to());
            }
        }
        FileManifest.put(
                staging,
                summary(id),
                data(id),
                entries(group.stream().map(Piece::file).toList()),
                details);
        return new PlannedUnit(
                id,
                Map.of(
                        FILES,
                        String.valueOf(group.size()),
                        BYTES,
                        String.valueOf(bytes(group)),
                        ROOT,
                        source.root(),
                        MOST,
                        String.valueOf(most)));
    }

    private List<ManifestEntry> entries(List<SnapshotFile> files) {
        return files.stream().map(file -> file.entry(source)).toList();
    }

    private static String hash(List<Piece> pieces) {
        MessageDigest digest = Sha256.digest();
        for (Piece piece : pieces) {
            SnapshotFile file = piece.file();
            String line =
                    String.join("\0", file.path(), "" + file.bytes(), file.etag(), "" + file.rows(), file.md5(), "")
                            + (piece.isWhole() ? "" : piece.from() + "\0" + piece.to() + "\0");
            digest.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 10);
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

    /** What a unit reads, by path and place in the file. */
    List<Piece> pieces(PlannedUnit unit) {
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
        List<Piece> pieces = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            SnapshotFile file = files.get(i);
            String[] part = details.getOrDefault(PART + i, "0-" + file.bytes()).split("-", 2);
            pieces.add(new Piece(
                    new SnapshotFile(
                            file.path(),
                            file.bytes(),
                            file.etag(),
                            file.rows(),
                            details.getOrDefault(MD5 + file.path(), "")),
                    Long.parseLong(part[0]),
                    Long.parseLong(part[1])));
        }
        return pieces;
    }

    /** All files of some units, by path. */
    public List<SnapshotFile> files(List<PlannedUnit> units) {
        TreeMap<String, SnapshotFile> files = new TreeMap<>();
        units.forEach(
                unit -> pieces(unit).forEach(piece -> files.put(piece.file().path(), piece.file())));
        return List.copyOf(files.values());
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
        return pieces(unit).stream()
                .map(piece -> new UnitFiles.Entry(piece.part(), "", piece.file().md5()))
                .toList();
    }
}
