package dev.millrace.run;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Unit manifests as files, one a unit.
 *
 * @param folder {@code <job>/runs/<run>/units/}
 */
record StoredUnitCommits(Storage storage, String folder) implements UnitCommits {
    private static final String SUFFIX = ".json";

    @Override
    public Optional<UnitManifest> find(String phase, String unit) {
        return Json.find(storage, path(phase, unit), UnitManifest.class, UnitManifest.FORMAT);
    }

    @Override
    public UnitManifest commit(UnitManifest mine) {
        String path = path(mine.phase(), mine.unit());
        if (storage.putIfAbsent(path, Json.write(mine))) {
            return mine;
        }
        return find(mine.phase(), mine.unit()).orElseThrow(() -> JobStore.vanished(storage, path));
    }

    @Override
    public List<UnitManifest> committed(String phase) {
        List<UnitManifest> manifests = new ArrayList<>();
        for (StoredFile file : storage.list(folder + phase + "/")) {
            manifests.add(Json.find(storage, file.path(), UnitManifest.class, UnitManifest.FORMAT)
                    .orElseThrow(() -> JobStore.vanished(storage, file.path())));
        }
        manifests.sort(java.util.Comparator.comparing(UnitManifest::unit));
        return List.copyOf(manifests);
    }

    /** By their names: none of them is read. */
    @Override
    public Set<String> units(String phase) {
        return storage.names(folder + phase + "/").stream()
                .filter(name -> name.endsWith(SUFFIX))
                .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                .collect(Collectors.toUnmodifiableSet());
    }

    private String path(String phase, String unit) {
        return folder + phase + "/" + unit + SUFFIX;
    }
}
