package dev.millrace.catalog;

import dev.millrace.catalog.CatalogTable.Layout;
import dev.millrace.catalog.Registration.Result;
import dev.millrace.fault.Fault;
import dev.millrace.table.ColumnType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.glue.model.Column;
import software.amazon.awssdk.services.glue.model.SerDeInfo;
import software.amazon.awssdk.services.glue.model.StorageDescriptor;
import software.amazon.awssdk.services.glue.model.Table;
import software.amazon.awssdk.services.glue.model.TableInput;

/**
 * What Glue is to be told of a table, reckoned from what it has: pure, so that a dry run reckons the same.
 *
 * @param registration what comes of it
 * @param input empty where there is nothing to tell
 */
record GlueTable(Registration registration, Optional<TableInput> input) {
    /** Of our tables: whose they are. Others are never touched. */
    static final String JOB = "millrace.job";
    /** Number of the job's commit that last changed the table in the catalog. */
    static final String COMMIT = "millrace.commit";

    private static final String EXTERNAL = "EXTERNAL_TABLE";

    /** By this Athena knows a Delta table that somebody else than itself has registered. */
    private static final String PROVIDER = "spark.sql.sources.provider";

    private static final String CLASSIFICATION = "classification";

    /** A table that the catalog has not. */
    static GlueTable created(CatalogTable table, String job, long commit) {
        TableInput input = TableInput.builder()
                .name(table.name())
                .tableType(EXTERNAL)
                .parameters(parameters(table, job, commit))
                .partitionKeys(columns(table.partitions(), List.of()))
                .storageDescriptor(StorageDescriptor.builder()
                        .columns(columns(table.columns(), List.of()))
                        .location(table.location())
                        .inputFormat(inputFormat(table.layout()))
                        .outputFormat(outputFormat(table.layout()))
                        .serdeInfo(serde(table))
                        .build())
                .build();
        List<String> told = new ArrayList<>();
        told.add(table.columns().size() + (table.columns().size() == 1 ? " column" : " columns"));
        if (!table.partitions().isEmpty()) {
            told.add("partitioned by "
                    + String.join(
                            ", ", table.partitions().stream().map(c -> c.name()).toList()));
        }
        told.add("at " + table.location());
        return new GlueTable(new Registration(table.name(), Result.CREATED, told), Optional.of(input));
    }

    /**
     * A table that the catalog has. Comments, descriptions and properties that others gave it stay.
     *
     * @param there as the catalog has it
     * @throws Fault of kind USER where it is somebody else's, has other partitions, or a column's files would be of two
     *     types that are not read as one
     */
    static GlueTable evolved(Table there, CatalogTable table, String job, long commit) {
        String name = there.databaseName() + "." + there.name();
        requireOurs(there, name, job);
        Optional<Long> last =
                Optional.ofNullable(there.parameters().get(COMMIT)).flatMap(GlueTable::number);
        if (last.filter(n -> n > commit).isPresent()) {
            return new GlueTable(
                    new Registration(
                            table.name(),
                            Result.LATER,
                            List.of("commit " + last.get() + " has registered it, and this is commit " + commit)),
                    Optional.empty());
        }
        requireSamePartitions(there, table, name);

        StorageDescriptor storage = there.storageDescriptor();
        List<String> changes = new ArrayList<>();
        boolean isMoved = !table.location().equals(storage.location());
        boolean grows = table.layout() == Layout.FOLDERS && !isMoved;
        List<Column> columns =
                grows ? grown(storage.columns(), table, name) : columns(table.columns(), storage.columns());
        changes.addAll(differences(storage.columns(), columns));
        if (isMoved) {
            changes.add("location is " + table.location() + " now, was " + storage.location());
        }
        SerDeInfo serde = serde(table);
        if (!serde.equals(storage.serdeInfo())
                || !inputFormat(table.layout()).equals(storage.inputFormat())
                || !outputFormat(table.layout()).equals(storage.outputFormat())) {
            if (!isMoved) {
                changes.add("format is " + (table.layout() == Layout.DELTA ? "delta" : "parquet") + " now");
            }
        }
        Map<String, String> parameters = new HashMap<>(there.parameters());
        parameters.keySet().removeIf(GlueTable::isOfLayout);
        parameters.putAll(parameters(table, job, commit));
        Map<String, String> before = new HashMap<>(there.parameters());
        before.remove(COMMIT);
        Map<String, String> after = new HashMap<>(parameters);
        after.remove(COMMIT);
        if (!before.equals(after) && !isMoved) {
            changes.add("partitions: " + changed(before, after));
        }
        if (changes.isEmpty()) {
            return new GlueTable(new Registration(table.name(), Result.UNCHANGED, List.of()), Optional.empty());
        }
        TableInput input = TableInput.builder()
                .name(there.name())
                .description(there.description())
                .owner(there.owner())
                .lastAccessTime(there.lastAccessTime())
                .lastAnalyzedTime(there.lastAnalyzedTime())
                .retention(there.retention())
                .tableType(EXTERNAL)
                .parameters(parameters)
                .partitionKeys(there.partitionKeys())
                .storageDescriptor(storage.toBuilder()
                        .columns(columns)
                        .location(table.location())
                        .inputFormat(inputFormat(table.layout()))
                        .outputFormat(outputFormat(table.layout()))
                        .serdeInfo(serde)
                        .build())
                .build();
        return new GlueTable(new Registration(table.name(), Result.CHANGED, changes), Optional.of(input));
    }

