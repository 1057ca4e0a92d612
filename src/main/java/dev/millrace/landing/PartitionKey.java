package dev.millrace.landing;

import dev.millrace.table.Column;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/** The partition of the rows that are being written, and its folder. */
final class PartitionKey {
    private static final long FIRST_DAY = LocalDate.of(1, 1, 1).toEpochDay();
    private static final long LAST_DAY = LocalDate.of(9999, 12, 31).toEpochDay();

    private final List<Column> columns;
    private final int[] positions;
    private final Object[] values;
    private boolean known;
    private String folder = "";

    /** @param positions of the columns in the structs given to {@link #moves} */
    PartitionKey(List<Column> columns, List<Integer> positions) {
        this.columns = columns;
        this.positions = positions.stream().mapToInt(Integer::intValue).toArray();
        this.values = new Object[this.positions.length];
    }

    /** Takes over a row's partition. True when it is another one than that of the row before. */
    boolean moves(InternalRow struct) {
        boolean moved = false;
        for (int i = 0; i < positions.length; i++) {
            if (!known || !isSame(struct, i)) {
                values[i] = value(struct, i);
                moved = true;
            }
        }
        if (moved) {
            known = true;
            folder = PartitionPath.folder(columns, texts());
        }
        return moved;
    }

    /** The present folder, with a slash at its end; empty without partitions. */
    String folder() {
        return folder;
    }

    /** Compares without making objects: most rows have the partition of the row before. */
    private boolean isSame(InternalRow struct, int i) {
        int position = positions[i];
        if (values[i] == null || struct.isNullAt(position)) {
            return values[i] == null && struct.isNullAt(position);
        }
        return switch (columns.get(i).type().kind()) {
            case DATE -> struct.getInt(position) == (Integer) values[i];
            case BIGINT -> struct.getLong(position) == (Long) values[i];
            case BOOLEAN -> struct.getBoolean(position) == (Boolean) values[i];
            default -> Objects.equals(struct.getUTF8String(position), values[i]);
        };
    }

    private Object value(InternalRow struct, int i) {
        int position = positions[i];
        if (struct.isNullAt(position)) {
            return null;
        }
        return switch (columns.get(i).type().kind()) {
            case DATE -> struct.getInt(position);
            case BIGINT -> struct.getLong(position);
            case BOOLEAN -> struct.getBoolean(position);
            // Copied: Spark fills the buffer of a row anew for the next.
            default -> struct.getUTF8String(position).copy();
        };
    }

    /**
     * No reader of folders knows days before the year 1 and after 9999, and some fail at the whole table: such rows go to
     * the partition of null. The column that the day was computed from still has the moment.
     */
    private List<Optional<String>> texts() {
        List<Optional<String>> texts = new ArrayList<>();
        for (Object value : values) {
            if (value instanceof Integer day) {
                texts.add(
                        day < FIRST_DAY || day > LAST_DAY
                                ? Optional.empty()
                                : Optional.of(LocalDate.ofEpochDay(day).toString()));
            } else if (value instanceof UTF8String text) {
                texts.add(Optional.of(text.toString()));
            } else {
                texts.add(Optional.ofNullable(value).map(Object::toString));
            }
        }
        return texts;
    }
}
