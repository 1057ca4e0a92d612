package dev.millrace.dynamodb;

import dev.millrace.run.ReadAccounts;
import java.io.Serializable;
import java.util.List;

/**
 * How a table is scanned. Tasks carry it.
 *
 * @param access to the table
 * @param keys names of its key attributes
 * @param budget what reading may use
 * @param accounts what it has cost, of the run that it is for
 */
public record TableScan(TableAccess access, List<String> keys, ReadBudget budget, ReadAccounts accounts)
        implements Serializable {
    public TableScan {
        keys = List.copyOf(keys);
    }

    /** By tasks in this JVM, or in several. */
    TableScan spread(boolean overJvms) {
        return new TableScan(access, keys, budget.spread(overJvms), accounts);
    }
}
