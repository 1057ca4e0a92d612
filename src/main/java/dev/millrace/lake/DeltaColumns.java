package dev.millrace.lake;

import dev.millrace.storage.Storage;
import dev.millrace.table.Column;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import scala.Option;

/**
 * Columns of a Delta table, as its log has them.
 *
 * @param columns in the files
 * @param partitions in the names of folders, from the outermost
 */
public record DeltaColumns(List<Column> columns, List<Column> partitions) {
    public DeltaColumns {
        columns = List.copyOf(columns);
        partitions = List.copyOf(partitions);
    }

    /**
     * Reads the log.
     *
     * @param lake storage that has the table's folder
     * @param folder of the table in it, with a trailing slash
     * @return empty where there is no Delta table
     */
    public static Optional<DeltaColumns> find(SparkSession spark, Storage lake, String folder) {
        return shape(() -> spark, lake, folder).map(shape -> new DeltaColumns(shape.columns(), shape.partitions()));
    }

    static Optional<DeltaShape> shape(Supplier<SparkSession> spark, Storage lake, String folder) {
        if (lake.names(folder + "_delta_log/").isEmpty()) {
            return Optional.empty();
        }
        SparkSession session = DeltaSession.of(spark.get());
        return Optional.of(DeltaSession.in(
                session,
                "Cannot read " + lake.uri(folder),
                () -> DeltaShape.of(
                        DeltaLog.forTable(session, LakePath.hadoop(lake, folder))
                                .startTransaction(Option.empty(), Option.empty())
                                .metadata(),
                        false,
                        lake.uri(folder))));
    }
}
