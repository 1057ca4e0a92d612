package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Phase;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables of a lake that rows are added to, run after run: what would fit no more is known before it is read. */
class GrowingLakeTest {
    @TempDir
    private Path folder;

    private Trial trial;

    @BeforeEach
    void open() {
        trial = new Trial(folder);
    }

    private Path job(String publish, String partitionBy) {
        return trial.job("grown", """
                job: grown
                source: {json: {at: $HERE/in/}}
                tables: {grown: {columns: {day: {sql: to_date(at)}, hour: {sql: "hour(to_timestamp(at))"}}}}
                lake: {at: $HERE/lake/, publish: %s, partition-by: [%s]}
                """.formatted(publish, partitionBy));
    }

    private void put(String name, String record) throws IOException {
        Files.createDirectories(folder.resolve("in"));
        Files.writeString(folder.resolve("in/" + name), record);
    }

    private List<String> rows(String format, String... columns) {
        return SharedSpark.session()
                .read()
                .format(format)
                .load(folder + "/lake/grown")
                .selectExpr(columns)
                .collectAsList()
                .stream()
                .map(Row::mkString)
                .sorted()
                .toList();
    }

    @Test
    void aSchemaThatIsInferredAnewAddsColumnsAndChangesNone() throws IOException {
        Path job = job("delta", "day");
        put("a.json", "{\"id\":1,\"n\":7,\"at\":\"2026-11-20T05:00:00Z\"}");
        trial.succeed(job);
        put("b.json", "{\"id\":2,\"n\":0.5,\"at\":\"2026-11-20T06:00:00Z\",\"more\":true}");
        trial.succeed(job);
        Trial.Ended refreshed = Trial.command("schema", "refresh", job.toString());
        assertThat(refreshed.code()).as(refreshed.err()).isZero();
        put("c.json", "{\"id\":3,\"n\":0.25,\"at\":\"2026-11-20T07:00:00Z\",\"more\":false}");
        trial.succeed(job);

        assertThat(rows("delta", "concat_ws('|', id, n, _rest, more)"))
                .containsExactly("1|7", "2|{\"/n\":0.5,\"/more\":true}", "3|{\"/n\":0.25}|false");
        assertThat(SharedSpark.session()
                        .read()
                        .format("delta")
                        .load(folder + "/lake/grown")
                        .schema()
                        .apply("n")
                        .dataType()
                        .simpleString())
                .isEqualTo("bigint");
    }

    @ParameterizedTest
    @ValueSource(strings = {"delta", "folders"})
    void otherPartitionsAreRefusedBeforeAnythingIsReadAndTheFilesStayNew(String publish) throws IOException {
        put("a.json", "{\"id\":1,\"at\":\"2026-11-20T05:00:00Z\"}");
        trial.succeed(job(publish, "day"));
        put("b.json", "{\"id\":2,\"at\":\"2026-11-21T06:00:00Z\"}");
        Trial.Ended refused = trial.run(job(publish, "day, hour"));
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err())
                .contains("Invalid lake.partition-by: [day, hour]: table file://" + folder
                        + "/lake/grown/ is partitioned by [day]; write to another table, or rewrite that one");
        // The run had read nothing, so it is given up, and what it would have read is still to be read.
        trial.succeed(job(publish, "day"));
        assertThat(rows(publish.equals("delta") ? "delta" : "parquet", "id")).containsExactly("1", "2");
    }

    @Test
    void whoPublishesNeedsNoTableToReadFrom() {
        Items.table(
                "gone-before-publish", List.of("PK:S"), List.of("{\"PK\":{\"S\":\"a\"}}", "{\"PK\":{\"S\":\"b\"}}"));
        Path job = trial.job("table", """
                job: grown
                source: {dynamodb: {table: gone-before-publish, endpoint: $SERVER, segments: 1}}
                tables: {gone-before-publish: {name: grown}}
                lake: {at: $HERE/lake/}
                """);
        Trial.Ended read = trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT), job);
        assertThat(read.code()).as(read.err()).isZero();
        DynamoDbLocal.client().deleteTable(r -> r.tableName("gone-before-publish"));
        Trial.Ended published = trial.run(List.of(Phase.COMPACT, Phase.PUBLISH), job);
        assertThat(published.code()).as(published.err()).isZero();
        assertThat(folder.resolve("lake/grown_current.json")).exists();
    }
}
