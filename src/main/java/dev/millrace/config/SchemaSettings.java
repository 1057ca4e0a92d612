package dev.millrace.config;

import java.time.Duration;
import java.util.Map;

/**
 * How data-schemas are found and kept.
 *
 * @param kind what tells the kind of an item
 * @param cache folder of the data-schemas' versions
 * @param refresh age at which a data-schema is inferred anew
 * @param contract what becomes of items that hold what the data-schema does not
 * @param lists what becomes of lists and sets
 * @param sample the part of the items that inference looks at
 */
public record SchemaSettings(
        KindRule kind, Location cache, Duration refresh, Contract contract, Lists lists, Percent sample) {
    /** What becomes of items that hold what the data-schema does not. */
    public enum Contract {
        /** A refresh adds columns and tables, and widens within a family. */
        EVOLVE,
        /** A run that meets such items is refused. */
        FREEZE,
        /** It is kept beside the rows; the data-schema stays as it is. */
        RESCUE
    }

    /** What becomes of lists and sets. */
    public enum Lists {
        /** A table of their own, with the parent's key and the index. */
        CHILD_TABLES,
        /** One column of JSON text. */
        JSON
    }

    /** What tells the kind of an item. */
    public sealed interface KindRule {}

    /** All items of the table are of one kind. */
    public record OneKind() implements KindRule {}

    /** The value of a top-level attribute is the kind. */
    public record KindAttribute(String attribute) implements KindRule {}

    /** The first kind whose globs, by key attribute, all match is the kind; {@code *} stands for any characters. */
    public record KindPatterns(Map<String, Map<String, String>> patterns) implements KindRule {
        public KindPatterns {
            patterns = Ordered.copyOf(patterns);
        }
    }
}
