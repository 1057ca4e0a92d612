package dev.millrace.lake.parquet;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.schema.Type;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.AtomicType;
import org.apache.spark.sql.types.StructType;

/** What each reader sees of files: a text a row, in order. */
final class Views {
    private Views() {}

    /** parquet-java, row by row, with checksums verified. */
    static List<String> parquetJava(List<Path> files) throws IOException {
        Configuration verifies = new Configuration(false);
        verifies.setBoolean("parquet.page.verify-checksum.enabled", true);
        List<String> rows = new ArrayList<>();
        for (Path file : files) {
            try (ParquetReader<Group> reader = ParquetReader.builder(
                            new GroupReadSupport(), new org.apache.hadoop.fs.Path(file.toUri()))
                    .withConf(verifies)
                    .build()) {
                for (Group row = reader.read(); row != null; row = reader.read()) {
                    rows.add(text(row));
                }
            }
        }
        return rows;
    }

    private static String text(Group group) {
        StringBuilder text = new StringBuilder("{");
        for (Type field : group.getType().getFields()) {
            int times = group.getFieldRepetitionCount(field.getName());
            for (int i = 0; i < times; i++) {
                text.append(field.getName())
                        .append('=')
                        .append(value(group, field, i))
                        .append(' ');
            }
        }
        return text.append('}').toString();
    }

    private static String value(Group group, Type field, int i) {
        if (!field.isPrimitive()) {
            return text(group.getGroup(field.getName(), i));
        }
        return switch (field.asPrimitiveType().getPrimitiveTypeName()) {
            case BINARY, FIXED_LEN_BYTE_ARRAY ->
                HexFormat.of().formatHex(group.getBinary(field.getName(), i).getBytes());
            case INT96 ->
                HexFormat.of().formatHex(group.getInt96(field.getName(), i).getBytes());
            case BOOLEAN, INT32, INT64, FLOAT, DOUBLE ->
                group.getValueToString(group.getType().getFieldIndex(field.getName()), i);
        };
    }

    /** Spark, by one of its two readers. */
    static List<String> spark(SparkSession spark, List<Path> files, boolean isVectorized) {
        SparkSession session = spark.newSession();
        session.conf().set("spark.sql.parquet.enableVectorizedReader", isVectorized);
        session.conf().set("spark.sql.parquet.enableNestedColumnVectorizedReader", isVectorized);
        // One split a file, read in order.
        session.conf().set("spark.sql.files.maxPartitionBytes", 1L << 40);
        session.conf().set("spark.sql.files.openCostInBytes", 0);
        session.conf().set("spark.sql.files.minPartitionNum", 1);
        StructType schema = session.read().parquet(files.get(0).toString()).schema();
        return files.stream()
                .map(file -> session.read().schema(schema).parquet(file.toString()))
                .reduce(Dataset::union)
                .orElseThrow()
                .collectAsList()
                .stream()
                .map(Views::text)
                .toList();
    }

    /**
     * How many rows Spark finds by a filter on each simple column: it leaves out what bounds of chunks and pages tell not
     * to hold them.
     *
     * @param examples files that the values come from which are looked for
     */
    static List<String> sparkFinds(SparkSession spark, List<Path> examples, List<Path> files) {
        SparkSession session = spark.newSession();
        session.conf().set("spark.sql.parquet.enableVectorizedReader", false);
        Dataset<Row> from = session.read().parquet(paths(examples));
        Dataset<Row> in = session.read().schema(from.schema()).parquet(paths(files));
        Row some = from.limit(40).collectAsList().stream()
                .skip(5)
                .findFirst()
                .orElseGet(() -> RowFactory.create(new Object[from.columns().length]));
        List<String> counts = new ArrayList<>();
        for (int i = 0; i < from.columns().length; i++) {
            if (!some.isNullAt(i) && from.schema().fields()[i].dataType() instanceof AtomicType) {
                Column column = functions.col(from.columns()[i]);
                for (Column found : List.of(column.equalTo(some.get(i)), column.leq(some.get(i)))) {
                    counts.add(found + ": " + in.where(found).count());
                }
            }
            if (counts.size() >= 4) {
                break;
            }
        }
        return counts;
    }

    private static String[] paths(List<Path> files) {
        return files.stream().map(Path::toString).toArray(String[]::new);
    }

    private static String text(Object value) {
        if (value instanceof Row row) {
            StringBuilder text = new StringBuilder("[");
            for (int i = 0; i < row.size(); i++) {
                text.append(text(row.get(i))).append(',');
            }
            return text.append(']').toString();
        }
        if (value instanceof scala.collection.Iterable<?> many) {
            StringBuilder text = new StringBuilder("(");
            for (scala.collection.Iterator<?> each = many.iterator(); each.hasNext(); ) {
                text.append(text(each.next())).append(',');
            }
            return text.append(')').toString();
        }
        if (value instanceof scala.Tuple2<?, ?> pair) {
            return text(pair._1()) + "->" + text(pair._2());
        }
        return value instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : String.valueOf(value);
    }

    /** DuckDB. */
    static List<String> duckdb(List<Path> files) throws SQLException {
        String list = files.stream().map(file -> "'" + file + "'").collect(Collectors.joining(", "));
        return query("select t::varchar from read_parquet([" + list + "]) t");
    }

    static List<String> query(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> texts = new ArrayList<>();
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
            return texts;
        }
    }
}
