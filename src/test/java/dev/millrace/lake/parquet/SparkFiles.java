package dev.millrace.lake.parquet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/** Sources written by Spark. */
final class SparkFiles {
    private static final List<String> COLUMNS = List.of(
            "id",
            "cast(id % 7 as string) as text",
            "sha1(cast(id as string)) as hash",
            "if(id % 3 = 0, null, id / 7) as number",
            "cast(id / 7 as decimal(38, 4)) as large",
            "cast(id / 7 as decimal(9, 2)) as small",
            "cast('NaN' as float) as nan",
            "id % 2 = 0 as flag",
            "date_add(date '2020-01-01', cast(id % 900 as int)) as day",
            "timestamp_micros(id * 1000003) as at",
            "timestamp_ntz '2020-01-01 00:00:00' as wall",
            "encode(repeat('b', cast(id % 50 as int)), 'utf-8') as bytes",
            "array(id, null, id % 3) as many",
            "array(array('a', cast(id % 5 as string)), array(), null) as nested",
            "map(cast(id % 9 as string), struct(id as a, array(id % 2) as b)) as mapped",
            "struct(id % 5 as a, if(id % 4 = 0, null, 'x') as b) as pair",
            "if(id % 6 = 0, null, array(struct(id as a))) as structs",
            "cast(null as int) as nothing");

    private final SparkSession spark;
    private final SplittableRandom random;

    SparkFiles(SparkSession spark, SplittableRandom random) {
        this.spark = spark;
        this.random = random;
    }

    /** Writes files of one schema and codec, all at once. */
    List<Path> write(Path folder, int mostRows) throws IOException {
        List<String> columns = new ArrayList<>();
        for (String column : COLUMNS) {
            if (random.nextInt(3) == 0) {
                columns.add(column);
            }
        }
        columns.add("id % 100 as last");
        Path target = folder.resolve("spark");
        spark.range(0, random.nextInt(1, mostRows * 4), 1, random.nextInt(1, 6))
                .selectExpr(columns.toArray(String[]::new))
                .write()
                .mode(SaveMode.Overwrite)
                .option("compression", random.nextBoolean() ? "snappy" : "zstd")
                .option("parquet.page.size", random.nextInt(3) == 0 ? "500" : "1048576")
                .option("parquet.page.row.count.limit", random.nextInt(3) == 0 ? "100" : "20000")
                .option("parquet.writer.version", random.nextInt(3) == 0 ? "v2" : "v1")
                .parquet(target.toString());
        List<Path> files = new ArrayList<>();
        try (Stream<Path> written = Files.list(target)) {
            for (Path file : written.filter(f -> f.toString().endsWith(".parquet"))
                    .sorted()
                    .toList()) {
                files.add(Files.move(file, folder.resolve(file.getFileName())));
            }
        }
        return files;
    }
}
