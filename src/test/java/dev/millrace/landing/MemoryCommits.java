package dev.millrace.landing;

import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Commits in this JVM's memory, found again by name after a trip through Java serialization.
 *
 * @param name of the run
 * @param losesAnswers whether a commit is kept but reported as failed
 */
record MemoryCommits(String name, boolean losesAnswers) implements UnitCommits {
    private static final ConcurrentMap<String, UnitManifest> ALL = new ConcurrentHashMap<>();

    static MemoryCommits fresh() {
        return new MemoryCommits(UUID.randomUUID().toString(), false);
    }

    /** The commits of the phase that spooled a unit, which say how many items it holds. */
    MemoryCommits withInput(String unit, long items) {
        commitQuietly(new UnitManifest(
                UnitManifest.FORMAT,
                "spool",
                unit,
                "spooled0",
                List.of(
                        new DataFile("_spool", "spool/" + unit + "-a", 1, items / 2, "a"),
                        new DataFile("_spool", "spool/" + unit + "-b", 1, items - items / 2, "b"),
                        new DataFile("_census", "census/" + unit, 1, 77, "c")),
                Map.<String, TableCounts>of(),
                Map.of()));
        return this;
    }

    @Override
    public Optional<UnitManifest> find(String phase, String unit) {
        return Optional.ofNullable(ALL.get(name + "/" + phase + "/" + unit));
    }

    @Override
    public UnitManifest commit(UnitManifest mine) {
        UnitManifest winner = commitQuietly(mine);
        if (losesAnswers) {
            throw Fault.world("connection reset");
        }
        return winner;
    }

    private UnitManifest commitQuietly(UnitManifest mine) {
        UnitManifest before = ALL.putIfAbsent(name + "/" + mine.phase() + "/" + mine.unit(), mine);
        return before == null ? mine : before;
    }

    @Override
    public List<UnitManifest> committed(String phase) {
        String prefix = name + "/" + phase + "/";
        return ALL.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(prefix))
                .map(Map.Entry::getValue)
                .sorted(Comparator.comparing(UnitManifest::unit))
                .toList();
    }
}
