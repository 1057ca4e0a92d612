package dev.millrace.warehouse.redshift;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.S3Server;
import dev.millrace.warehouse.SqlText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * What a COPY reads: the files of a manifest, columns by their position. Parquet is read by DuckDB, text by what Redshift's
 * documentation says of ESCAPE.
 *
 * @param rows in them
 * @param json an array of objects, all values as text
 */
record CopiedFiles(long rows, String json) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Connection DUCKDB = engine();
    private static final int MOST_TEXT = 65_535;

    /** A value that a column cannot hold. */
    static final class BadValue extends Exception {
        private static final long serialVersionUID = 1;

        private final String file;
        private final long row;
        private final String column;

        BadValue(String file, long row, String column, String message) {
            super(message);
            this.file = file;
            this.row = row;
            this.column = column;
        }

        String file() {
            return file;
        }

        long row() {
            return row;
        }

        String column() {
            return column;
        }
    }

    /**
     * Reads them.
     *
     * @param options of the COPY, behind its role
     * @param columns of the table, with their types
     */
    static CopiedFiles read(String manifest, String options, Map<String, String> columns) throws IOException, BadValue {
        Path folder = Files.createTempDirectory("redshift-copy-");
        try {
            Path list = fetch(manifest, folder.resolve("manifest"));
            ArrayNode rows = JSON.createArrayNode();
            int i = 0;
            for (JsonNode entry : JSON.readTree(Files.readAllBytes(list)).get("entries")) {
                String url = entry.get("url").asText();
                Path file = fetch(url, folder.resolve("file-" + i++));
                long length = entry.get("meta").get("content_length").asLong();
                if (!entry.get("mandatory").asBoolean() || Files.size(file) != length) {
                    throw new IOException(
                            "The manifest says " + length + " bytes of " + url + ", it has " + Files.size(file));
                }
                List<List<String>> found = switch (options) {
                    case "FORMAT AS PARQUET MANIFEST" -> parquet(file);
                    case "MANIFEST GZIP DELIMITER '|' ESCAPE COMPUPDATE OFF" -> text(file);
                    default -> throw new IOException("COPY with " + options);
                };
                add(rows, found, url, columns, options.contains("ESCAPE"));
            }
            return new CopiedFiles(rows.size(), JSON.writeValueAsString(rows));
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void add(
            ArrayNode rows, List<List<String>> found, String url, Map<String, String> columns, boolean isText)
            throws IOException, BadValue {
        List<String> names = List.copyOf(columns.keySet());
        for (int r = 0; r < found.size(); r++) {
            List<String> values = found.get(r);
            if (values.size() != names.size()) {
                throw new IOException(
                        "The number of columns in " + url + " is " + values.size() + ", not " + names.size());
            }
            ObjectNode row = rows.addObject();
            for (int c = 0; c < names.size(); c++) {
                String value = values.get(c);
                String type = columns.get(names.get(c));
                if (value != null && type.equals("varchar") && value.getBytes(UTF_8).length > MOST_TEXT) {
                    throw new BadValue(url, r + 1L, names.get(c), "String length exceeds DDL length");
                }
                row.put(names.get(c), value != null && type.equals("varbyte") && isText ? "\\x" + value : value);
            }
        }
    }

    private static Path fetch(String url, Path to) throws IOException {
        int name = url.lastIndexOf('/') + 1;
        Storage storage = Storages.open(
                url.substring(0, name), url.startsWith("s3:") ? S3Server.options() : StorageOptions.DEFAULT);
        try (InputStream in = storage.open(url.substring(name))) {
            Files.copy(in, to);
        }
        return to;
    }

    private static synchronized List<List<String>> parquet(Path file) throws IOException {
        String from = " FROM read_parquet(" + SqlText.literal(file.toString()) + ", hive_partitioning = false)";
        try (Statement statement = DUCKDB.createStatement()) {
            List<String> cells = new ArrayList<>();
            try (ResultSet columns = statement.executeQuery("DESCRIBE SELECT *" + from)) {
                while (columns.next()) {
                    String name = SqlText.identifier(columns.getString(1));
                    cells.add(
                            switch (columns.getString(2)) {
                                case "BLOB" -> "'\\x' || hex(" + name + ")";
                                case "TIMESTAMP WITH TIME ZONE" ->
                                    "CAST(make_timestamp(epoch_us(" + name + ")) AS VARCHAR)";
                                default -> "CAST(" + name + " AS VARCHAR)";
                            });
                }
            }
            List<List<String>> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery("SELECT " + String.join(", ", cells) + from)) {
                while (result.next()) {
                    List<String> row = new ArrayList<>();
                    for (int i = 1; i <= cells.size(); i++) {
                        row.add(result.getString(i));
                    }
                    rows.add(row);
                }
            }
            return rows;
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static Connection engine() {
        try {
            return DriverManager.getConnection("jdbc:duckdb:");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<List<String>> text(Path file) throws IOException {
        String text;
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            text = new String(in.readAllBytes(), UTF_8);
        }
        List<List<String>> rows = new ArrayList<>();
        List<String> row = new ArrayList<>();
        StringBuilder value = new StringBuilder();
        boolean isNull = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && text.charAt(i + 1) == 'N') {
                isNull = true;
                i++;
            } else if (c == '\\') {
                value.append(text.charAt(++i));
            } else if (c == '|' || c == '\n') {
                row.add(isNull ? null : value.toString());
                value.setLength(0);
                isNull = false;
                if (c == '\n') {
                    rows.add(row);
                    row = new ArrayList<>();
                }
            } else {
                value.append(c);
            }
        }
        return rows;
    }
}
