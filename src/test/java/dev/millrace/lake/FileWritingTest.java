package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.CompactionSettings;
import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.lake.FileOutcome.Failed;
import dev.millrace.lake.FileOutcome.Refused;
import dev.millrace.lake.FileOutcome.Written;
import dev.millrace.lake.parquet.FileShape;
import dev.millrace.lake.parquet.MergeSource;
import dev.millrace.run.DataFile;
import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.testing.ForwardingStorage;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files written by DuckDB become few, and DuckDB reads them. */
@ExtendWith(SharedSpark.class)
class FileWritingTest {
    private static final CompactionSettings PAGES = new CompactionSettings(Engine.PAGES, List.of());
    private static final CompactionSettings REWRITE = new CompactionSettings(Engine.REWRITE, List.of());
    private static final String COLUMNS = "i::int as id, 'n' || i as name, i * 0.5::double as half,"
            + " case when i % 3 = 0 then null else {'x': i, 'l': [i, i + 1]} end as nested";

    @TempDir
    Path root;

    private Storage source;
    private Storage target;
    private UnitCommits commits;

    @BeforeEach
    void open() throws IOException {
        Files.createDirectories(root.resolve("in"));
        source = Accesses.open(root.resolve("in").toString());
        target = Accesses.open(root.resolve("out").toString());
        commits = Accesses.commits(Accesses.open(root.resolve("staging").toString()), Accesses.run(1));
    }

