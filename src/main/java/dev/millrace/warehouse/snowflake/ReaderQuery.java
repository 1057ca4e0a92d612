package dev.millrace.warehouse.snowflake;

import dev.millrace.fault.Fault;
import java.util.regex.Pattern;

/**
 * A person's query, which may read tables and views and do nothing else. A statement that begins with SELECT or WITH is a
 * query; what could follow it is an operator that chains statements, see
 * <a href="https://docs.snowflake.com/en/sql-reference/operators-flow">Flow operators</a>, and what it could read beside tables
 * are the files of a stage.
 */
final class ReaderQuery {
    private static final Pattern QUOTED_OR_COMMENT = Pattern.compile(
            "'(?:[^'\\\\]|\\\\.|'')*'|\"(?:[^\"]|\"\")*\"|\\$\\$.*?\\$\\$|--[^\\n]*|//[^\\n]*|/\\*.*?\\*/",
            Pattern.DOTALL);
    private static final Pattern SELECT =
            Pattern.compile("[\\s(]*(?:SELECT|WITH)\\b.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final Pattern QUOTED_STAGE =
            Pattern.compile("\\b(?:FROM|JOIN)\\s*\\(?\\s*'@", Pattern.CASE_INSENSITIVE);

    private ReaderQuery() {}

    /** Throws a USER fault for anything else. */
    static void require(String sql) {
        String bare = QUOTED_OR_COMMENT.matcher(sql).replaceAll(" ");
        if (!SELECT.matcher(bare).matches()) {
            throw Fault.user("The query failed: it is no select: write one that begins with SELECT or WITH");
        }
        if (bare.contains(";") || bare.contains("->>")) {
            throw Fault.user("The query failed: it is more than one statement: write one select");
        }
        if (bare.contains("@") || QUOTED_STAGE.matcher(sql).find()) {
            throw Fault.user("The query failed: it reads the files of a stage: read tables and views");
        }
    }
}