    private static void requireOurs(Table there, String name, String job) {
        String owner = there.parameters().get(JOB);
        if (!job.equals(owner)) {
            throw Fault.user("Cannot register " + name + ": the catalog has a table of that name "
                    + (owner == null ? "that no job has registered" : "of job " + owner)
                    + ", which is left as it is: drop it (no file goes with it), give it the property " + JOB + " = "
                    + job + ", or register in another database");
        }
    }

    private static void requireSamePartitions(Table there, CatalogTable table, String name) {
        List<String> has = texts(there.partitionKeys());
        List<String> wanted = texts(columns(table.partitions(), List.of()));
        if (!has.equals(wanted)) {
            throw Fault.user("Cannot register " + name + ": the catalog has it partitioned by " + has
                    + ", and the lake by " + wanted
                    + ": partitions of a table never change; drop it in the catalog (no file goes with it) and register"
                    + " again");
        }
    }

    /** Files of earlier commits are there still: nothing goes, and a type has to be one that all are read as. */
    private static List<Column> grown(List<Column> there, CatalogTable table, String name) {
        Map<String, Column> grown = new LinkedHashMap<>();
        there.forEach(column -> grown.put(column.name(), column));
        for (dev.millrace.table.Column column : table.columns()) {
            String type = CatalogTable.type(column.type());
            Column before = grown.get(column.name());
            if (before == null) {
                grown.put(
                        column.name(),
                        Column.builder().name(column.name()).type(type).build());
            } else if (isWider(type, before.type())) {
                grown.put(column.name(), before.toBuilder().type(type).build());
            } else if (!isSameOrWider(before.type(), type)) {
                throw Fault.user("Cannot register " + name + ": column " + column.name() + " is " + type
                        + " now, and earlier files have it as " + before.type()
                        + ", which are not read as one: declare that type in the job file, or write to another table");
            }
        }
        return List.copyOf(grown.values());
    }

    private static boolean isSameOrWider(String type, String than) {
        return type.equals(than) || isWider(type, than);
    }

    /** Whether every decimal of one type is one of the other. */
    private static boolean isWider(String type, String than) {
        Optional<ColumnType> wide = ColumnType.parse(type).filter(t -> t.kind() == ColumnType.Kind.DECIMAL);
        Optional<ColumnType> narrow = ColumnType.parse(than).filter(t -> t.kind() == ColumnType.Kind.DECIMAL);
        return wide.isPresent()
                && narrow.isPresent()
                && !wide.equals(narrow)
                && wide.get().scale() >= narrow.get().scale()
                && wide.get().precision() - wide.get().scale()
                        >= narrow.get().precision() - narrow.get().scale();
    }

