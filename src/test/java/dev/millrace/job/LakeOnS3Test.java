package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.S3Front;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.DataFrameReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs over files whose source, staging and lake all lie in S3. */
class LakeOnS3Test {
    private static final String JOB = """
            job: access
            source: {json: {at: "%1$s/records/{yyyy}/{MM}/{dd}/{HH}/", lookback: 36500d, group-size: 1KB}}
            tables:
              access_record:
                columns:
                  id: id
                  user: {from: user, type: bigint}
                  day: {sql: "to_date(substring(id, 1, 10))"}
                deduplicate: {key: [id], against: %4$s}
            staging: {at: "%1$s/staging", keep: 7d}
            s3: {endpoint: "%2$s", path-style: true}
            lake: {at: "%1$s/the lake", publish: %3$s, partition-by: [day], also: [{partition-by: [user, day]}]}
            """;

    /** Fills a file, so that it is a unit of its own. */
    private static final String WIDE = " ".repeat(1000);

    private static final Map<String, String> EARLY = Map.of(
            "2026/11/20/05/a.json", "{\"id\":\"2026-11-20 a1\",\"user\":1}{\"id\":\"2026-11-20 a2\",\"user\":2}",
            "2026/11/20/06/b.json", "{\"id\":\"2026-11-20 b1\",\"user\":1}{\"id\":\"2026-11-20 b",
            "2026/11/21/05/c.json", "{\"id\":\"2026-11-21 c1\",\"user\":3}{\"id\":\"2026-11-20 a1\",\"user\":7}");
    private static final List<String> EARLY_ROWS =
            List.of("2026-11-20 a1|1", "2026-11-20 a2|2", "2026-11-20 b1|1", "2026-11-21 c1|3");

    /** A late file, one that repeats what the table has, and one that was rewritten. */
    private static final Map<String, String> MORE = Map.of(
            "2026/11/19/23/d.json", "{\"id\":\"2026-11-19 d1\",\"user\":1}",
            "2026/11/21/07/e.json", "{\"id\":\"2026-11-20 a2\",\"user\":9}{\"id\":\"2026-11-21 e1\",\"user\":3}",
            "2026/11/20/06/b.json", "{\"id\":\"2026-11-20 b1\",\"user\":5}{\"id\":\"2026-11-20 b2\",\"user\":1}");

    private static final List<String> ALL_ROWS = List.of(
            "2026-11-19 d1|1",
            "2026-11-20 a1|1",
            "2026-11-20 a2|2",
            "2026-11-20 b1|5",
            "2026-11-20 b2|1",
            "2026-11-21 c1|3",
            "2026-11-21 e1|3");

    @TempDir
    private Path folder;

    private Trial trial;
    private Storage root;

    @BeforeEach
    void open() {
        trial = new Trial(folder);
        root = Storages.open("s3://" + S3Server.newBucket() + "/a prefix", S3Server.options());
    }

    @AfterEach
    void calm() {
        S3Server.front().calm();
    }

    private Path job(String publish, String against) {
        String at = root.root().substring(0, root.root().length() - 1);
        return trial.job("access", JOB.formatted(at, S3Server.front().uri(), publish, against));
    }

    private void put(Map<String, String> files) {
        files.forEach((path, text) -> root.put("records/" + path, (text + WIDE).getBytes(StandardCharsets.UTF_8)));
    }

    private List<String> rows(String format, String table) {
        DataFrameReader reader = SharedSpark.session().read().format(format);
        return reader
                .load(root.uri("the lake/" + table).replace("s3://", "s3a://"))
                .selectExpr("concat(id, '|', user)")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .sorted()
                .toList();
    }

