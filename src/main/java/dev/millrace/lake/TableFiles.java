package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.WideRows;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.table.Column;
import dev.millrace.table.FileFormat;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Parquet files of one shape as Spark reads them.
 *
 * @param storage that has them
 * @param folder below which the partition folders lie
 * @param columns in the files
 * @param partitions columns in the names of the folders
 */
record TableFiles(Storage storage, String folder, List<Column> columns, List<Column> partitions) {
    /** The uri of a row's file, as Spark writes it. */
    static final String PATH = "__path";
    /** A row's number in its file, from 0. */
    static final String ROW = "__row";

    TableFiles {
        columns = List.copyOf(columns);
        partitions = List.copyOf(partitions);
    }

    /** @param folder the table's data folder in the landing */
    static TableFiles landed(Storage storage, String folder, LandedTable table) {
        if (table.format() != FileFormat.PARQUET) {
            throw Fault.user("Invalid staging.format: " + table.format().suffix() + ": table " + table.name()
                    + " goes to a lake, whose files are parquet");
        }
        return new TableFiles(storage, folder, table.definition().columns(), table.partitions());
    }

    List<Column> all() {
        List<Column> all = new ArrayList<>(columns);
        all.addAll(partitions);
        return all;
    }

    /** A file as {@link #PATH} names it, comparable however the uri is written. */
    static String place(String uri) {
        return URI.create(uri).getPath();
    }

    String place(DataFile file) {
        return LakePath.place(storage, file.path());
    }

    /**
     * The rows of some files with all columns, partitions last, and their place: {@link #PATH} and {@link #ROW}.
     *
     * @param paths relative to the storage's root
     */
    Dataset<Row> read(SparkSession spark, List<String> paths) {
        DataFrameReader reader = spark.read()
                .schema(WideRows.struct(all()))
                // The paths are names, not patterns.
                .option("__globPaths__", "false");
        if (!partitions.isEmpty()) {
            reader = reader.option("basePath", LakePath.hadoop(storage, folder));
        }
        return reader.parquet(paths.stream()
                        .map(path -> LakePath.hadoop(storage, path))
                        .toArray(String[]::new))
                .withColumn(PATH, functions.col("_metadata.file_path"))
                .withColumn(ROW, functions.col("_metadata.row_index"));
    }
}
