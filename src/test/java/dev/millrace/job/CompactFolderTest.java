package dev.millrace.job;

import static dev.millrace.job.FolderTrial.compact;
import static dev.millrace.job.FolderTrial.duckDb;
import static dev.millrace.job.FolderTrial.everything;
import static dev.millrace.job.FolderTrial.files;
import static dev.millrace.job.FolderTrial.query;
import static dev.millrace.job.FolderTrial.source;
import static dev.millrace.job.FolderTrial.sums;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.Processes;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders of Parquet that others wrote, compacted in place: DuckDB sees the same rows in fewer files. */
class CompactFolderTest {
    private static final String COLUMNS =
            "i as id, i % 7 as few, case when i % 3 = 0 then null else 'text ' || i end as name,"
                    + " (i / 7)::decimal(18, 3) as amount, i / 3 as ratio, [i, null, i % 5] as list,"
                    + " timestamp '2026-01-01 00:00:00' + to_seconds(i) as moment";

    @TempDir(factory = InMemory.class)
    private Path folder;

    private Path table;

    @BeforeEach
    void name() throws IOException {
        table = Files.createDirectories(folder.resolve("a table"));
    }

    /** Files of 50 rows each. */
    private void write(String partition, int from, int count) {
        writeColumns(partition, from, count, COLUMNS);
    }

    private void writeColumns(String partition, int from, int count, String columns) {
        Path place = table.resolve(partition);
        place.toFile().mkdirs();
        List<String> copies = new ArrayList<>(List.of("set threads = 1"));
        for (int f = from; f < from + count; f++) {
            copies.add("copy (select " + columns + " from (select range as i from range(" + f * 50 + ", " + (f + 1) * 50
                    + "))) to '"
                    + place.resolve("data_" + f + ".parquet").toString().replace("'", "''") + "' (format parquet)");
        }
        duckDb(copies.toArray(String[]::new));
    }

    private FolderTrial.Ended succeed(String... options) {
        FolderTrial.Ended ended = run(options);
        assertThat(ended.code()).as(ended.out() + ended.err()).isZero();
        assertThat(ended.err()).isEmpty();
        return ended;
    }

    private FolderTrial.Ended run(String... options) {
        return compact(
                Stream.concat(Stream.of(table.toString()), Stream.of(options)).toArray(String[]::new));
    }

    /** Nothing is left but Parquet files, and there is nothing to do any more. */
    private void assertTidy(int filesNow) {
        assertThat(everything(table).stream().filter(path -> !path.endsWith(".crc") && !path.endsWith("_SUCCESS")))
                .hasSize(filesNow)
                .allMatch(path -> path.endsWith(".parquet"));
        List<String> before = everything(table);
        FolderTrial.Ended again = succeed();
        assertThat(again.out())
                .startsWith("nothing to do: " + (filesNow == 1 ? "1 file" : filesNow + " files") + " of file://" + table
                        + "/, ")
                .endsWith(", are as large as they can be\n");
        assertThat(everything(table)).isEqualTo(before);
    }

    @Test
    void aFolderOfDuckDbs() {
        for (int day = 1; day <= 3; day++) {
            write("day=2026-11-2" + day, day * 100, 5 * day);
        }
        List<String> before = sums(table, "day");
        FolderTrial.Ended ended = succeed("--partition-by", "day");
        assertThat(sums(table, "day")).isEqualTo(before);
        assertThat(ended.out())
                .containsPattern("partition +files +bytes +now +bytes +rows +by\n")
                .containsPattern("day=2026-11-21/ +5 +\\d+\\.\\d KB +1 +\\d+\\.\\d KB +250 +pages\n")
                .containsPattern("day=2026-11-23/ +15 +\\d+\\.\\d KB +1 +\\d+\\.\\d KB +750 +pages\n")
                .containsPattern("total +30 +\\d+\\.\\d KB +3 +\\d+\\.\\d KB +1,500\n\n3 partitions compacted\ntook +");
        assertTidy(3);
    }

    @Test
    void aFlatFolder() {
        write("", 0, 12);
        List<String> before = sums(table);
        assertThat(succeed().out()).containsPattern("\\. +12 ").contains("1 partition compacted");
        assertThat(sums(table)).isEqualTo(before);
        assertTidy(1);
    }

