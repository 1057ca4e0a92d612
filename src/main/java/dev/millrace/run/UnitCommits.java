package dev.millrace.run;

import dev.millrace.storage.Storage;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The commits of one run's units, as tasks see them. Of any number of attempts at a unit exactly one wins, by
 * put-if-absent of its manifest at {@code runs/<run>/units/<phase>/<unit>.json}; the files of the others are orphans.
 */
public interface UnitCommits extends Serializable {
    /** Commits as files {@code <folder><phase>/<unit>.json}; the folder ends with a slash. */
    static UnitCommits stored(Storage storage, String folder) {
        return new StoredUnitCommits(storage, folder);
    }

    /** The winner's manifest, or empty while the unit is not committed. */
    Optional<UnitManifest> find(String phase, String unit);

    /** Commits a unit, or finds that another attempt did. Returns the winner's manifest: compare the attempt. */
    UnitManifest commit(UnitManifest mine);

    /** All committed units of a phase, sorted by unit. */
    List<UnitManifest> committed(String phase);

    /** The ids of all committed units of a phase. */
    default Set<String> units(String phase) {
        return committed(phase).stream().map(UnitManifest::unit).collect(Collectors.toUnmodifiableSet());
    }
}
