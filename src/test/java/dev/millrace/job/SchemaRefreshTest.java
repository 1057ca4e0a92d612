package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.dynamodb.Spool;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseRecord;
import dev.millrace.run.PhaseState;
import dev.millrace.schema.Census;
import dev.millrace.schema.Inference;
import dev.millrace.schema.SchemaCache;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.AskedDynamoDb;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** What a data-schema does while it is young and when it is inferred anew. */
class SchemaRefreshTest {
    private static final String COLUMNS = "SELECT column_name, data_type FROM information_schema.columns "
            + "WHERE table_schema = 'w' AND table_name = 'refreshed' ORDER BY ordinal_position";

    @TempDir
    private Path folder;

    @Test
    void aNewAttributeIsKeptAsideUntilTheSchemaIsRefreshed() {
        Items.table(
                "refreshed",
                List.of("id:S"),
                List.of(
                        "{\"id\": {\"S\": \"1\"}, \"count\": {\"N\": \"1\"}, \"old\": {\"S\": \"x\"}}",
                        "{\"id\": {\"S\": \"2\"}, \"count\": {\"N\": \"2\"}}"));
        Trial trial = new Trial(folder);
        Path job = trial.job("job", """
                job: refresh
                source: {dynamodb: {table: refreshed, endpoint: $SERVER, segments: 2}}
                schema: {refresh: 7d}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/live.duckdb}, schema: w}
                """);
        assertThat(trial.succeed(job).out()).contains("schema     version 1\n");
        OpenJob open = trial.open(job);
        assertThat(trial.query(open, COLUMNS))
                .containsExactly("id|VARCHAR", "count|BIGINT", "old|VARCHAR", "_rest|VARCHAR");

        Items.put(
                "refreshed",
                List.of(
                        "{\"id\": {\"S\": \"1\"}, \"count\": {\"S\": \"many\"}}",
                        "{\"id\": {\"S\": \"2\"}, \"count\": {\"N\": \"2.5\"}}",
                        "{\"id\": {\"S\": \"3\"}, \"Count\": {\"S\": \"a\"}, \"count\": {\"N\": \"3\"}}",
                        "{\"id\": {\"S\": \"4\"}, \"count\": {\"S\": \"lots\"}}",
                        "{\"id\": {\"S\": \"5\"}, \"count\": {\"S\": \"few\"}}"));
        trial.later(Duration.ofDays(1));
        assertThat(trial.succeed(job).out()).contains("schema     version 1\n");
        assertThat(open.schemas().latest().orElseThrow().schema().version()).isEqualTo(1);
        // The census was not taken: the phase has no units.
        assertThat(trial.run(open).units().committed(Phase.INFER_SCHEMA.label()))
                .isEmpty();
        PhaseRecord inferred =
                trial.run(open).record().orElseThrow().phase(Phase.INFER_SCHEMA).orElseThrow();
        assertThat(inferred.state()).isEqualTo(PhaseState.DONE);
        assertThat(inferred.unitsAll()).isZero();
        assertThat(trial.query(open, "SELECT id, count, _rest FROM w.refreshed ORDER BY id"))
                .containsExactly(
                        "1|null|{\"/count\":{\"S\":\"many\"}}",
                        "2|null|{\"/count\":{\"N\":\"2.5\"}}",
                        "3|3|{\"/Count\":{\"S\":\"a\"}}",
                        "4|null|{\"/count\":{\"S\":\"lots\"}}",
                        "5|null|{\"/count\":{\"S\":\"few\"}}");
        assertThat(trial.run(open)
                        .record()
                        .orElseThrow()
                        .tables()
                        .get("refreshed")
                        .counts()
                        .rescued())
                .isEqualTo(5);

        trial.later(Duration.ofDays(7));
        assertThat(trial.succeed(job).out()).contains("schema     version 2\n");
        assertThat(trial.run(open).units().committed(Phase.INFER_SCHEMA.label()))
                .isEmpty();
        // Texts are the majority by now: the column stays one of numbers, and is wide enough for all of them.
        assertThat(trial.query(open, COLUMNS))
                .containsExactly(
                        "id|VARCHAR", "count|DECIMAL(20,1)", "old|VARCHAR", "count_37bac4|VARCHAR", "_rest|VARCHAR");
        assertThat(trial.query(open, "SELECT id, count, count_37bac4, _rest FROM w.refreshed ORDER BY id"))
                .containsExactly(
                        "1|null|null|{\"/count\":{\"S\":\"many\"}}",
                        "2|2.5|null|null",
                        "3|3.0|a|null",
                        "4|null|null|{\"/count\":{\"S\":\"lots\"}}",
                        "5|null|null|{\"/count\":{\"S\":\"few\"}}");
        assertThat(open.schemas().load(1).schema().version()).isEqualTo(1);
        assertThat(trial.run(open)
                        .record()
                        .orElseThrow()
                        .tables()
                        .get("refreshed")
                        .schemaVersion())
                .isEqualTo(2);
    }

