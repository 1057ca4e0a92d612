package dev.millrace.lake;

import dev.millrace.run.DataFile;
import java.io.Serializable;

/**
 * Rows of a file that become part of another.
 *
 * @param file whose rows they are
 * @param fromRow the first, from 0
 * @param toRow behind the last; {@link #LAST_ROW} where it is the file's
 * @param fromGroup the row group that begins with the first row; {@link #NO_GROUP} where none does
 * @param toGroup behind the row group that ends with the last row; {@link #LAST_GROUP} where it is the file's last, {@link
 *     #NO_GROUP} where none does
 */
public record Slice(DataFile file, long fromRow, long toRow, int fromGroup, int toGroup) implements Serializable {
    /** Where a file's rows end. */
    public static final long LAST_ROW = Long.MAX_VALUE;

    /** Where a file's row groups end. */
    public static final int LAST_GROUP = Integer.MAX_VALUE;

    /** It is not a row group's border. */
    public static final int NO_GROUP = -1;

    public Slice {
        if (fromRow < 0 || fromRow >= toRow) {
            throw new IllegalArgumentException("Invalid rows of " + file.path() + ": " + fromRow + " to " + toRow);
        }
    }

    public static Slice whole(DataFile file) {
        return new Slice(file, 0, LAST_ROW, 0, LAST_GROUP);
    }

    public boolean isWhole() {
        return fromRow == 0 && toRow == LAST_ROW;
    }

    /** Whether it consists of row groups, so that no row has to be looked at. */
    public boolean isOfGroups() {
        return fromGroup != NO_GROUP && toGroup != NO_GROUP;
    }
}