    private static List<String> differences(List<Column> before, List<Column> after) {
        List<String> differences = new ArrayList<>();
        Map<String, String> types = new LinkedHashMap<>();
        before.forEach(column -> types.put(column.name(), column.type()));
        for (Column column : after) {
            String type = types.remove(column.name());
            if (type == null) {
                differences.add("column " + column.name() + " " + column.type() + " is new");
            } else if (!type.equals(column.type())) {
                differences.add("column " + column.name() + " is " + column.type() + " now, was " + type);
            }
        }
        types.forEach((name, type) -> differences.add("column " + name + " is gone"));
        return differences;
    }

    private static String changed(Map<String, String> before, Map<String, String> after) {
        List<String> changed = new ArrayList<>();
        after.keySet().stream()
                .sorted()
                .filter(key -> !after.get(key).equals(before.get(key)))
                .forEach(key -> changed.add(key + " is " + after.get(key) + " now"));
        before.keySet().stream()
                .sorted()
                .filter(key -> !after.containsKey(key))
                .forEach(key -> changed.add(key + " is gone"));
        return String.join(", ", changed);
    }

    private static List<Column> columns(List<dev.millrace.table.Column> wanted, List<Column> there) {
        Map<String, Column> known = new HashMap<>();
        there.forEach(column -> known.put(column.name(), column));
        return wanted.stream()
                .map(column ->
                        known
                                .getOrDefault(
                                        column.name(),
                                        Column.builder().name(column.name()).build())
                                .toBuilder()
                                .type(CatalogTable.type(column.type()))
                                .build())
                .toList();
    }

    private static List<String> texts(List<Column> columns) {
        return columns.stream().map(c -> c.name() + " " + c.type()).toList();
    }

    private static Map<String, String> parameters(CatalogTable table, String job, long commit) {
        Map<String, String> parameters = new HashMap<>(table.projection());
        parameters.put("EXTERNAL", "TRUE");
        parameters.put(JOB, job);
        parameters.put(COMMIT, Long.toString(commit));
        switch (table.layout()) {
            case DELTA -> parameters.put(PROVIDER, "delta");
            case FOLDERS, VERSIONED -> parameters.put(CLASSIFICATION, "parquet");
        }
        return parameters;
    }

    /** What one layout has and another has not. */
    private static boolean isOfLayout(String parameter) {
        return parameter.startsWith(Projection.PREFIX)
                || parameter.equals(Projection.TEMPLATE)
                || parameter.equals(PROVIDER)
                || parameter.equals(CLASSIFICATION);
    }

    private static Optional<Long> number(String text) {
        return text.matches("\\d{1,18}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
    }

    /**
     * As Athena writes tables of Parquet. Of a Delta table it reads the log at {@code path}, as <a
     * href="https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables-syncing-metadata.html">its page</a> says for
     * tables that others make; the classes are those that Spark gives a table whose provider Hive does not know.
     */
    private static SerDeInfo serde(CatalogTable table) {
        return switch (table.layout()) {
            case DELTA ->
                SerDeInfo.builder()
                        .serializationLibrary("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe")
                        .parameters(Map.of("serialization.format", "1", "path", table.location()))
                        .build();
            case FOLDERS, VERSIONED ->
                SerDeInfo.builder()
                        .serializationLibrary("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")
                        .parameters(Map.of("serialization.format", "1"))
                        .build();
        };
    }

    private static String inputFormat(Layout layout) {
        return switch (layout) {
            case DELTA -> "org.apache.hadoop.mapred.SequenceFileInputFormat";
            case FOLDERS, VERSIONED -> "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
        };
    }

    private static String outputFormat(Layout layout) {
        return switch (layout) {
            case DELTA -> "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat";
            case FOLDERS, VERSIONED -> "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
        };
    }
}
