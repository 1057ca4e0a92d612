package dev.millrace.schema;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a run counts of each unit while its items become rows: a small file a unit, {@code <unit>.json}, written by
 * put-if-absent once the unit is read to its end. Every attempt at a unit counts the same, so the first one's stands.
 *
 * @param storage of the staging area
 * @param folder of the files below it, with a trailing slash
 * @param settings how items are counted
 */
public record CensusFiles(Storage storage, String folder, CensusTaker.Settings settings) implements Serializable {
    private static final String SUFFIX = ".json";

    /** Keeps what was counted of a unit, by its id. */
    public void put(String unit, UnitCensus counted) {
        storage.putIfAbsent(path(unit), counted.toJson());
    }

    /** Ids of the units that are counted. */
    public Set<String> units() {
        return storage.names(folder).stream()
                .filter(name -> name.endsWith(SUFFIX))
                .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                .collect(Collectors.toSet());
    }

    /** What was counted of units together, by their ids. */
    public UnitCensus merged(List<String> units) {
        UnitCensus all = new UnitCensus(new CensusTaker(settings).census(), new Drift());
        for (String unit : units) {
            String path = path(unit);
            Versioned file = storage.find(path)
                    .orElseThrow(() -> Fault.world(
                            "The census of unit " + unit + " is gone: " + storage.uri(path) + ": start a new run"));
            try {
                all.merge(UnitCensus.fromJson(file.content()));
            } catch (IllegalArgumentException e) {
                throw Fault.world(
                        "The census of unit " + unit + " cannot be read: " + storage.uri(path) + ": " + e.getMessage()
                                + ": remove it and run the same command again",
                        e);
            }
        }
        return all;
    }

    private String path(String unit) {
        return folder + unit + SUFFIX;
    }
}
