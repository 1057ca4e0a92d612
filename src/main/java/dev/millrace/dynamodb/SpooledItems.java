package dev.millrace.dynamodb;

import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitManifest;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.CountedUnits;

/**
 * A table's items, counted as they are in the spool: a unit that is not is scanned into it first.
 *
 * @param spool of the run
 */
public record SpooledItems(Spool spool) implements CountedUnits {
    @Override
    public long count(PlannedUnit unit, CensusTaker taker) {
        UnitManifest spooled = spool.obtain(unit);
        try (SpoolReader items = spool.open(spooled)) {
            while (items.next()) {
                if (items.wellFormed()) {
                    taker.add(items.buffer(), items.offset(), items.length());
                }
            }
        }
        return spooled.files().get(0).rows();
    }
}
