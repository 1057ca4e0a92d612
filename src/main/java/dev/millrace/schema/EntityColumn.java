package dev.millrace.schema;

import dev.millrace.table.ColumnType;
import java.io.Serializable;
import java.util.List;

/**
 * A column of an entity's table and where its values come from.
 *
 * @param name given once and kept for ever
 * @param role what it is for
 * @param path attribute names from the table's row down to the value; empty for an element itself and for columns that
 *     come from no attribute
 * @param source the one source type of its values
 * @param type the column's type
 * @param encoding how the value is written
 * @param pinned whether a person chose source and type: then inference leaves them alone
 */
public record EntityColumn(
        String name,
        Role role,
        List<String> path,
        SourceType source,
        ColumnType type,
        Encoding encoding,
        boolean pinned)
        implements Serializable {
    /** What a column is for. */
    public enum Role {
        /** A key attribute of the item. */
        KEY,
        /** Any other attribute. */
        VALUE,
        /** A key attribute of the item that a child row belongs to. */
        PARENT_KEY,
        /** Position in the list, or in the list of an outer level. */
        INDEX,
        /** What fits no column, as DynamoDB JSON by JSON pointer. */
        REST
    }

    public EntityColumn {
        path = List.copyOf(path);
    }

    /** A column that nobody has pinned. */
    EntityColumn(String name, Role role, List<String> path, SourceType source, ColumnType type, Encoding encoding) {
        this(name, role, path, source, type, encoding, false);
    }

    EntityColumn withType(ColumnType other) {
        return new EntityColumn(name, role, path, source, other, encoding, pinned);
    }

    EntityColumn pinnedAs(SourceType chosen, ColumnType chosenType, Encoding chosenEncoding) {
        return new EntityColumn(name, role, path, chosen, chosenType, chosenEncoding, true);
    }

    EntityColumn withRole(Role other) {
        return new EntityColumn(name, other, path, source, type, encoding, pinned);
    }

    EntityColumn withName(String other) {
        return new EntityColumn(other, role, path, source, type, encoding, pinned);
    }
}
