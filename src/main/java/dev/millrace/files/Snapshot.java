package dev.millrace.files;

import dev.millrace.fault.Fault;
import dev.millrace.landing.ManifestEntry;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The files of a snapshot as they lie there now.
 *
 * @param storage that has them
 * @param files by path
 */
public record Snapshot(Storage storage, List<SnapshotFile> files) {
    /** Mistakes of a manifest, or differences of a snapshot, that are told one by one. */
    private static final int MOST_TOLD = 20;

    public Snapshot {
        files = List.copyOf(files);
    }

    /** All files of a folder. */
    public static Snapshot listed(SourceFolder folder) {
        List<SnapshotFile> files = new ArrayList<>();
        folder.list(
                Optional.empty(),
                file -> files.add(new SnapshotFile(file.path(), file.bytes(), file.etag(), OptionalLong.empty())));
        return new Snapshot(folder.storage(), files);
    }

    /**
     * The files that a manifest lists, once each is seen to be there as the manifest says. Only folders are listed for
     * that; no file is opened.
     *
     * @param manifest as which messages name it
     * @throws Fault of kind WORLD that tells which files are not as they have to be
     */
    public static Snapshot ofManifest(String manifest, Storage storage, List<ManifestEntry> entries) {
        Map<String, SnapshotFile> files = new TreeMap<>();
        Set<String> folders = new TreeSet<>();
        List<String> wrong = new ArrayList<>();
        for (ManifestEntry entry : entries) {
            SnapshotFile file = SnapshotFile.of(storage, entry);
            if (SourceFolder.isUnreadable(file.path())) {
                wrong.add(entry.uri() + ": its name has an empty part, . or .., which no path can have");
            } else if (files.putIfAbsent(file.path(), file) != null) {
                wrong.add(entry.uri() + ": is listed twice");
            } else {
                folders.add(file.path().substring(0, file.path().lastIndexOf('/') + 1));
            }
        }
        Map<String, StoredFile> stored = stored(storage, folders, files.keySet());
        List<SnapshotFile> found = new ArrayList<>();
        for (SnapshotFile file : files.values()) {
            StoredFile there = stored.get(file.path());
            Optional<String> difference = difference(file, there);
            if (difference.isPresent()) {
                wrong.add(storage.uri(file.path()) + ": " + difference.get());
            } else {
                found.add(new SnapshotFile(file.path(), file.bytes(), there.etag(), file.rows()));
            }
        }
        if (!wrong.isEmpty()) {
            throw Fault.world("Manifest " + manifest + " is not what is there: " + wrong.size() + " of "
                    + entries.size() + " files are wrong; nothing was read. Have the snapshot exported anew, or name"
                    + " another manifest:" + told(wrong));
        }
        return new Snapshot(storage, found);
    }

    /** Lists each folder once, none that lies in another. */
    private static Map<String, StoredFile> stored(Storage storage, Set<String> folders, Set<String> wanted) {
        Map<String, StoredFile> stored = new HashMap<>();
        String listed = null;
        for (String folder : folders) {
            if (listed == null || !folder.startsWith(listed)) {
                listed = folder;
                storage.list(folder).stream()
                        .filter(file -> wanted.contains(file.path()))
                        .forEach(file -> stored.put(file.path(), file));
            }
        }
        return stored;
    }

    private static Optional<String> difference(SnapshotFile listed, StoredFile there) {
        if (there == null) {
            return Optional.of("is missing");
        }
        if (there.bytes() != listed.bytes()) {
            return Optional.of("has " + there.bytes() + " bytes, the manifest says " + listed.bytes());
        }
        boolean same = listed.etag().isEmpty() || bare(listed.etag()).equals(bare(there.etag()));
        return same
                ? Optional.empty()
                : Optional.of("has etag " + bare(there.etag()) + ", the manifest says " + bare(listed.etag()));
    }

    /** S3 answers with quotes around an etag, which some programs keep. */
    private static String bare(String etag) {
        boolean isQuoted = etag.length() > 1 && etag.startsWith("\"") && etag.endsWith("\"");
        return isQuoted ? etag.substring(1, etag.length() - 1) : etag;
    }

    /** How this snapshot is another than one that a run has begun with; empty where it is the same. */
    public Optional<String> difference(List<SnapshotFile> planned) {
        Map<String, SnapshotFile> now = new HashMap<>();
        files.forEach(file -> now.put(file.path(), file));
        Set<String> before = new HashSet<>();
        List<String> other = new ArrayList<>();
        for (SnapshotFile file : planned) {
            before.add(file.path());
            SnapshotFile found = now.get(file.path());
            if (found == null) {
                other.add(storage.uri(file.path()) + " is gone");
            } else if (!found.etag().equals(file.etag())) {
                other.add(storage.uri(file.path()) + " was changed");
            } else if (!found.equals(file)) {
                other.add("its manifest says otherwise of " + storage.uri(file.path()));
            }
        }
        files.stream()
                .map(SnapshotFile::path)
                .filter(path -> !before.contains(path))
                .forEach(path -> other.add(storage.uri(path) + " is new"));
        return other.isEmpty()
                ? Optional.empty()
                : Optional.of("its snapshot is another by now: " + other.get(0)
                        + (other.size() > 1 ? ", and " + (other.size() - 1) + " more" : ""));
    }

    /** Lines of which the first are told. */
    public static String told(List<String> lines) {
        StringBuilder told = new StringBuilder();
        lines.stream()
                .limit(MOST_TOLD)
                .forEach(
                        line -> told.append(System.lineSeparator()).append("  ").append(line));
        if (lines.size() > MOST_TOLD) {
            told.append(System.lineSeparator())
                    .append("  and ")
                    .append(lines.size() - MOST_TOLD)
                    .append(" more");
        }
        return told.toString();
    }

    /** Bytes of all files. */
    public long bytes() {
        return files.stream().mapToLong(SnapshotFile::bytes).sum();
    }
}
