package dev.millrace.warehouse;

import dev.millrace.run.RunId;
import dev.millrace.table.TableDefinition;
import java.util.List;
import java.util.Optional;

/**
 * What a run brings to the warehouse.
 *
 * @param run that loads
 * @param commit its number in the job's ledger
 * @param schema of the warehouse that readers use
 * @param tables all of them: the new version holds these and no others
 * @param job whose run it is
 */
public record Load(RunId run, long commit, String schema, List<TableDefinition> tables, String job) {
    public Load {
        tables = List.copyOf(tables);
    }

    /** The table of that name, without regard to case. */
    public Optional<TableDefinition> table(String name) {
        return tables.stream().filter(t -> t.name().equalsIgnoreCase(name)).findFirst();
    }
}
