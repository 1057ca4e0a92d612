package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.util.List;
import java.util.Optional;

/**
 * What files hold, whatever the order of their rows and the way in which values are encoded: two are equal where each column
 * has the same values as often, but for a chance of one in 2<sup>64</sup>. Which values are of one row, and which of one
 * list, is not in it.
 */
public record PageCheck(long rows, List<ColumnCheck> columns) {
    public PageCheck {
        columns = List.copyOf(columns);
    }

    /**
     * A leaf column.
     *
     * @param path with dots
     * @param values with nulls and empty lists
     * @param nulls those of the values that are null or an empty list
     * @param checksum the sum of the hashes of all values, and of the levels of nested columns
     */
    public record ColumnCheck(String path, long values, long nulls, long checksum) {
        private String describe() {
            return String.format("%d values, %d nulls and checksum %016x", values, nulls, checksum);
        }
    }

    /**
     * Reads a merged file back, every page of it.
     *
     * @throws Fault of kind WORLD that names file, column and page, where it is not as it was written, or cannot be read
     */
    public static PageCheck read(MergeSource merged) {
        try (FileCheck check = new FileCheck(merged)) {
            return check.read();
        } catch (Refusal refusal) {
            throw Fault.world("Cannot read back " + merged.name() + ": " + refusal.getMessage());
        }
    }

    /** The first difference, for a person: this is what was to be written, the other what was; empty where they are equal. */
    public Optional<String> difference(PageCheck written) {
        if (rows != written.rows) {
            return Optional.of(rows + " rows became " + written.rows);
        }
        if (columns.size() != written.columns.size()) {
            return Optional.of(columns.size() + " columns became " + written.columns.size());
        }
        for (int i = 0; i < columns.size(); i++) {
            ColumnCheck here = columns.get(i);
            ColumnCheck there = written.columns.get(i);
            if (!here.equals(there)) {
                return Optional.of("column " + here.path() + ": " + here.describe() + " became " + there.describe());
            }
        }
        return Optional.empty();
    }
}
