package dev.millrace.job;

import dev.millrace.config.LakeSettings;
import dev.millrace.config.LakeSettings.Layout;
import dev.millrace.fault.Fault;
import dev.millrace.lake.DeltaCompaction;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Compacts the Delta tables that the runs of a job have published over time. */
final class TableCompaction {
    private final OpenJob open;

    TableCompaction(OpenJob open) {
        this.open = open;
    }

    /** Compacts all of them, each in a transaction of its own, and prints a line for each. */
    void run(PrintWriter out) {
        LakeSettings settings = open.lake();
        switch (settings.publish()) {
            case DELTA -> {}
            case VERSIONED ->
                throw Fault.user("Cannot compact the tables of " + open.file()
                        + ": lake.publish: versioned: each version is compacted before readers see it");
            case FOLDERS ->
                throw Fault.user("Cannot compact the tables of " + open.file()
                        + ": lake.publish: folders: its runs go by the files that they have published, which are"
                        + " compacted before readers see them; publish: delta has tables that can be compacted later");
        }
        open.requireReachableLake();
        Storage lake = open.openLake();
        try (Sparks spark = new Sparks(open.job().name(), open::reachLake)) {
            for (String table : tables(settings)) {
                Optional<DeltaCompaction.Replaced> replaced = DeltaCompaction.compact(
                        spark.get(), lake, table + "/", settings.fileSize().bytes());
                out.println(table + ": " + replaced.map(TableCompaction::told).orElse("is not there"));
                out.flush();
            }
        }
    }

    private static String told(DeltaCompaction.Replaced replaced) {
        return replaced.filesBefore() == 0
                ? "nothing to do"
                : Figures.count(replaced.filesBefore()) + " files, " + Figures.bytes(replaced.bytesBefore())
                        + ", became " + Figures.count(replaced.filesAfter()) + ", "
                        + Figures.bytes(replaced.bytesAfter());
    }

    /** The tables of the last run that published, with their layouts. */
    private Set<String> tables(LakeSettings settings) {
        Set<String> tables = new TreeSet<>();
        List<RunId> runs = open.store().runs();
        for (int i = runs.size() - 1; i >= 0 && tables.isEmpty(); i--) {
            Optional<PhaseCommit> published = open.store().run(runs.get(i)).phase(Phase.PUBLISH);
            for (String table : published.map(phase -> phase.counts().keySet()).orElse(Set.of())) {
                tables.add(table);
                for (Layout layout : settings.also()) {
                    tables.add(table + layout.suffix());
                }
            }
        }
        if (tables.isEmpty()) {
            throw Fault.user("Cannot compact the tables of " + open.file() + ": no run has published any yet");
        }
        return tables;
    }
}
