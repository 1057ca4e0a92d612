package dev.millrace.warehouse.postgres;

import dev.millrace.run.RunId;
import dev.millrace.warehouse.Version;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A version of a schema, as {@code _millrace.version} has it.
 *
 * @param run that made it
 * @param commit of the run
 * @param namespace the schema that holds it while it is not live
 * @param definition of all tables, as text to compare
 * @param preparedAgainst the commit that was live when it was prepared; empty when nothing was
 * @param previous the run that was live before it; set when it goes live
 * @param isLive whether its tables are in the schema that readers use
 */
record StoredVersion(
        RunId run,
        long commit,
        String namespace,
        String definition,
        OptionalLong preparedAgainst,
        Optional<RunId> previous,
        boolean isLive) {
    Version version() {
        return new Version(run, commit);
    }
}
