package dev.millrace.catalog;

import java.util.List;

/**
 * What registering a table has come to.
 *
 * @param table its name
 * @param result in one word
 * @param changes what is not as it was, each as a person reads it
 */
public record Registration(String table, Result result, List<String> changes) {
    /** What has come of it. */
    public enum Result {
        CREATED,
        CHANGED,
        UNCHANGED,
        /** A later commit has registered it: it is left as that one made it. */
        LATER
    }

    public Registration {
        changes = List.copyOf(changes);
    }

    /**
     * A line for a person.
     *
     * @param isDone whether it was done, and not only reckoned
     */
    public String told(boolean isDone) {
        String be = isDone ? "" : "would be ";
        return switch (result) {
            case CREATED -> table + ": " + be + "created: " + String.join("; ", changes);
            case CHANGED -> table + ": " + be + "changed: " + String.join("; ", changes);
            case UNCHANGED -> table + ": nothing to do";
            case LATER -> table + ": left as it is: " + String.join("; ", changes);
        };
    }
}