    @Test
    void aFolderOfSparks() {
        SparkSession spark = SharedSpark.session();
        spark.range(0, 3000, 1, 12)
                .selectExpr(
                        "id",
                        "cast(id % 3 as string) as stack",
                        "case when id % 4 = 0 then null when id % 4 = 1 then 'a/b=c%' else 'é ü' end as city",
                        "named_struct('a', id, 'b', array(id, null)) as nested",
                        "cast(id / 7 as decimal(20, 4)) as amount",
                        "timestamp_seconds(id) as at",
                        "map('k', id) as m")
                .write()
                .mode("overwrite")
                .partitionBy("stack", "city")
                .parquet(table.toString());
        List<String> before = sums(table, "stack", "city");
        List<String> partitions = partitions();
        List<?> rows = sparkRows();
        succeed("--partition-by", "stack,city");
        assertThat(sums(table, "stack", "city")).isEqualTo(before);
        assertThat(partitions()).isEqualTo(partitions).hasSize(9).anyMatch(path -> path.contains("city=a%2Fb%3Dc%25"));
        assertThat(sparkRows()).isEqualTo(rows);
        assertTidy(9);
    }

    private List<?> sparkRows() {
        return SharedSpark.session()
                .read()
                .parquet(table.toString())
                .orderBy("id")
                .collectAsList();
    }

    private List<String> partitions() {
        return files(table).stream()
                .filter(path -> path.endsWith(".parquet"))
                .map(path -> path.substring(0, path.lastIndexOf('/')))
                .distinct()
                .toList();
    }

    /** Spark reads the value up to the end of the name, DuckDB not at all. */
    @Test
    void aPartitionWhoseNameHasMoreThanOneEqualsSign() {
        write("city=a=b", 0, 3);
        write("city=c", 3, 3);
        List<?> rows = sparkRows();
        succeed("--partition-by", "city");
        assertThat(sparkRows()).isEqualTo(rows).hasSize(300);
        assertThat(files(table)).hasSize(2).anyMatch(path -> path.startsWith("city=a=b/"));
    }

    @Test
    void aFolderOfPyarrows() {
        Path python = Path.of(System.getProperty("millrace.home"), "target", "pyarrow", "bin", "python");
        assumeTrue(Files.isExecutable(python), "scripts/install-test-tools was not run");
        String script = """
                import sys, datetime, decimal
                import pyarrow as pa, pyarrow.dataset as dataset
                for part in range(6):
                    ids = list(range(part * 100, part * 100 + 100))
                    rows = pa.table({
                        'id': ids,
                        'city': pa.array([None if i % 5 == 0 else ['x y', 'a/b', '\u4eac'][i % 3] for i in ids]),
                        'tag': pa.array(['t%d' % (i % 4) for i in ids]).dictionary_encode(),
                        'at': pa.array([datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=i) for i in ids],
                            pa.timestamp('us')),
                        'amount': pa.array([decimal.Decimal(i) / 4 for i in ids], pa.decimal128(12, 2))})
                    dataset.write_dataset(rows, sys.argv[1], format='parquet', partitioning=['city'],
                        partitioning_flavor='hive', basename_template='part-%d-{i}.parquet' % part,
                        existing_data_behavior='overwrite_or_ignore')
                """;
        Processes.Ended written = Processes.run(new ProcessBuilder(python.toString(), "-c", script, table.toString()));
        assertThat(written.exitCode()).as(written.output()).isZero();
        List<String> before = sums(table, "city");
        succeed();
        assertThat(sums(table, "city")).isEqualTo(before);
        assertTidy(4);
        String count =
                "import sys, pyarrow.dataset as d; print(d.dataset(sys.argv[1], partitioning='hive').count_rows())";
        assertThat(Processes.run(new ProcessBuilder(python.toString(), "-c", count, table.toString()))
                        .output()
                        .strip())
                .isEqualTo("600");
    }

    @Test
    void columnsThatDriftedAreMergedByPartition() {
        write("day=1", 0, 4);
        writeColumns("day=1", 4, 4, "i::int as id, 'x' as added, i % 7 as few");
        write("day=2", 8, 4);
        String values =
                "select count(*), count(added), count(few), sum(id), sum(hash(id::bigint)), count(name), sum(hash(name))"
                        + " from " + source(table) + " where day = '1'";
        List<String> before = query(values);
        FolderTrial.Ended ended = succeed();
        assertThat(query(values)).isEqualTo(before);
        assertThat(ended.out()).containsPattern("day=1/ +8 .* rows: .*schema").containsPattern("day=2/ +4 .* pages\n");
        assertTidy(2);
    }

    @Test
    void whatPagesCannotMergeIsRefusedWhereRowsMayNotBeRead() {
        write("day=1", 0, 4);
        writeColumns("day=1", 4, 4, "i::int as id, 'x' as added");
        write("day=2", 8, 4);
        List<String> before = files(table);
        FolderTrial.Ended ended = run("--engine", "pages");
        assertThat(ended.code()).as(ended.out() + ended.err()).isEqualTo(3);
        assertThat(ended.err()).startsWith("day=1/: schema differs in column ").hasLineCount(1);
        assertThat(ended.out()).contains("1 partition compacted, 1 partition not compacted\n");
        assertThat(files(table))
                .containsAll(before.stream()
                        .filter(path -> path.startsWith("day=1/"))
                        .toList())
                .hasSize(9);
    }

