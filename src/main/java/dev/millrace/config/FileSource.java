package dev.millrace.config;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;

/**
 * Files in a folder, each read once.
 *
 * @param format what they hold
 * @param at their folder
 * @param names a file's name must match this, where {@code *} stands for any characters and {@code ?} for one
 * @param lookback how far back the folders of time are listed by every run
 * @param relist how often a run goes over all folders
 * @param onChange what becomes of a file that is another than when it was read
 * @param groupSize bytes of files that make a unit of work
 * @param fileColumn whether rows say which file they are from
 * @param limits that a file must keep to
 */
public record FileSource(
        Format format,
        FolderPattern at,
        String names,
        Duration lookback,
        Duration relist,
        OnChange onChange,
        ByteSize groupSize,
        boolean fileColumn,
        Limits limits)
        implements Source {

    /** What becomes of a file whose content is another than when it was read. */
    public enum OnChange {
        /** It is read again; its rows take the place of the earlier ones. */
        REPROCESS,
        /** It goes to quarantine; the rows that were read first stay. */
        QUARANTINE
    }

    /** What a file holds. */
    public sealed interface Format extends Serializable {}

    /**
     * JSON records one after another, however they are separated, or in an array.
     *
     * @param records names on the way to the records in the one object that a file holds, from the top; empty: the file
     *     holds records
     * @param header whether each record is an array of values under names that the first array gives
     */
    public record Json(List<String> records, boolean header) implements Format {
        public Json {
            records = List.copyOf(records);
        }
    }

    /**
     * Delimited text in UTF-8, whose first line names the columns.
     *
     * @param delimiter between values
     * @param quote around a value that holds delimiters, quotes or line ends
     * @param escape before a quote inside a quoted value; the quote itself where quotes are doubled
     * @param comment the character that begins a line which is left out; empty: none does
     * @param nullText unquoted, a value that is no value
     */
    public record Csv(char delimiter, char quote, char escape, String comment, String nullText) implements Format {}

    /** Items of DynamoDB, each in an object of its own as its {@code Item}: what an export holds. */
    public record DynamoDbJson() implements Format {}

    /** Apache Parquet. */
    public record Parquet() implements Format {}

    /**
     * What a file must keep to, so that no input needs more memory or disk than there is.
     *
     * @param depth objects and arrays inside each other
     * @param record bytes of one record
     * @param ratio bytes of a whole file for each of its compressed bytes
     */
    public record Limits(int depth, ByteSize record, int ratio) implements Serializable {
        /** Limits of a format that does not declare them. */
        public static final Limits DEFAULT = new Limits(512, new ByteSize(16L << 20), 500);
    }
}