    /** Two kinds, one of them with hidden attributes; numbers that get wider; an item that has expired. */
    private static void grow(String table) {
        Items.put(
                table,
                List.of(
                        "{\"id\": {\"S\": \"1\"}, \"t\": {\"S\": \"Known\"}, \"n\": {\"N\": \"1.25\"}, \"secret\": {\"S\": \"x\"}}",
                        "{\"id\": {\"S\": \"2\"}, \"t\": {\"S\": \"Known\"}, \"n\": {\"S\": \"many\"}, \"new\": {\"M\": {\"a\": "
                                + "{\"L\": [{\"N\": \"1\"}, {\"M\": {\"b\": {\"NULL\": true}, \"c\": {\"BS\": [\"AA==\"]}}}]}}}}",
                        "{\"id\": {\"S\": \"3\"}, \"t\": {\"S\": \"Young\"}, \"x\": {\"SS\": [\"b\", \"a\"]}, \"secret\": {\"N\": \"1\"}}",
                        "{\"id\": {\"S\": \"4\"}, \"t\": {\"S\": \"Known\"}, \"late\": {\"S\": \"x\"}, \"ttl\": {\"N\": \"1700000000\"}}",
                        "{\"id\": {\"S\": \"5\"}, \"t\": {\"NULL\": true}, \"odd\": {\"BOOL\": true}}"));
    }

