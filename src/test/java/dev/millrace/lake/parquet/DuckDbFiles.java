package dev.millrace.lake.parquet;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Sources written by DuckDB, of types that some other readers do not know too. */
final class DuckDbFiles {
    /** Columns of a row number {@code i} and a number {@code n} of few different ones; null now and then. */
    private static final List<String> COLUMNS = List.of(
            "i",
            "i::integer",
            "n::tinyint",
            "(n % 30000)::smallint",
            "n::utinyint",
            "(n * 7)::usmallint",
            "(i * 7919)::uinteger",
            "(i * 7919)::ubigint",
            "i % 3 = 0",
            "(i / 3)::float",
            "case when n = 5 then 'nan'::double else i / 7 end",
            "(n / 7)::decimal(7, 2)",
            "(i / 7)::decimal(18, 3)",
            "(i / 7)::decimal(38, 5)",
            "'text ' || n",
            "repeat('long ' || i, n::integer % 9)",
            "md5(i::varchar)",
            "encode('é' || n)",
            "date '1999-12-31' + n::integer",
            "timestamp '2001-02-03 04:05:06.789' + to_microseconds(i * 100003)",
            "(timestamp '2001-02-03 04:05:06.789' + to_microseconds(i * 100003))::timestamptz",
            "time '00:00:00' + to_seconds(n)",
            "uuid '00000000-0000-0000-0000-000000000000'",
            "['a' || n, null, 'c']",
            "range(n % 4)",
            "[range(n % 3), [], null]",
            "{'a': n, 'b': case when i % 5 = 0 then null else 'x' || n end}",
            "map(['k' || n, 'l'], [i, null])",
            "[{'a': n, 'b': [i]}]",
            "null::integer");

    private final SplittableRandom random;

    DuckDbFiles(SplittableRandom random) {
        this.random = random;
    }

    /** Writes files of one schema and codec. */
    List<Path> write(Path folder, int mostRows) throws SQLException {
        List<String> columns = new ArrayList<>();
        int width = random.nextInt(2, 9);
        for (int c = 0; c < width; c++) {
            String value = COLUMNS.get(random.nextInt(COLUMNS.size()));
            int nulls = new int[] {0, 0, 10, 90}[random.nextInt(4)];
            columns.add(
                    "case when hash(i + " + c + ") % 100 < " + nulls + " then null else " + value + " end as c" + c);
        }
        String codec = List.of("snappy", "snappy", "zstd", "uncompressed").get(random.nextInt(4));
        int different = new int[] {1, 10, 100, 1}[random.nextInt(4)];
        List<Path> files = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("set threads = 1");
            int count = random.nextInt(1, 9);
            for (int f = 0; f < count; f++) {
                Path file = folder.resolve("source-" + f + ".parquet");
                int from = f * mostRows;
                statement.execute("copy (select " + String.join(", ", columns) + " from (select range as i, range % "
                        + different + " as n from range(" + from + ", " + (from + random.nextInt(mostRows)) + "))) to '"
                        + file + "' (format parquet, compression " + codec + ", parquet_version "
                        + (random.nextInt(3) == 0 ? "v2" : "v1") + ", row_group_size "
                        + (random.nextBoolean() ? 2_048 : 122_880)
                        + (random.nextInt(3) == 0 ? ", dictionary_size_limit 1" : "") + ")");
                files.add(file);
            }
        }
        return files;
    }
}
