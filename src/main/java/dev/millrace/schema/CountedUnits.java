package dev.millrace.schema;

import dev.millrace.run.PlannedUnit;
import java.io.Serializable;

/** A source whose units can be counted for inference; tasks carry it. */
public interface CountedUnits extends Serializable {
    /**
     * Gives a unit's items to a census, in a task. May be repeated.
     *
     * @return how many items the unit has, those included that cannot be understood
     */
    long count(PlannedUnit unit, CensusTaker taker);
}
