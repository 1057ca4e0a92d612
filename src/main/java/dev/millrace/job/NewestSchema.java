package dev.millrace.job;

import dev.millrace.config.Percent;
import dev.millrace.config.SchemaSettings;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.schema.Census;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.LastCensus;
import dev.millrace.schema.Pins;
import dev.millrace.schema.SchemaCache;
import dev.millrace.schema.SchemaDiff;
import dev.millrace.schema.ShredPlan;
import dev.millrace.storage.Versioned;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A job's newest data-schema beside what its items are by now.
 *
 * @param open the job
 * @param version the newest; where the job file gives all columns one without a number
 * @param census what the last run counted; empty where none has, then the version's own counts
 */
record NewestSchema(OpenJob open, SchemaCache.Entry version, Optional<LastCensus> census) {
    /** Loads both; throws a USER fault before the first inference, unless the job file gives all columns. */
    static NewestSchema load(OpenJob open) {
        Optional<DataSchema> given = RecordsSource.given(open.job());
        if (given.isPresent()) {
            return new NewestSchema(
                    open, new SchemaCache.Entry(given.get(), new Census(), Instant.EPOCH), census(open));
        }
        SchemaCache.Entry version = open.schemas()
                .latest()
                .orElseThrow(() -> Fault.user("Job " + open.job().name() + " has no data-schema yet: run it first, by "
                        + "scripts/millrace local " + open.file()));
        return new NewestSchema(open, version, census(open));
    }

    /** That of the last commit, or of a later run that the contract refused. */
    private static Optional<LastCensus> census(OpenJob open) {
        Optional<LastCensus> kept = open.schemas().census();
        List<RunId> runs = new ArrayList<>(open.store().runs());
        Collections.reverse(runs);
        for (RunId id : runs) {
            RunStore run = open.store().run(id);
            boolean isDone =
                    run.end().filter(end -> end.outcome() == Outcome.DONE).isPresent();
            if (isDone || kept.map(LastCensus::run).equals(Optional.of(id.value()))) {
                return kept;
            }
            String path = run.path(ExtractWork.REFUSED);
            Optional<Versioned> refused = run.storage().find(path);
            if (refused.isPresent()) {
                return refused.map(file -> LastCensus.fromJson(run.storage().uri(path), file.content()));
            }
        }
        return kept;
    }

    Census counted() {
        Census counted = census.map(LastCensus::census).orElse(version.census());
        counted.requireFewKinds();
        return counted;
    }

    /** Where the figures come from. */
    String countedBy() {
        Percent sample = open.job().schema().sample();
        boolean isWhole = sample.fraction().compareTo(BigDecimal.ONE) == 0;
        return census.map(c -> "run " + c.run() + (c.commit() > 0 ? ", commit " + c.commit() : ", which was refused"))
                        .orElse(
                                isGiven()
                                        ? "no run yet"
                                        : "the inference of version "
                                                + version.schema().version())
                + (isWhole ? "" : ", in a sample of " + sample);
    }

    /** Whether the job file gives the columns of all tables, so that there are no versions. */
    boolean isGiven() {
        return RecordsSource.given(open.job()).isPresent();
    }

    /** Refuses what needs versions, by a fault of kind USER. */
    void requireVersions(String why) {
        if (isGiven()) {
            throw Fault.user(why + ": " + open.file() + " gives the columns of all tables, under tables.<kind>.columns:"
                    + " change them there");
        }
    }

    Map<String, TableSettings> settings() {
        return open.job().tables();
    }

    SchemaDiff diff() {
        return SchemaDiff.against(counted(), version, settings(), listsAsJson());
    }

    Pins pins() {
        return new Pins(version.schema(), counted(), settings(), listsAsJson());
    }

    private boolean listsAsJson() {
        return open.job().schema().lists() == SchemaSettings.Lists.JSON;
    }

    /**
     * Writes the next version.
     *
     * @throws Fault of kind USER when the job file does not go with it; of kind WORLD when another was first
     */
    void write(DataSchema next) {
        ShredPlan.of(next, TableSource.kindRule(open.job()), settings(), ShredPlan.Expiry.NEVER);
        if (!open.schemas().put(next, counted())) {
            throw Fault.world("Nothing was pinned: version " + next.version() + " of the data-schema was written by "
                    + "another at the same time: look at schema show " + open.file() + ", then pin again");
        }
    }
}
