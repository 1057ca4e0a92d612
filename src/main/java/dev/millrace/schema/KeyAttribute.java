package dev.millrace.schema;

import java.io.Serializable;

/**
 * A key attribute of a source.
 *
 * @param name the attribute
 * @param type S, N or B, which the source guarantees of every item
 */
public record KeyAttribute(String name, SourceType type) implements Serializable {
    public KeyAttribute {
        if (type != SourceType.S && type != SourceType.N && type != SourceType.B) {
            throw new IllegalArgumentException(
                    "Invalid key attribute " + name + ": type " + type + " is not S, N or B");
        }
    }
}
