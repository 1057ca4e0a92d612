package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.landing.FileManifest;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.ManifestEntry;
import dev.millrace.run.DataFile;
import dev.millrace.run.Json;
import dev.millrace.storage.Storage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The plan of a run's table, as it is kept, so that every process that compacts it does the same for ever. Files are told by
 * their place in the landing's manifest.
 *
 * @param format version of this file's format, now 1
 * @param targetBytes wanted size of files
 * @param ratio expected bytes written for bytes read
 * @param outputs files to be written
 */
record StoredPlan(int format, long targetBytes, double ratio, List<Output> outputs) {
    private static final int FORMAT = 1;

    /**
     * A file to be written.
     *
     * @param files that it takes rows of
     * @param fromRow the first of the first file
     * @param toRow behind the last of the last file; -1 where it is the file's last
     * @param fromGroup row group of the first file that it begins with; -1 where it begins within one
     * @param toGroup row group of the last file before which it ends; -1 where it ends with the file, or within one
     */
    record Output(String partition, List<Integer> files, long fromRow, long toRow, int fromGroup, int toGroup) {
        private static final int LAST = -1;

        Output {
            files = List.copyOf(files);
        }

        private static Output of(PlannedFile file, Map<String, Integer> places) {
            List<Slice> slices = file.slices();
            Slice first = slices.get(0);
            Slice last = slices.get(slices.size() - 1);
            boolean isToEnd = last.toRow() == Slice.LAST_ROW;
            return new Output(
                    file.partition(),
                    slices.stream()
                            .map(slice -> places.get(slice.file().path()))
                            .toList(),
                    first.fromRow(),
                    isToEnd ? LAST : last.toRow(),
                    first.fromGroup(),
                    isToEnd ? LAST : last.toGroup());
        }

        private PlannedFile planned(List<DataFile> all) {
            List<Slice> slices = new ArrayList<>();
            for (int i = 0; i < files.size(); i++) {
                boolean isFirst = i == 0;
                boolean isCut = i == files.size() - 1 && toRow != LAST;
                slices.add(new Slice(
                        all.get(files.get(i)),
                        isFirst ? fromRow : 0,
                        isCut ? toRow : Slice.LAST_ROW,
                        isFirst ? fromGroup : 0,
                        isCut ? toGroup : Slice.LAST_GROUP));
            }
            return new PlannedFile(partition, slices);
        }
    }

    StoredPlan {
        outputs = List.copyOf(outputs);
    }

    static StoredPlan of(LandedTable table, TargetSize target, List<PlannedFile> outputs) {
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < table.files().size(); i++) {
            places.put(table.files().get(i).path(), i);
        }
        return new StoredPlan(
                FORMAT,
                target.bytes(),
                target.ratio(),
                outputs.stream().map(output -> Output.of(output, places)).toList());
    }

    /** The files to be written of a table. */
    List<PlannedFile> outputs(LandedTable table) {
        return outputs.stream().map(output -> output.planned(table.files())).toList();
    }

    /** The files of a table that stay as they are. */
    List<DataFile> kept(LandedTable table) {
        Set<Integer> taken = new HashSet<>();
        outputs.forEach(output -> taken.addAll(output.files()));
        List<DataFile> kept = new ArrayList<>();
        for (int i = 0; i < table.files().size(); i++) {
            if (!taken.contains(i)) {
                kept.add(table.files().get(i));
            }
        }
        return kept;
    }

    /** @param folder of the manifests of the plan, with a trailing slash */
    static Optional<StoredPlan> find(Storage storage, String folder) {
        return Json.find(storage, path(folder), StoredPlan.class, FORMAT);
    }

    private static String path(String folder) {
        return folder + "plan.json";
    }

    /** Keeps this plan, unless there is one. Returns the one that stands. */
    StoredPlan put(Storage storage, String folder, LandedTable table) {
        StoredPlan stands = this;
        if (!storage.putIfAbsent(path(folder), Json.write(this))) {
            stands = find(storage, folder)
                    .orElseThrow(() -> Fault.world("The plan of a compaction is gone: " + storage.uri(path(folder))));
        }
        stands.putManifest(storage, folder, table);
        return stands;
    }

    /** The files that become others, as a manifest that programs of others read, too. */
    private void putManifest(Storage storage, String folder, LandedTable table) {
        Set<String> listed = new HashSet<>();
        List<ManifestEntry> entries = new ArrayList<>();
        for (PlannedFile output : outputs(table)) {
            for (DataFile file : output.files()) {
                if (listed.add(file.path())) {
                    entries.add(new ManifestEntry(
                            storage.uri(file.path()), file.bytes(), OptionalLong.of(file.rows()), file.etag()));
                }
            }
        }
        FileManifest.put(
                storage,
                folder + "manifest-summary.json",
                folder + "manifest-data.parquet",
                entries,
                Map.of(
                        "outputs", Integer.toString(outputs.size()),
                        "target", Long.toString(targetBytes),
                        "ratio", Double.toString(ratio)));
    }
}
