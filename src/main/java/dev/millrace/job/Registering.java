package dev.millrace.job;

import dev.millrace.catalog.CatalogTable;
import dev.millrace.catalog.GlueCatalog;
import dev.millrace.catalog.Registration;
import dev.millrace.config.CatalogSettings;
import dev.millrace.config.LakeSettings;
import dev.millrace.fault.Fault;
import dev.millrace.run.Phase;
import dev.millrace.run.RunStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Registers what a run has published in the Glue Data Catalog. */
final class Registering {
    private static final Logger LOG = LoggerFactory.getLogger(Registering.class);

    private Registering() {}

    /**
     * Registers the tables of a run, each whatever becomes of the others.
     *
     * @param isDry whether it is only reckoned what would be done
     * @param told is given a line for each table, and one for a database that was made
     * @throws Fault that says of each table that was not registered why
     */
    static void register(
            OpenJob open,
            CatalogSettings settings,
            RunStore run,
            Supplier<SparkSession> spark,
            boolean isDry,
            Consumer<String> told) {
        List<CatalogTable> tables = new CatalogTables(open, spark).of(run);
        long commit = CatalogTables.commit(run);
        List<Fault> failures = new ArrayList<>();
        try (GlueCatalog catalog = new GlueCatalog(settings, open.job().name(), isDry)) {
            if (catalog.makeDatabase()) {
                told.accept("database " + settings.database() + ": " + (isDry ? "would be " : "") + "created");
            }
            for (CatalogTable table : tables) {
                try {
                    Registration registration = catalog.register(table, commit);
                    told.accept(registration.told(!isDry));
                    if (!table.reachesAll()) {
                        told.accept(table.name() + ": rows whose partition is null, or has characters that its folder"
                                + " escapes, are out of a projection's reach");
                    }
                } catch (Fault failure) {
                    failures.add(failure);
                }
            }
        }
        throwAll(failures);
        if (!isDry && catalog(open).filter(settings::equals).isPresent()) {
            run.noteRegistered(commit);
        }
    }

    private static Optional<CatalogSettings> catalog(OpenJob open) {
        return open.job().lake().flatMap(LakeSettings::catalog);
    }

    /**
     * Whether a run has published what its job file wants registered, and nobody has noted that it is. One that a later
     * run is done after has nothing to register any more.
     */
    static boolean isMissing(OpenJob open, RunStore run) {
        return catalog(open).isPresent()
                && run.phase(Phase.PUBLISH).isPresent()
                && run.registered().isEmpty()
                && open.store().laterDone(run.id()).isEmpty();
    }

    /**
     * Registers what the last run that published has left unregistered, where a start has nothing new to do.
     *
     * @throws Fault that says why not all of it is registered
     */
    static void catchUp(OpenJob open) {
        if (catalog(open).isEmpty()) {
            return;
        }
        try (Sparks spark = new Sparks(open.job().name(), open::reachLake)) {
            Optional<RunStore> last =
                    new CatalogTables(open, spark).findLastPublished().filter(run -> isMissing(open, run));
            if (last.isPresent()) {
                register(open, catalog(open).get(), last.get(), spark, false, LOG::info);
            }
        }
    }

    private static void throwAll(List<Fault> failures) {
        if (failures.isEmpty()) {
            return;
        }
        String message = String.join(
                System.lineSeparator(),
                failures.stream().map(Fault::getMessage).distinct().toList());
        boolean isMistake = failures.stream().allMatch(failure -> failure.kind() == Fault.Kind.USER);
        throw isMistake ? Fault.user(message) : Fault.world(message, failures.get(0));
    }

    /**
     * Registers what a run of the pipeline has published, as the job file says. What is published stands whatever
     * becomes of it.
     *
     * @return why not all of it is registered
     */
    static Optional<Fault> afterPublish(RunContext context) {
        CatalogSettings settings = catalog(context.open()).orElseThrow();
        try {
            register(context.open(), settings, context.run(), context.spark(), false, LOG::info);
            return Optional.empty();
        } catch (Fault failure) {
            String message = "Run " + context.run().id()
                    + " is published, but not all its tables are registered in the catalog: " + failure.getMessage()
                    + System.lineSeparator() + "The next run registers them, and so does: scripts/millrace register "
                    + context.open().given();
            LOG.warn(message);
            return Optional.of(failure.kind() == Fault.Kind.USER ? Fault.user(message) : Fault.world(message, failure));
        }
    }
}
