package dev.millrace.warehouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.testing.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whatever a name or text holds, statements say it and nothing else. */
class SqlTextTest {
    private static final int NAMES = 300;
    private static final int MOST_BYTES = 60;

    private static final List<String> PIECES = List.of(
            "\"",
            "\"\"",
            "'",
            "''",
            ";",
            "--",
            "/*",
            "*/",
            "\\",
            "\\\"",
            "$$",
            "{",
            "}",
            "?",
            ":x",
            "@",
            "%",
            "\n",
            "\r",
            "\t",
            " ",
            ".",
            ",",
            "(",
            ")",
            "DROP TABLE t",
            "select",
            "U&",
            "E'",
            "\u2028",
            "\u00a0",
            "é",
            "名",
            "𝔘",
            "\u200b",
            "a",
            "Z");

    @Test
    void anyNameAndAnyTextIsTakenAsItIsByDuckDb() throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:")) {
            comesBack(connection);
        }
    }

    @Test
    void anyNameAndAnyTextIsTakenAsItIsByPostgres() throws SQLException {
        try (Connection connection = PostgresServer.connect(PostgresServer.newDatabase(), PostgresServer.ADMIN)) {
            comesBack(connection);
        }
    }

    @Test
    void whatNoStatementCanSayIsRefused() {
        assertThatThrownBy(() -> SqlText.identifier("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SqlText.identifier("a\0b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SqlText.literal("a\0b")).isInstanceOf(IllegalArgumentException.class);
    }

    private static void comesBack(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute("CREATE TABLE untouched (i int)");
            for (String name : names()) {
                String quoted = SqlText.identifier(name);
                statement.execute("CREATE TABLE " + quoted + " (" + quoted + " varchar)");
                statement.execute("INSERT INTO " + quoted + " VALUES (" + SqlText.literal(name) + ")");
                try (ResultSet row = statement.executeQuery("SELECT " + quoted + " FROM " + quoted)) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getString(1)).isEqualTo(name);
                    assertThat(row.getMetaData().getColumnName(1)).isEqualTo(name);
                    assertThat(row.next()).isFalse();
                }
                statement.execute("DROP TABLE " + quoted);
            }
            statement.execute("DROP TABLE untouched");
        }
    }

    private static List<String> names() {
        Random random = new Random(7);
        return Stream.concat(PIECES.stream(), IntStream.range(0, NAMES).mapToObj(i -> name(random)))
                .toList();
    }

    private static String name(Random random) {
        StringBuilder name = new StringBuilder();
        while (true) {
            String piece = PIECES.get(random.nextInt(PIECES.size()));
            if ((name + piece).getBytes(StandardCharsets.UTF_8).length > MOST_BYTES) {
                return name.toString();
            }
            name.append(piece);
        }
    }
}
