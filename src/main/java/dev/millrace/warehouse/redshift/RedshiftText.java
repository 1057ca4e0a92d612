package dev.millrace.warehouse.redshift;

import dev.millrace.warehouse.SqlText;

/** Texts in Redshift's statements. */
final class RedshiftText {
    private RedshiftText() {}

    /**
     * A string in single quotes, in which a backslash begins an escape.
     *
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_QUOTE_LITERAL.html">QUOTE_LITERAL</a>, which doubles
     *     both
     */
    static String literal(String value) {
        return SqlText.literal(value).replace("\\", "\\\\");
    }

    /**
     * A select to open a cursor on. The driver would run what stands behind a semicolon as a statement of its own, which
     * a cursor does not hold back, so there may be none but at the end and within quotes.
     *
     * @throws IllegalArgumentException where there is another one, or it is not plain that there is none
     */
    static String oneSelect(String sql) {
        String select = SqlText.withoutSemicolon(sql);
        if (select.indexOf(';') >= 0) {
            boolean isPlain =
                    !select.contains("\\") && !select.contains("--") && !select.contains("/*") && !select.contains("$");
            String outside = select.replaceAll("'[^']*'", "").replaceAll("\"[^\"]*\"", "");
            if (!isPlain || outside.indexOf(';') >= 0) {
                throw new IllegalArgumentException("one select only, without a semicolon in it");
            }
        }
        return select;
    }
}
