package dev.millrace.landing;

import dev.millrace.fault.Fault;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Folders that say the values of partition columns, as Hive, Spark and DuckDB write and read them:
 * {@code record_date=2026-11-21/stack=prod/}. Characters that a path does not bear are {@code %} and two hexadecimal
 * digits; null is {@code __HIVE_DEFAULT_PARTITION__}, and so is empty text, which no folder can say.
 */
public final class PartitionPath {
    /** The folder's value for null. */
    public static final String NULL = "__HIVE_DEFAULT_PARTITION__";

    /** Types whose values are short text that all readers read back. */
    private static final Set<ColumnType.Kind> KINDS =
            EnumSet.of(ColumnType.Kind.STRING, ColumnType.Kind.BIGINT, ColumnType.Kind.BOOLEAN, ColumnType.Kind.DATE);

    private static final String ESCAPED = "\"#%'*/:=?\\{[]^";

    /** File systems allow 255 bytes a name. */
    private static final int MOST_BYTES = 255;

    private PartitionPath() {}

    static void requirePartition(String table, Column column) {
        if (!KINDS.contains(column.type().kind())) {
            throw Fault.user(
                    "Invalid partition-by: " + column.name() + ": it is of type " + column.type() + " in table "
                            + table
                            + ", a folder is named by string, bigint, boolean or date; compute such a column, for example"
                            + " {sql: to_date(" + column.name() + ")}");
        }
    }

    /**
     * The folder of some values.
     *
     * @param values one for each column, empty for null: dates as {@code 2026-11-21}, the others as Java prints them
     * @return with a slash at its end; empty text without columns
     */
    public static String folder(List<Column> columns, List<Optional<String>> values) {
        StringBuilder folder = new StringBuilder();
        for (int i = 0; i < columns.size(); i++) {
            String value = values.get(i)
                    .filter(text -> !text.isEmpty())
                    .map(PartitionPath::escaped)
                    .orElse(NULL);
            String name = columns.get(i).name() + "=" + value;
            if (name.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES) {
                throw Fault.user(
                        "Invalid partition: " + name.substring(0, 80) + "...: the name of a folder has at most "
                                + MOST_BYTES + " bytes; partition by a column with short values");
            }
            folder.append(name).append('/');
        }
        return folder.toString();
    }

    /**
     * The values that a file's path says, one for each column; empty for null.
     *
     * @param path of a file, whose innermost folders are those of the columns
     */
    public static List<Optional<String>> values(List<Column> columns, String path) {
        String[] names = path.split("/", -1);
        int first = names.length - 1 - columns.size();
        List<Optional<String>> values = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            String start = columns.get(i).name() + "=";
            if (first < 0 || !names[first + i].startsWith(start)) {
                throw new IllegalArgumentException("No partition " + start + " in " + path);
            }
            String value = names[first + i].substring(start.length());
            values.add(value.equals(NULL) ? Optional.empty() : Optional.of(unescaped(value)));
        }
        return values;
    }

    /** The part of a file's path from its partition folders on. */
    public static String below(List<Column> columns, String path) {
        int from = path.length();
        for (int i = 0; i <= columns.size(); i++) {
            from = path.lastIndexOf('/', from - 1);
        }
        return path.substring(from + 1);
    }

    private static String escaped(String value) {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' || c == 0x7F || ESCAPED.indexOf(c) >= 0) {
                escaped.append("%%%02X".formatted((int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }

    private static String unescaped(String value) {
        if (value.indexOf('%') < 0) {
            return value;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < text.length; i++) {
            if (text[i] == '%' && i + 2 < text.length && isHex(text[i + 1]) && isHex(text[i + 2])) {
                bytes.write(Character.digit(text[i + 1], 16) * 16 + Character.digit(text[i + 2], 16));
                i += 2;
            } else {
                bytes.write(text[i]);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static boolean isHex(byte digit) {
        return Character.digit(digit, 16) >= 0;
    }
}
