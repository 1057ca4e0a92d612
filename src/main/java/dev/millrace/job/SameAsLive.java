package dev.millrace.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.config.JobFile;
import dev.millrace.config.WarehouseSettings;
import dev.millrace.run.Live;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.RunId;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.StoredFile;
import dev.millrace.warehouse.Load;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a run brings just what is live: then its phases that load have nothing to do, and the warehouse is not asked.
 * It is decided once, by {@code prepare}; its commit tells the phases after it.
 */
final class SameAsLive {
    /** In the commit of a phase: the run that has made live what this one brings. */
    private static final String FACT = "unchanged";

    /** Another one where what is landed would make other tables than it did before. */
    private static final String LOADING = "1";

    private SameAsLive() {}

    /**
     * The run whose rows are live and are this one's too, or empty: then the warehouse is to be replaced.
     *
     * @throws dev.millrace.fault.Fault GATE when the run does not pass what of the gate needs no warehouse
     */
    static Optional<RunId> find(RunContext context, LandedRun landed) {
        OpenJob open = context.open();
        Load load = landed.forWarehouse(context);
        Optional<String> content = content(landed, load);
        if (content.isEmpty()
                || known(open).map(Live::content).filter(content.get()::equals).isEmpty()) {
            return Optional.empty();
        }
        ReplaceWork.checkWithoutWarehouse(context, landed, load);
        return open.store()
                .live()
                .unchanged(load.run(), load.commit(), content.get(), place(open), mark(open))
                .map(Live::run);
    }

    /** Empty where it was landed by an earlier version, which did not note it. */
    private static Optional<String> content(LandedRun landed, Load load) {
        return landed.content().map(files -> String.join("\n", LOADING, files, load.definition()));
    }

    /** Notes what a run has made live. A run that a person let pass does not count: the next one meets the gate again. */
    static void replaced(RunContext context, LandedRun landed, String epoch) {
        OpenJob open = context.open();
        Load load = landed.forWarehouse(context);
        Optional<String> content = content(landed, load);
        if (content.isPresent() && context.run().accepted().isEmpty()) {
            Live live = new Live(load.run(), load.commit(), load.commit(), content.get(), place(open), mark(open));
            open.store().live().replaced(epoch, live);
        }
    }

    /** What is live as far as this job's runs know; empty where the next one has to replace it. */
    static Optional<Live> known(OpenJob open) {
        return switch (open.warehouse().unchanged()) {
            case SKIP -> open.store().live().known(place(open), mark(open));
            case REPLACE -> Optional.empty();
        };
    }

    /** What {@code prepare} found, in the commit of any phase that loads. */
    static Optional<RunId> in(PhaseCommit commit) {
        return Optional.ofNullable(commit.facts().get(FACT)).map(RunId::new);
    }

    /** Ends a phase that has nothing to do. */
    static Optional<PhaseCommit> skip(RunContext context, Phase phase, RunId live) {
        return Optional.of(context.commit(phase, Map.of(FACT, live.value())));
    }

    /** As a person reads it. */
    static String told(RunId live) {
        return "unchanged since run " + live + ": the warehouse was not asked";
    }

    /** All settings of the warehouse: whatever changes there is a reason to load it anew. */
    private static String place(OpenJob open) {
        try {
            return new ObjectMapper()
                    .readTree(JobFile.toJson(open.job()))
                    .path("warehouse")
                    .toString();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A file tells without being opened whether it is the one that was left; a server would have to be asked. */
    private static Optional<String> mark(OpenJob open) {
        if (open.warehouse().engine() instanceof WarehouseSettings.DuckDb duckDb) {
            Path file = duckDb.path();
            return open.storages()
                    .apply(file.getParent().toString(), StorageOptions.DEFAULT)
                    .stat(file.getFileName().toString())
                    .map(StoredFile::etag);
        }
        return Optional.empty();
    }
}
