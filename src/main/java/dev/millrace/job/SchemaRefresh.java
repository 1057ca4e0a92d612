package dev.millrace.job;

import dev.millrace.config.SchemaSettings;
import dev.millrace.schema.Census;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.GivenColumns;
import dev.millrace.schema.Inference;
import dev.millrace.schema.LastCensus;
import dev.millrace.schema.SchemaCache;
import java.util.Optional;

/** The next version of a data-schema, made of what the last run counted: nothing is read for it. */
final class SchemaRefresh {
    private SchemaRefresh() {}

    /**
     * Writes the version after the newest one. Empty where that holds all that was met, where the contract keeps it as it is,
     * or before the first census.
     */
    static Optional<SchemaCache.Entry> next(OpenJob open, SchemaCache.Entry latest) {
        if (!isEvolving(open)) {
            return Optional.empty();
        }
        SchemaCache cache = open.schemas();
        Optional<Census> census = cache.census().map(LastCensus::census).map(counted -> inferred(open, counted));
        census.ifPresent(Census::requireFewKinds);
        return census.map(all -> grown(open, all, latest.schema()))
                .filter(inferred -> !inferred.entities().equals(latest.schema().entities()))
                .map(inferred -> cache.add(inferred, census.get()));
    }

    /** Tables of a lake that rows are added to have files of earlier runs: their columns keep their types. */
    private static DataSchema grown(OpenJob open, Census census, DataSchema before) {
        return open.isAddingToLake()
                ? Inference.extend(census, before, listsAsJson(open))
                : Inference.infer(census, before, listsAsJson(open));
    }

    static boolean isEvolving(OpenJob open) {
        return open.job().schema().contract() == SchemaSettings.Contract.EVOLVE;
    }

    /** What was counted of kinds whose columns the job file does not give. */
    static Census inferred(OpenJob open, Census counted) {
        return counted.without(GivenColumns.kinds(open.job().tables()));
    }

    static boolean listsAsJson(OpenJob open) {
        return open.job().schema().lists() == SchemaSettings.Lists.JSON;
    }
}
