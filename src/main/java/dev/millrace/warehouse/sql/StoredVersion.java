package dev.millrace.warehouse.sql;

import dev.millrace.run.RunId;
import dev.millrace.warehouse.Version;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A version of a schema, as {@code _millrace} has it.
 *
 * @param run that made it
 * @param commit of the run
 * @param job whose run it is
 * @param namespace the schema that holds it while it is not live
 * @param definition of all tables, as text to compare; a line for each that begins with its name and a bracket
 * @param preparedAgainst the commit that was live when it was prepared; empty when nothing was
 * @param previous the run that was live before it; set when it goes live
 * @param isLive whether its tables are in the schema that readers use
 */
public record StoredVersion(
        RunId run,
        long commit,
        String job,
        String namespace,
        String definition,
        OptionalLong preparedAgainst,
        Optional<RunId> previous,
        boolean isLive) {
    public Version version() {
        return new Version(run, commit, job);
    }

    /** Its tables, by its definition. */
    public List<String> tables() {
        return definition
                .lines()
                .map(line -> line.substring(0, line.indexOf('(')))
                .toList();
    }
}