    private static List<String> sql(String query) {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            List<String> rows = new ArrayList<>();
            if (statement.execute(query)) {
                ResultSet result = statement.getResultSet();
                while (result.next()) {
                    rows.add(result.getString(1));
                }
            }
            return rows;
        } catch (SQLException e) {
            throw new IllegalStateException(query, e);
        }
    }

    /** A file of numbers from one to before another. */
    private DataFile file(String name, String columns, int from, int to, String options) {
        Path file = root.resolve("in").resolve(name);
        sql("copy (select " + columns + " from range(" + from + ", " + to + ") t(i)) to '" + file
                + "' (format parquet, " + options + ")");
        return listed(name);
    }

    private DataFile file(String name, String columns, int from, int to) {
        return file(name, columns, from, to, "codec zstd");
    }

    private DataFile listed(String name) {
        StoredFile stored = source.stat(name).orElseThrow();
        return new DataFile("", name, stored.bytes(), 0, stored.etag());
    }

    private static PlannedFile planned(DataFile... files) {
        return new PlannedFile("", List.of(files).stream().map(Slice::whole).toList());
    }

    private FileWriting writing(CompactionSettings settings) {
        return new FileWriting("t", source, target, "new/", commits, "compact", settings);
    }

    private FileOutcome write(SparkSession spark, CompactionSettings settings, PlannedFile file) {
        return writing(settings).write(spark, List.of(file)).get(0);
    }

    /** All rows of files as texts, in the order in which they lie there. */
    private List<String> rows(Written written) {
        return written.files().stream()
                .flatMap(file ->
                        sql("select t::varchar from '"
                                        + target.localPath(file.path()).orElseThrow() + "' t")
                                .stream())
                .toList();
    }

    private List<String> rowsIn(String... names) {
        List<String> rows = new ArrayList<>();
        for (String name : names) {
            rows.addAll(sql("select t::varchar from '" + root.resolve("in").resolve(name) + "' t"));
        }
        return rows;
    }

    @Test
    void mergesPages(SparkSession spark) {
        PlannedFile file = planned(file("a.parquet", COLUMNS, 0, 1000), file("b.parquet", COLUMNS, 1000, 1500));

        Written written = (Written) write(spark, CompactionSettings.DEFAULT, file);

        assertThat(written.rewritten()).isEmpty();
        assertThat(written.files()).hasSize(1);
        assertThat(written.files().get(0).rows()).isEqualTo(1500);
        assertThat(rows(written)).isEqualTo(rowsIn("a.parquet", "b.parquet"));
    }

    @Test
    void findsWhatIsWrittenAlready(SparkSession spark) {
        List<PlannedFile> files = List.of(
                planned(file("a.parquet", COLUMNS, 0, 10), file("b.parquet", COLUMNS, 10, 20)),
                planned(file("c.parquet", COLUMNS, 20, 30), file("d.parquet", COLUMNS, 30, 40, "codec snappy")));

        List<FileOutcome> first = writing(CompactionSettings.DEFAULT).write(spark, files);
        List<FileOutcome> again = writing(CompactionSettings.DEFAULT).write(spark, files);

        assertThat(first).allMatch(outcome -> outcome instanceof Written);
        assertThat(again).isEqualTo(first);
        assertThat(target.list("")).hasSize(2);
    }

    @Test
    void doneTwiceAtOnceItIsDoneOnce(SparkSession spark) throws Exception {
        List<PlannedFile> files = List.of(
                planned(file("a.parquet", COLUMNS, 0, 10), file("b.parquet", COLUMNS, 10, 20)),
                planned(file("c.parquet", COLUMNS, 20, 30), file("d.parquet", COLUMNS, 30, 40, "codec snappy")));
        ExecutorService twice = Executors.newFixedThreadPool(2);
        try {
            List<Future<List<FileOutcome>>> outcomes = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                outcomes.add(
                        twice.submit(() -> writing(CompactionSettings.DEFAULT).write(spark, files)));
            }

            assertThat(outcomes.get(0).get()).isEqualTo(outcomes.get(1).get()).hasSize(2);
            assertThat(target.list("")).hasSize(2);
        } finally {
            twice.shutdown();
        }
    }

    @Test
    void rewritesWhatPagesCannotMakeAndSaysWhy(SparkSession spark) {
        PlannedFile file =
                planned(file("a.parquet", COLUMNS, 0, 1000), file("b.parquet", COLUMNS, 1000, 1500, "codec snappy"));

        assertThat(write(spark, PAGES, file))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.why())
                                .contains("codecs differ in column id: ZSTD before, SNAPPY in ", "b.parquet"));
        Written written = (Written) write(spark, CompactionSettings.DEFAULT, file);

        assertThat(written.rewritten()).startsWith("codecs differ in column id");
        assertThat(rows(written)).containsExactlyInAnyOrderElementsOf(rowsIn("a.parquet", "b.parquet"));
    }

    @Test
    void cutsFilesAtRows(SparkSession spark) {
        DataFile a = file("a.parquet", COLUMNS, 0, 1000);
        DataFile b = file("b.parquet", COLUMNS, 1000, 1500);
        PlannedFile first = new PlannedFile("", List.of(Slice.whole(a), new Slice(b, 0, 123, 0, Slice.NO_GROUP)));
        PlannedFile second =
                new PlannedFile("", List.of(new Slice(b, 123, Slice.LAST_ROW, Slice.NO_GROUP, Slice.LAST_GROUP)));

        List<FileOutcome> outcomes = writing(CompactionSettings.DEFAULT).write(spark, List.of(first, second));

        List<String> rows = new ArrayList<>(rows((Written) outcomes.get(1)));
        assertThat(rows).hasSize(377);
        rows.addAll(rows((Written) outcomes.get(0)));
        assertThat(rows).containsExactlyInAnyOrderElementsOf(rowsIn("a.parquet", "b.parquet"));
        assertThat(((Written) outcomes.get(0)).rewritten())
                .startsWith("rows of one row group of ")
                .endsWith("b.parquet come to different files");
    }

    @Test
    void cutsFilesAtRowGroupsByPages(SparkSession spark) {
        DataFile a = file("a.parquet", COLUMNS, 0, 5000, "row_group_size 2048");
        PlannedFile first = new PlannedFile("", List.of(new Slice(a, 0, 2048, 0, 1)));
        PlannedFile second = new PlannedFile("", List.of(new Slice(a, 2048, Slice.LAST_ROW, 1, Slice.LAST_GROUP)));

        List<FileOutcome> outcomes = writing(PAGES).write(spark, List.of(first, second));

        List<String> rows = new ArrayList<>(rows((Written) outcomes.get(0)));
        assertThat(rows).hasSize(2048);
        rows.addAll(rows((Written) outcomes.get(1)));
        assertThat(rows).isEqualTo(rowsIn("a.parquet"));
    }

    @Test
    void widensColumnsThatDrifted(SparkSession spark) {
        PlannedFile file = planned(
                file("a.parquet", "i::int as id, i::int as amount, {'x': i::int} as s", 0, 10),
                file("b.parquet", "i::bigint as amount, {'x': i::bigint, 'y': 'new'} as s, i::int as id", 10, 20),
                file("c.parquet", "i::int as id, i::decimal(20, 2) as amount, [i] as added", 20, 30),
                file("d.parquet", "i::int as id, i::float as added_late", 30, 40));

        Written written = (Written) write(spark, CompactionSettings.DEFAULT, file);

        assertThat(written.rewritten()).startsWith("schema differs in column ");
        String path =
                target.localPath(written.files().get(0).path()).orElseThrow().toString();
        assertThat(sql("select column_name || ' ' || column_type from (describe from '" + path + "')"))
                .containsExactly(
                        "id INTEGER",
                        "amount DECIMAL(21,2)",
                        "s STRUCT(x BIGINT, y VARCHAR)",
                        "added BIGINT[]",
                        "added_late FLOAT");
        assertThat(sql("select (id, amount, s, added, added_late)::varchar from '" + path
                        + "' where id % 10 = 1 order by id"))
                .containsExactly(
                        "(1, 1.00, {'x': 1, 'y': NULL}, NULL, NULL)",
                        "(11, 11.00, {'x': 11, 'y': new}, NULL, NULL)",
                        "(21, 21.00, NULL, [21], NULL)",
                        "(31, NULL, NULL, NULL, 31.0)");
    }

    @Test
    void doesTheRestWhereOneFails(SparkSession spark) throws IOException {
        PlannedFile conflict = planned(
                file("a.parquet", "i as id, i as amount", 0, 10), file("b.parquet", "i as id, 'x' as amount", 0, 10));
        PlannedFile broken = planned(file("c.parquet", "i as id", 0, 10), file("d.parquet", "i as id", 0, 10));
        PlannedFile page = planned(file("e.parquet", "i as id", 0, 9000), file("f.parquet", "i as id", 0, 10));
        PlannedFile good = planned(file("g.parquet", "i as id", 0, 10), file("h.parquet", "i as id", 0, 10));
        Files.write(root.resolve("in/d.parquet"), new byte[100]);
        PlannedFile truncated = planned(broken.files().get(0), listed("d.parquet"));
        try (RandomAccessFile file =
                new RandomAccessFile(root.resolve("in/e.parquet").toFile(), "rw")) {
            file.seek(4);
            file.write(new byte[50]);
        }
        PlannedFile damaged = planned(listed("e.parquet"), page.files().get(1));

        for (CompactionSettings settings : List.of(CompactionSettings.DEFAULT, REWRITE)) {
            commits = Accesses.commits(
                    Accesses.open(root.resolve("staging-" + settings.engine()).toString()), Accesses.run(1));
            List<FileOutcome> outcomes = writing(settings).write(spark, List.of(conflict, truncated, damaged, good));

            assertThat(why(outcomes.get(0)))
                    .startsWith("Cannot merge files of different types in column amount: bigint and string in ")
                    .contains("b.parquet");
            assertThat(why(outcomes.get(1))).contains("d.parquet").startsWith("Cannot ");
            assertThat(why(outcomes.get(2))).contains("e.parquet").startsWith("Cannot ");
            assertThat(outcomes.get(3)).isInstanceOf(Written.class);
        }
    }

    private static String why(FileOutcome outcome) {
        return ((Failed) outcome).why();
    }

    @Test
    void sortsRowsWithinEachFile(SparkSession spark) {
        PlannedFile file = planned(
                file("a.parquet", "i as id, i % 7 as week", 0, 100),
                file("b.parquet", "i as id, i % 7 as week", 100, 200));
        CompactionSettings sorted = new CompactionSettings(Engine.AUTO, List.of("week", "id"));

        Written written = (Written) write(spark, sorted, file);

        assertThat(written.rewritten()).isEqualTo("sort-by: week, id");
        String path =
                target.localPath(written.files().get(0).path()).orElseThrow().toString();
        assertThat(sql("select id from '" + path + "'"))
                .isEqualTo(sql("select i from range(200) t(i) order by i % 7, i"));
    }

    @Test
    void keepsNestedAndOldValuesInOddFoldersWhenItRewrites(SparkSession spark) throws IOException {
        String columns = "i as id, map {'a': i, 'b': null} as m, [{'d': i::decimal(9,2)}] as l,"
                + " date '0001-01-01' + i::int as day, timestamp '1200-01-01' + interval (i) hour as at,"
                + " 'nan'::double as n, -0.0::double as z, 'é' as t, 'x'::blob as b, i as \"a.b `c`\"";
        String partition = "odd=a %2F+é=#1/";
        Files.createDirectories(root.resolve("in").resolve(partition));
        DataFile a = file(partition + "a b%20.parquet", columns, 0, 50);

        Written written = (Written) write(spark, REWRITE, new PlannedFile(partition, List.of(Slice.whole(a))));

        assertThat(written.rewritten()).isEqualTo("engine: rewrite");
        assertThat(written.files().get(0).path()).startsWith("new/" + partition + "g");
        assertThat(rows(written)).isEqualTo(rowsIn(a.path()));
    }

    /** A storage that keeps another file than what it is given. */
    private record Swapping(Storage storage, String file) implements ForwardingStorage {
        @Override
        public Upload create(String path) {
            Upload upload = storage.create(path);
            return new Upload() {
                @Override
                public OutputStream stream() {
                    return OutputStream.nullOutputStream();
                }

                @Override
                public long bytes() {
                    return upload.bytes();
                }

                @Override
                public StoredFile commit() {
                    try {
                        Files.copy(Path.of(file), upload.stream());
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                    return upload.commit();
                }

                @Override
                public void close() {
                    upload.close();
                }
            };
        }
    }

    @Test
    void noticesWhenOtherValuesAreStoredThanWereWritten(SparkSession spark) {
        PlannedFile file = planned(
                file("a.parquet", "i as id, i % 10 as digit, [i] as l", 0, 1000),
                file("b.parquet", "i as id, i % 10 as digit, [i] as l", 1000, 1500));
        String digit = "case when i = 700 then 1 else i % 10 end";
        file("value.parquet", "i as id, " + digit + " as digit, [i] as l", 0, 1500);
        file("null.parquet", "i as id, i % 10 as digit, case when i = 7 then null else [i] end as l", 0, 1500);
        file("rows.parquet", "i as id, i % 10 as digit, [i] as l", 0, 1499);
        Storage honest = target;

        for (CompactionSettings settings : List.of(PAGES, REWRITE)) {
            target = new Swapping(honest, root.resolve("in/value.parquet").toString());
            assertThat(why(write(spark, settings, file)))
                    .matches("Cannot (merge|rewrite) to file:.*new/g.*[.]parquet: column digit: .* checksum .*");
            target = new Swapping(honest, root.resolve("in/null.parquet").toString());
            assertThat(why(write(spark, settings, file)))
                    .matches("Cannot (merge|rewrite) to file:.*: column l.*: .*0 nulls .*1 .*");
            target = new Swapping(honest, root.resolve("in/rows.parquet").toString());
            assertThat(why(write(spark, settings, file)))
                    .matches("Cannot (merge|rewrite) to file:.*: 1500 rows became 1499.*");
        }
        assertThat(honest.list("")).isEmpty();
        assertThat(commits.committed("compact")).isEmpty();
    }

    /** The sizes of the issue at a hundredth: real bytes of files that are not even. */
    @ParameterizedTest
    @CsvSource({"400, 10, 400", "120, 600, 1270", "100, 1000, 1000"})
    void makesFilesAroundTheTarget(int files, int fewest, int most, SparkSession spark) throws IOException {
        Random random = new Random(files);
        List<DataFile> sources = new ArrayList<>();
        // Numbers that do not compress take eight bytes each.
        int from = 0;
        StringBuilder copies = new StringBuilder();
        for (int i = 0; i < files; i++) {
            int rows = (fewest + random.nextInt(most - fewest + 1)) * 1024 / 8;
            copies.append("copy (select (hash(i) >> 1)::bigint as id from range(" + from + ", " + (from + rows)
                    + ") t(i)) to '" + root.resolve("in/f%04d.parquet".formatted(i))
                    + "' (format parquet, codec snappy);");
            from += rows;
        }
        sql(copies.toString());
        for (int i = 0; i < files; i++) {
            sources.add(listed("f%04d.parquet".formatted(i)));
        }
        long target = 1280 * 1024;
        RowGroups groups = file -> FileShape.read(
                        MergeSource.of(source, source.stat(file.path()).orElseThrow()))
                .groups();
        TargetSize size = new TargetSize(target, ExpectedRatio.pilot(source, sources, target));

        PartitionPlan plan = PartitionPlan.of("", sources, size, groups, true);
        List<DataFile> after = new ArrayList<>(plan.kept());
        writing(CompactionSettings.DEFAULT)
                .write(spark, plan.outputs())
                .forEach(outcome -> after.addAll(((Written) outcome).files()));

        assertThat(after)
                .allSatisfy(
                        file -> assertThat(file.bytes()).isBetween(Math.round(target * 0.9), Math.round(target * 1.1)));
        assertThat(PartitionPlan.of("", after, size, groups, true).outputs()).isEmpty();
        assertThat(sql("select count(*) || ' ' || sum(id) from read_parquet("
                        + after.stream()
                                .map(file -> "'" + (file.path().startsWith("new/") ? target(file) : in(file)) + "'")
                                .toList()
                        + ")"))
                .isEqualTo(sql("select count(*) || ' ' || sum((hash(i) >> 1)::bigint) from range(" + from + ") t(i)"));
    }

    private Path target(DataFile file) {
        return target.localPath(file.path()).orElseThrow();
    }

    private Path in(DataFile file) {
        return source.localPath(file.path()).orElseThrow();
    }
}