    private static Path job(Trial trial, String name, String table, String endpoint) {
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: %2$s, endpoint: "%3$s", segments: 3, expire: ttl}}
                schema: {kind: t, refresh: 7d}
                tables: {Known: {drop: [secret]}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w}
                """.formatted(name, table, endpoint));
    }

    @Test
    void aRefreshReadsNothingAndInfersWhatAFullCountWould() throws IOException {
        String table = "refresh-unread";
        Items.table(
                table,
                List.of("id:S"),
                List.of("{\"id\": {\"S\": \"1\"}, \"t\": {\"S\": \"Known\"}, \"n\": {\"N\": \"7\"}}"));
        Trial trial = new Trial(folder);
        try (AskedDynamoDb server = new AskedDynamoDb()) {
            Path job = job(trial, "kept", table, server.endpoint().toString());
            trial.succeed(job);
            grow(table);
            trial.later(Duration.ofDays(1));
            trial.succeed(job);
            OpenJob open = trial.open(job);
            assertThat(open.schemas().latest().orElseThrow().schema().version()).isEqualTo(1);
            // Each of the three segments was asked for once by each run, and by nobody else.
            assertThat(server.asked().stream().filter("Scan"::equals)).hasSize(6);

            trial.later(Duration.ofDays(7));
            assertThat(trial.run(List.of(Phase.INFER_SCHEMA), job).code()).isZero();
            assertThat(server.asked().stream().filter("Scan"::equals)).hasSize(6);
            assertThat(trial.run(open).units().committed(Spool.PHASE)).isEmpty();
            assertThat(trial.run(open).units().committed(Phase.INFER_SCHEMA.label()))
                    .isEmpty();
            assertThat(open.staging().list(trial.run(open).path("census/"))).isEmpty();

            Path counted = job(trial, "counted", table, server.endpoint().toString());
            assertThat(trial.run(List.of(Phase.INFER_SCHEMA), counted).code()).isZero();
            assertThat(server.asked().stream().filter("Scan"::equals)).hasSize(9);
            Census full = trial.open(counted).schemas().load(1).census();
            SchemaCache expected =
                    new SchemaCache(Storages.open(folder.resolve("expected").toString(), StorageOptions.DEFAULT));
            expected.add(Inference.infer(full, open.schemas().load(1).schema(), false), full);
            assertThat(folder.resolve("staging/kept/schema/2.json"))
                    .hasSameBinaryContentAs(folder.resolve("expected/2.json"));

            trial.succeed(job);
            assertThat(trial.liveRows(open))
                    .containsExactly("_unknown|1", "known|2", "known__new__a|2", "young|1", "young__x|2");
        }
    }

    /** As the weekly start does: hourly runs that do not refresh the schema have the new version from then on. */
    @Test
    void aDataSchemaIsRefreshedWithoutARun() {
        String table = "refresh-alone";
        Items.table(
                table,
                List.of("id:S"),
                List.of("{\"id\": {\"S\": \"1\"}, \"t\": {\"S\": \"Known\"}, \"n\": {\"N\": \"7\"}}"));
        Trial trial = new Trial(folder);
        Path job = job(trial, "alone", table, "$SERVER");
        assertThat(Trial.command("schema", "refresh", job.toString()).out())
                .isEqualTo("job alone: nothing to infer from: there is no data-schema yet, its first run infers one\n");
        trial.succeed(job);
        assertThat(Trial.command("schema", "refresh", job.toString()).out())
                .isEqualTo("job alone: data-schema version 1 holds all that the last run met\n");
        grow(table);
        trial.succeed(job);

        // As Glue starts it.
        StringWriter out = new StringWriter();
        CommandLine entry = new CommandLine(new Pipeline()).setOut(new PrintWriter(out, true));
        assertThat(Millrace.execute(entry, "--job-file", job.toString(), "--refresh-schema", "true"))
                .isZero();

        OpenJob open = trial.open(job);
        assertThat(out.toString()).startsWith("job alone: data-schema version 2 is written, from version 1\n");
        assertThat(open.store().runs()).hasSize(2);
        assertThat(open.store().unfinished()).isEmpty();
        assertThat(trial.succeed(job).out()).contains("schema     version 2\n");
    }

    @Test
    void aDataSchemaThatHoldsAllIsNotWrittenAnew() {
        String table = "refresh-same";
        Items.table(
                table,
                List.of("id:N"),
                List.of(
                        "{\"id\": {\"N\": \"1\"}, \"t\": {\"S\": \"Known\"}, \"n\": {\"N\": \"7\"}, \"was\": {\"S\": \"x\"}}",
                        "{\"id\": {\"N\": \"2\"}, \"t\": {\"S\": \"Gone\"}}"));
        Trial trial = new Trial(folder);
        Path job = job(trial, "same", table, "$SERVER");
        trial.succeed(job);
        // What vanishes is no reason for another version.
        DynamoDbLocal.client().deleteItem(r -> r.tableName(table).key(Map.of("id", AttributeValue.fromN("2"))));
        Items.put(table, List.of("{\"id\": {\"N\": \"1\"}, \"t\": {\"S\": \"Known\"}, \"n\": {\"N\": \"8\"}}"));
        trial.later(Duration.ofDays(8));
        trial.succeed(job);
        trial.later(Duration.ofDays(8));
        assertThat(trial.succeed(job).out()).contains("schema     version 1\n");
        OpenJob open = trial.open(job);
        assertThat(open.schemas().latest().orElseThrow().schema().version()).isEqualTo(1);
        assertThat(trial.liveRows(open)).containsExactly("gone|0", "known|1");
    }
}
