package dev.millrace.config;

/** How much of a table's read capacity a scan may use. */
public sealed interface ReadCapacity {
    /** So many capacity units a second, whatever the table has. */
    record Units(long perSecond) implements ReadCapacity {
        @Override
        public String toString() {
            return Long.toString(perSecond);
        }
    }

    /** A part of what the table has. */
    record Part(Percent percent) implements ReadCapacity {
        @Override
        public String toString() {
            return percent.toString();
        }
    }
}
