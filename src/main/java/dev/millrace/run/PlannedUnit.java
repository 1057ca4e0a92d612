package dev.millrace.run;

import java.io.Serializable;
import java.util.Map;

/**
 * A unit of work as planned.
 *
 * @param id derived from the input; also the name of the unit's manifest
 * @param input what to read, by name, such as {@code segment} and {@code segments}
 */
public record PlannedUnit(String id, Map<String, String> input) implements Serializable {
    public PlannedUnit {
        input = Map.copyOf(input);
    }
}
