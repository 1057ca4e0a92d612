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
 * @param source the one source type of its values; of given columns it says nothing
 * @param type the column's type
 * @param encoding how the value is written
 * @param pinned whether a person chose source and type: then inference leaves them alone
 * @param pattern by which times are written; empty where the encoding is not {@link Encoding#PATTERN}
 */
public record EntityColumn(
        String name,
        Role role,
        List<String> path,
        SourceType source,
        ColumnType type,
        Encoding encoding,
        boolean pinned,
        String pattern)
        implements Serializable {
    /** What a column is for. */
    public enum Role {
        /** A key attribute of the item. */
        KEY,
        /** Any other attribute. */
        VALUE,
        /** An attribute that the job file gives a column: values of any type that can become the column's are in it. */
        GIVEN,
        /** The file that a record came from. */
        FILE,
        /** What a record without keys is known by. */
        ROW_ID,
        /** A key attribute, or the row id, of the item that a child row belongs to. */
        PARENT_KEY,
        /** Position in the list, or in the list of an outer level. */
        INDEX,
        /** What fits no column, as JSON of the source's notation by JSON pointer. */
        REST
    }

    public EntityColumn {
        path = List.copyOf(path);
    }

    /** A column that nobody has pinned. */
    EntityColumn(String name, Role role, List<String> path, SourceType source, ColumnType type, Encoding encoding) {
        this(name, role, path, source, type, encoding, false, "");
    }

    /** A column of text that comes from no attribute. */
    static EntityColumn ofFile(String name, Role role) {
        return new EntityColumn(name, role, List.of(), SourceType.S, ColumnType.STRING, Encoding.PLAIN);
    }

    EntityColumn withType(ColumnType other) {
        return new EntityColumn(name, role, path, source, other, encoding, pinned, pattern);
    }

    EntityColumn pinnedAs(SourceType chosen, ColumnType chosenType, Encoding chosenEncoding) {
        return new EntityColumn(name, role, path, chosen, chosenType, chosenEncoding, true, "");
    }

    EntityColumn withRole(Role other) {
        return new EntityColumn(name, other, path, source, type, encoding, pinned, pattern);
    }

    EntityColumn withName(String other) {
        return new EntityColumn(other, role, path, source, type, encoding, pinned, pattern);
    }
}
