package dev.millrace.lake;

import dev.millrace.run.DataFile;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A run's commits, which also say how many rows each group holds: what a unit is checked against before it commits.
 *
 * @param own of the run
 * @param rows by the group's id
 */
record GroupCommits(UnitCommits own, Map<String, Long> rows) implements UnitCommits {
    /** Label of the phase that the sink asks for a unit's input. */
    static final String INPUT = "group";

    static GroupCommits of(UnitCommits own, List<Group> groups) {
        Map<String, Long> rows = new HashMap<>();
        groups.forEach(group -> rows.put(group.id(), group.rows()));
        return new GroupCommits(own, rows);
    }

    @Override
    public Optional<UnitManifest> find(String phase, String unit) {
        if (!phase.equals(INPUT)) {
            return own.find(phase, unit);
        }
        return Optional.ofNullable(rows.get(unit))
                .map(held -> new UnitManifest(
                        UnitManifest.FORMAT,
                        INPUT,
                        unit,
                        "",
                        List.of(new DataFile("", "", 0, held, "")),
                        Map.of(),
                        Map.of()));
    }

    @Override
    public UnitManifest commit(UnitManifest mine) {
        return own.commit(mine);
    }

    @Override
    public List<UnitManifest> committed(String phase) {
        return own.committed(phase);
    }
}
