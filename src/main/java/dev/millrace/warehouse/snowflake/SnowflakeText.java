package dev.millrace.warehouse.snowflake;

import dev.millrace.warehouse.SqlText;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Names and values as Snowflake's SQL text.
 *
 * <p>A name without quotes means its capital letters there. So a plain word of a job file is written in capital letters, in
 * quotes, and readers need none; any other name is written as it is. See
 * <a href="https://docs.snowflake.com/en/sql-reference/identifiers-syntax">Identifier requirements</a>.
 */
final class SnowflakeText {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern CAPITAL = Pattern.compile("[A-Z_][A-Z0-9_]*");

    private SnowflakeText() {}

    /** A name as the server has it. */
    static String stored(String name) {
        return PLAIN.matcher(name).matches() ? name.toUpperCase(Locale.ROOT) : name;
    }

    /** A name of the server as a job file writes it. */
    static String shown(String stored) {
        return CAPITAL.matcher(stored).matches() ? stored.toLowerCase(Locale.ROOT) : stored;
    }

    /** A name as statements write it. */
    static String identifier(String name) {
        return SqlText.identifier(stored(name));
    }

    /** A name as a login takes it: quotes only where it is no plain word. */
    static String atLogin(String name) {
        return PLAIN.matcher(name).matches() ? stored(name) : SqlText.identifier(name);
    }

    /** A name with what it lies in, from outside in. */
    static String qualified(String... names) {
        return Arrays.stream(names).map(SnowflakeText::identifier).collect(Collectors.joining("."));
    }

    /** A name of the server, which is in its letters already, with what it lies in. */
    static String exactly(String... stored) {
        return Arrays.stream(stored).map(SqlText::identifier).collect(Collectors.joining("."));
    }

    /**
     * A string in single quotes, in which a backslash escapes: see
     * <a href="https://docs.snowflake.com/en/sql-reference/data-types-text">String constants</a>.
     */
    static String literal(String value) {
        return SqlText.literal(value.replace("\\", "\\\\"));
    }
}
