package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Phase;
import dev.millrace.run.PhaseRecord;
import dev.millrace.run.PhaseState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
                .hasSize(2);
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
}
