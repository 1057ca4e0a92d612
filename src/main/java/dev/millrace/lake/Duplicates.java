package dev.millrace.lake;

import dev.millrace.landing.PartitionPath;
import dev.millrace.run.DataFile;
import dev.millrace.table.Column;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;

/** Finds the places of rows that are to go: {@link TableFiles#PATH} and {@link TableFiles#ROW}. */
final class Duplicates {
    private static final String OTHER = "other_";

    private final SparkSession session;
    private final Deduplication rule;
    private final Optional<Column> date;

    /** @param columns of the table, partitions among them */
    Duplicates(SparkSession session, Deduplication rule, List<Column> columns, List<Column> partitions) {
        this.session = session;
        this.rule = rule;
        rule.requireFit(columns, partitions);
        date = Deduplication.date(partitions);
    }

    /** Of the rows of a run those that another row of the run stands for. */
    Dataset<Row> withinRun(TableFiles files, List<DataFile> run) {
        Dataset<Row> rows = keyed(files, run);
        boolean isFirst = rule.keep() == Deduplication.Keep.FIRST;
        org.apache.spark.sql.Column[] order = Stream.of(Publication.FILE, TableFiles.PATH, TableFiles.ROW)
                .filter(name -> List.of(rows.columns()).contains(name))
                .map(functions::col)
                .map(column -> isFirst ? column.asc() : column.desc())
                .toArray(org.apache.spark.sql.Column[]::new);
        org.apache.spark.sql.Column[] key =
                rule.key().stream().map(Duplicates::column).toArray(org.apache.spark.sql.Column[]::new);
        return rows.withColumn(
                        "__n",
                        functions.row_number().over(Window.partitionBy(key).orderBy(order)))
                .filter(functions.col("__n").gt(1))
                .select(TableFiles.PATH, TableFiles.ROW);
    }

    /** Of some rows those whose key others have, within the range of dates. */
    Dataset<Row> alsoIn(
            TableFiles files, List<DataFile> some, TableFiles otherFiles, List<DataFile> others, Set<String> left) {
        Dataset<Row> rows = keyed(files, some);
        Dataset<Row> known = keyed(otherFiles, others);
        if (!left.isEmpty() && List.of(known.columns()).contains(Publication.FILE)) {
            known = known.filter(functions.not(
                    functions.coalesce(functions.col(Publication.FILE).isInCollection(left), functions.lit(false))));
        }
        Dataset<Row> other = known.select(Stream.concat(rule.key().stream(), date.map(Column::name).stream())
                        .distinct()
                        .map(name -> column(name).as(OTHER + name))
                        .toArray(org.apache.spark.sql.Column[]::new))
                .distinct();
        org.apache.spark.sql.Column condition = functions.lit(true);
        for (String key : rule.key()) {
            condition = condition.and(column(key).equalTo(column(OTHER + key)));
        }
        if (rule.within().isPresent()) {
            String name = date.orElseThrow().name();
            org.apache.spark.sql.Column apart = functions.abs(functions.datediff(column(name), column(OTHER + name)));
            condition = condition.and(functions.coalesce(
                    apart.leq(functions.lit(days())),
                    column(name).isNull().and(column(OTHER + name).isNull())));
        }
        return rows.join(other, condition, "left_semi").select(TableFiles.PATH, TableFiles.ROW);
    }

    /** Those of some files whose partition is near enough to that of one of the others. */
    List<DataFile> inRange(List<Column> partitions, List<DataFile> files, List<DataFile> others) {
        if (rule.within().isEmpty()) {
            return files;
        }
        Set<Optional<LocalDate>> days =
                others.stream().map(file -> day(partitions, file)).collect(Collectors.toSet());
        return files.stream()
                .filter(file -> days.stream().anyMatch(day -> isNear(day, day(partitions, file))))
                .toList();
    }

    private boolean isNear(Optional<LocalDate> one, Optional<LocalDate> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return one.equals(other);
        }
        return Math.abs(one.get().toEpochDay() - other.get().toEpochDay()) <= days();
    }

    private Optional<LocalDate> day(List<Column> partitions, DataFile file) {
        int position = partitions.stream()
                .map(Column::name)
                .toList()
                .indexOf(date.orElseThrow().name());
        return PartitionPath.values(partitions, file.path()).get(position).map(LocalDate::parse);
    }

    private int days() {
        return Math.toIntExact(rule.within().orElseThrow().toDays());
    }

    /** Rows that can have duplicates: without a null in the key. */
    private Dataset<Row> keyed(TableFiles files, List<DataFile> some) {
        Dataset<Row> rows =
                files.read(session, some.stream().map(DataFile::path).toList());
        for (String key : rule.key()) {
            rows = rows.filter(column(key).isNotNull());
        }
        return rows;
    }

    private static org.apache.spark.sql.Column column(String name) {
        return functions.col("`" + name + "`");
    }
}
