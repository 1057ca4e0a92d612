package dev.millrace.config;

import java.io.Serializable;
import java.util.List;

/**
 * How few files are made of many.
 *
 * @param engine what makes them
 * @param sortBy columns by which the rows of each file are sorted; none for the order that they have
 */
public record CompactionSettings(Engine engine, List<String> sortBy) implements Serializable {
    /** What makes a file of others. */
    public enum Engine {
        /** Pages where they can be merged, else rows. */
        AUTO,
        /** Pages; where they cannot be merged nothing is done. */
        PAGES,
        /** Rows, read and written by Spark. */
        REWRITE
    }

    /** What is done where nothing else is said. */
    public static final CompactionSettings DEFAULT = new CompactionSettings(Engine.AUTO, List.of());

    public CompactionSettings {
        sortBy = List.copyOf(sortBy);
    }
}
