package dev.millrace.warehouse;

/** Names and values as SQL text. */
public final class SqlText {
    private SqlText() {}

    /** A name in double quotes, whatever it holds. */
    public static String identifier(String name) {
        if (name.isEmpty() || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("Invalid SQL name: '" + name + "'");
        }
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /** A string in single quotes. */
    public static String literal(String value) {
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("Invalid SQL text: holds NUL: '" + value + "'");
        }
        return '\'' + value.replace("'", "''") + '\'';
    }
}