    @Test
    void becomeADeltaTableWithEachRecordOnceThoughARunIsStopped() {
        Path job = job("delta", "table, within: 7d");
        put(EARLY);
        Trial.Ended first = trial.succeed(job);

        assertThat(first.out()).contains("every row accounted for: 6 read = 4 written + 1 quarantined + 1 duplicates");
        assertThat(rows("delta", "access_record")).isEqualTo(EARLY_ROWS);
        assertThat(trial.succeed(job).out()).isEqualTo("nothing new: job access has read all there is\n");

        put(MORE);
        // What is written when the table has the commit, and the second layout does not.
        Effects stopped = Effects.stoppingAtFirst("access_record.athena.sql");
        assertThat(trial.through(stopped.storages()).run(job).code()).isEqualTo(1);
        assertThat(rows("delta", "access_record")).isEqualTo(ALL_ROWS);
        assertThat(rows("delta", "access_record_by_user_day")).isEqualTo(EARLY_ROWS);
        // The lock of a process that is dead, on a host that nobody can ask, ends by its lease.
        trial.later(Duration.ofMinutes(5)).through(Storages::open);
        assertThat(trial.succeed(job).out()).contains("every row accounted for: 5 read = 4 written + 1 duplicates");

        assertThat(rows("delta", "access_record")).isEqualTo(ALL_ROWS);
        assertThat(rows("delta", "access_record_by_user_day")).isEqualTo(ALL_ROWS);
        assertThat(trial.open(job).store().ledger().commits())
                .extracting(Commit::n)
                .containsExactly(1L, 2L);
        assertThat(root.names("the lake/access_record/_delta_log/"))
                .filteredOn(name -> name.endsWith(".json"))
                .containsExactly("00000000000000000000.json", "00000000000000000001.json");
        assertThat(root.list("staging/"))
                .extracting(StoredFile::path)
                .anyMatch(path -> path.contains("/units/compact/"));
    }

    /** Answers to our client, to S3A and to Delta's log alike; each request is sent again. */
    @Test
    void endRightWhenTheFirstAnswerToEveryRequestForTheTableIsLost() {
        Path job = job("delta", "table, within: 7d");
        put(EARLY);
        trial.succeed(job);
        put(MORE);
        S3Front front = S3Server.front();
        front.forget();
        front.loseFirstAnswers(request -> request.contains("/the%20lake/access_record/"));
        trial.succeed(job);
        front.calm();

        assertThat(front.broken())
                .anyMatch(request -> request.matches("LOSE_ANSWER PUT .*/_delta_log/0{19}1[.]json"))
                .anyMatch(request -> request.matches("LOSE_ANSWER GET .*/_delta_log/0{20}[.]json"))
                .anyMatch(request -> request.matches("LOSE_ANSWER GET .*[.]parquet"));
        assertThat(rows("delta", "access_record")).isEqualTo(ALL_ROWS);
        assertThat(rows("delta", "access_record_by_user_day")).isEqualTo(ALL_ROWS);
        assertThat(trial.open(job).store().ledger().commits()).hasSize(2);
    }

    @Test
    void becomeFolders() throws IOException {
        Path job = job("folders", "batch");
        put(EARLY);
        trial.succeed(job);
        put(MORE);
        trial.succeed(job);

        List<String> expected = Stream.concat(ALL_ROWS.stream(), Stream.of("2026-11-20 a2|9"))
                .sorted()
                .toList();
        assertThat(rows("parquet", "access_record")).isEqualTo(expected);
        for (StoredFile file : root.list("the lake/")) {
            Path path = folder.resolve(file.path());
            Files.createDirectories(path.getParent());
            try (InputStream in = root.open(file.path())) {
                Files.copy(in, path);
            }
        }
        for (String table : List.of("access_record", "access_record_by_user_day")) {
            assertThat(duckdb("select id || '|' || \"user\" from read_parquet('" + folder + "/the lake/" + table
                            + "/**/*.parquet', hive_partitioning = true, union_by_name = true) order by 1"))
                    .as(table)
                    .isEqualTo(expected);
        }
    }

    private static List<String> duckdb(String query) {
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                rows.add(result.getString(1));
            }
            return rows;
        } catch (SQLException e) {
            throw new IllegalStateException(query, e);
        }
    }
}