    @Test
    void sortsTheRowsOfEachFile() {
        writeColumns("", 0, 8, "hash(i) % 1000 as k, i as id");
        List<String> before = sums(table);
        assertThat(succeed("--sort-by", "k,id").out()).contains("rows: sort-by: k, id");
        assertThat(sums(table)).isEqualTo(before);
        assertThat(query("select count(*) from (select k, lag(k) over (order by file_row_number) as before from"
                        + " read_parquet('" + table + "/*.parquet', file_row_number = true)) where k < before"))
                .containsExactly("0");
    }

    @Test
    void partitionsThatCannotBeMergedAreNamedAndStayAsTheyAre() throws IOException {
        for (int day = 1; day <= 5; day++) {
            write("day=" + day, day * 10, 4);
        }
        writeColumns("day=2", 30, 1, "'text' as id, 1 as few");
        Path cut = table.resolve("day=3/data_31.parquet");
        Files.write(cut, new byte[] {'P', 'A', 'R', '1', 1, 2, 3, 4, 5, 6, 7, 8, 'P', 'A', 'R', '1'});
        Files.writeString(table.resolve("day=4/data_41.parquet"), "");
        Files.createSymbolicLink(table.resolve("day=5/link.parquet"), table.resolve("day=5/data_50.parquet"));
        List<String> before = files(table);
        String good = "select count(*), sum(id), sum(hash(name)) from read_parquet('" + table + "/day=1/*.parquet')";
        List<String> sums = query(good);

        FolderTrial.Ended ended = run();

        assertThat(ended.code()).as(ended.out() + ended.err()).isEqualTo(1);
        assertThat(ended.out()).contains("1 partition compacted, 4 partitions not compacted\n");
        assertThat(ended.err().lines())
                .hasSize(4)
                .anyMatch(line -> line.startsWith("day=2/: ") && line.contains("id") && line.contains("string"))
                .anyMatch(line -> line.startsWith("day=3/: ") && line.contains("file://" + cut))
                .anyMatch(line -> line.startsWith("day=4/: ") && line.contains("day=4/data_41.parquet"))
                .anyMatch(
                        line -> line.startsWith("day=5/: ") && line.contains("day=5/link.parquet is a symbolic link"));
        assertThat(query(good)).isEqualTo(sums);
        assertThat(files(table))
                .containsAll(before.stream()
                        .filter(path -> !path.startsWith("day=1/"))
                        .toList())
                .hasSize(before.size() - 4 + 1);
        assertThat(everything(table)).noneMatch(path -> path.startsWith("_millrace/"));
    }

    @Test
    void aFolderWithNothingButEmptyFilesStays() {
        writeColumns("day=1", 0, 1, "i as id");
        for (int f = 0; f < 3; f++) {
            duckDb("copy (select 1 as id where false) to '" + table + "/day=1/empty_" + f + ".parquet'");
        }
        table.resolve("day=2").toFile().mkdirs();
        for (int f = 0; f < 3; f++) {
            duckDb("copy (select 1 as id where false) to '" + table + "/day=2/empty_" + f + ".parquet'");
        }
        assertThat(run().code()).isZero();
        assertThat(query("select count(*), sum(id) from read_parquet('" + table + "/day=1/*.parquet')"))
                .containsExactly("50|1225");
        assertThat(query("describe select * from read_parquet('" + table
                        + "/day=2/*.parquet', hive_partitioning = false)"))
                .hasSize(1);
    }

    @Test
    void filesOfAGoodSizeAreLeftAlone() throws IOException {
        write("day=1", 0, 4);
        duckDb("copy (select i as id, hash(i)::varchar as name from range(20000) t(i)) to '" + table
                + "/day=1/large.parquet' (format parquet)");
        long bytes = Files.size(table.resolve("day=1/large.parquet"));
        String size = bytes / 1000 * 1000 + "B";
        FolderTrial.Ended ended = run("--file-size", size);
        assertThat(ended.code()).as(ended.out() + ended.err()).isZero();
        assertThat(files(table)).contains("day=1/large.parquet").hasSize(2);
    }

    @Test
    void namesKeepTheirEnding() throws IOException {
        write("a", 0, 3);
        for (int f = 0; f < 3; f++) {
            Files.move(table.resolve("a/data_" + f + ".parquet"), table.resolve("a/data_" + f + ".parq"));
        }
        write("b", 3, 3);
        Files.move(table.resolve("b/data_3.parquet"), table.resolve("b/00000_0"), StandardCopyOption.ATOMIC_MOVE);
        succeed();
        assertThat(files(table))
                .hasSize(2)
                .anyMatch(path -> path.endsWith(".parq"))
                .anyMatch(path -> path.endsWith(".parquet"));
    }

