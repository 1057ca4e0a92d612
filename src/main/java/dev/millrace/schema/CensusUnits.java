package dev.millrace.schema;

import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.sql.SparkSession;

/** Counts a run's units for inference: a task per unit, whose census is a small file that its commit names. */
public final class CensusUnits implements VoidFunction<PlannedUnit> {
    private static final String TABLE = "_census";

    private final Storage storage;
    private final String folder;
    private final UnitCommits commits;
    private final String phase;
    private final CountedUnits items;
    private final CensusTaker.Settings settings;

    /**
     * @param folder for the units' censuses below the storage, with a trailing slash
     * @param phase label under which the units are committed
     */
    public CensusUnits(
            Storage storage,
            String folder,
            UnitCommits commits,
            String phase,
            CountedUnits items,
            CensusTaker.Settings settings) {
        this.storage = storage;
        this.folder = folder;
        this.commits = commits;
        this.phase = phase;
        this.items = items;
        this.settings = settings;
    }

    /** Counts units that are not committed yet. */
    public void run(SparkSession spark, List<PlannedUnit> units) {
        if (!units.isEmpty()) {
            JavaSparkContext.fromSparkContext(spark.sparkContext())
                    .parallelize(units, units.size())
                    .foreach(this);
        }
    }

    /** One unit, in a task. */
    @Override
    public void call(PlannedUnit unit) {
        CensusTaker taker = new CensusTaker(settings);
        long rows = items.count(unit, taker);
        taker.census().requireFewKinds();
        String attempt = UUID.randomUUID().toString().substring(0, 8);
        String path = folder + unit.id() + "-" + attempt + ".json";
        byte[] census = taker.census().toJson();
        storage.put(path, census);
        String etag = storage.stat(path).orElseThrow().etag();
        UnitManifest winner = commits.commit(new UnitManifest(
                UnitManifest.FORMAT,
                phase,
                unit.id(),
                attempt,
                List.of(new DataFile(TABLE, path, census.length, rows, etag)),
                Map.of(),
                Map.of()));
        if (!winner.attempt().equals(attempt)) {
            storage.delete(List.of(path));
        }
    }

    /** The census of all committed units together. */
    public Census merged() {
        Census all = new CensusTaker(settings).census();
        for (UnitManifest unit : commits.committed(phase)) {
            String path = unit.files().get(0).path();
            Versioned file = storage.find(path)
                    .orElseThrow(() -> Fault.world("The census of unit " + unit.unit() + " is gone: "
                            + storage.uri(path) + ": start a new run"));
            all.merge(Census.fromJson(file.content()));
        }
        all.requireFewKinds();
        return all;
    }
}
