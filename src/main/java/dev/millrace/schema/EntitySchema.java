package dev.millrace.schema;

import java.util.List;

/**
 * The tables of one kind of entity.
 *
 * @param kind as the source names it
 * @param name the main table's, unless the job file gives another
 * @param tables the main table first; a table's parent comes before it
 */
public record EntitySchema(String kind, String name, List<EntityTable> tables) {
    public EntitySchema {
        tables = List.copyOf(tables);
    }
}