    @Test
    void aDryRunShowsThePlanAndWritesNothing() {
        write("day=1", 0, 6);
        write("day=2", 6, 1);
        List<String> before = everything(table);
        FolderTrial.Ended ended =
                succeed("--dry-run", "--record", folder.resolve("records").toString());
        assertThat(ended.out())
                .containsPattern("partition +files +bytes +would be +about +rows +by\n")
                .containsPattern("day=1/ +6 +\\d+\\.\\d KB +1 ")
                .contains("1 partition would be compacted, 1 partition with nothing to do (1 file, ");
        assertThat(everything(table)).isEqualTo(before);
        assertThat(folder.resolve("records")).doesNotExist();
    }

    @Test
    void theRecordTellsOfEachPartition() throws IOException {
        write("day=1", 0, 6);
        write("day=2", 6, 2);
        write("day=3", 8, 1);
        Path records = folder.resolve("records");
        assertThat(succeed("--record", records.toString()).out())
                .containsPattern("record +file://" + records + "/.*\\.json\n");
        try (Stream<Path> found = Files.list(records)) {
            JsonNode record =
                    new ObjectMapper().readTree(found.findFirst().orElseThrow().toFile());
            assertThat(record.path("format").asInt()).isOne();
            assertThat(record.path("folder").asText()).isEqualTo("file://" + table + "/");
            assertThat(record.path("untouched").path("partitions").asInt()).isOne();
            assertThat(record.path("partitions")).hasSize(2);
            JsonNode first = record.path("partitions").get(0);
            assertThat(first.path("path").asText()).isEqualTo("day=1/");
            assertThat(first.path("outcome").asText()).isEqualTo("COMPACTED");
            assertThat(first.path("before").path("files").asInt()).isEqualTo(6);
            assertThat(first.path("before").path("rows").asInt()).isEqualTo(300);
            assertThat(first.path("after").path("files").asInt()).isOne();
            assertThat(first.path("after").path("rows").asInt()).isEqualTo(300);
        }
    }

    @Test
    void aFileThatFitsNoPartitionIsNamedBeforeAnythingIsDone() {
        write("day=1", 0, 6);
        write("", 6, 1);
        List<String> before = everything(table);
        FolderTrial.Ended ended = run("--partition-by", "day");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .startsWith("Invalid --partition-by: day: file://" + table + "/data_6.parquet lies in no partition");
        assertThat(everything(table)).isEqualTo(before);
    }

    @Test
    void aPartitionOfADeltaTableIsRefused() throws IOException {
        write("day=1", 0, 6);
        Files.createDirectories(table.resolve("_delta_log"));
        Files.writeString(table.resolve("_delta_log/00000000000000000000.json"), "{}");
        for (String path : List.of(table.toString(), table + "/day=1", table + "/day=1/")) {
            FolderTrial.Ended ended = compact(path);
            assertThat(ended.code()).isEqualTo(2);
            assertThat(ended.err())
                    .startsWith("Cannot compact files of a Delta table (file://" + table + "/")
                    .contains("OPTIMIZE");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"jobs/shop.yaml", "s3://acme/jobs/shop.yml"})
    void aJobFileIsNoFolder(String file) {
        FolderTrial.Ended ended = compact(file);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .isEqualTo(
                        file + " is a job file: compact takes a folder of Parquet files. What a job's run has landed is"
                                + " compacted by its phase: scripts/millrace local compact " + file + "\n");
    }

    @Test
    void mistakesAreToldInOneLine() {
        assertThat(compact().err())
                .isEqualTo(
                        "compact: Missing PATH: name a folder of Parquet files, for example s3://acme/orders/; see compact"
                                + " --help\n");
        assertThat(run("--file-size", "128").err())
                .startsWith("compact: Invalid --file-size: 128: must be a positive size: ");
        assertThat(run("--engine", "pages", "--sort-by", "id").err())
                .startsWith("compact: Invalid --sort-by: id: --engine pages keeps rows in their order");
        assertThat(run().err())
                .isEqualTo("Cannot compact file://" + table
                        + "/: there is no such folder, or no file in it but hidden ones\n");
        assertThat(compact("http://acme/x").err()).startsWith("Invalid location: http://acme/x: must be ");
    }

    @Test
    void isACommandOfTheLauncher() {
        assertThat(Millrace.commandLine()
                        .getSubcommands()
                        .get("compact")
                        .getCommandSpec()
                        .userObject())
                .isInstanceOf(CompactFolder.class);
    }
}
