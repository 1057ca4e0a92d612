package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStream;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.RunStore;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The gate refuses, readers keep what they have, and the next run goes on. */
class RefusedRunTest {
    @TempDir
    private Path folder;

    private Path job(Trial trial, String name, String gate) {
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: refused-%1$s, endpoint: $SERVER, segments: 1}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w%2$s}
                """.formatted(name, gate));
    }

    private static void fill(String name) {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            items.add("{\"id\": {\"S\": \"" + i + "\"}, \"email\": {\"S\": \"" + i % 9 + "\"}, \"n\": "
                    + (i == 3 ? "{\"S\": \"three\"}" : "{\"N\": \"" + i + "\"}") + "}");
        }
        Items.table("refused-" + name, List.of("id:S"), items);
    }

    @Test
    void everyCheckThatFailsIsNamedAndLiveStays() {
        fill("checks");
        Trial trial = new Trial(folder);
        Path job = job(trial, "checks", "");
        trial.succeed(job);
        for (int i = 7; i < 10; i++) {
            String id = Integer.toString(i);
            DynamoDbLocal.client()
                    .deleteItem(r -> r.tableName("refused-checks").key(Map.of("id", AttributeValue.fromS(id))));
        }
        Items.put("refused-checks", List.of("{\"id\": {\"S\": \"0\"}, \"email\": {\"S\": \"1\"}}"));

        job(
                trial,
                "checks",
                ", gate: {max-shrink: 20%, min-rows: {refused_checks: 8}, "
                        + "not-null: {refused_checks: [id, n]}, unique: {refused_checks: [id, email]}}");
        OpenJob open = trial.open(job);
        List<String> before = trial.query(open, "SELECT * FROM w.refused_checks ORDER BY id");
        String live = trial.query(open, "SELECT run FROM _millrace.version").get(0);
        Trial.Ended refused = trial.run(job);
        RunStore run = trial.run(open);
        assertThat(refused.code()).as(refused.err()).isEqualTo(3);
        assertThat(refused.err().lines())
                .containsExactly(
                        "The gate refused run " + run.id() + "; live is as it was:",
                        "refused_checks: max-shrink: expected at least 8 (20 % below live's 10), found 7",
                        "refused_checks: min-rows: expected at least 8, found 7",
                        "refused_checks: not-null (n): expected 0 rows without a value, found 2",
                        "refused_checks: unique (email): expected 0 repeated rows, found 1");
        assertThat(trial.query(open, "SELECT * FROM w.refused_checks ORDER BY id"))
                .isEqualTo(before)
                .hasSize(10);
        assertThat(trial.query(open, "SELECT run FROM _millrace.version")).containsExactly(live);
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(run.record().orElseThrow().gate())
                .anyMatch(check ->
                        check.rule().equals("min-rows") && check.actual().equals("7") && !check.passed())
                .anyMatch(check -> check.rule().equals("unique (id)") && check.passed());

        Trial.Ended status = Trial.command("status", job.toString());
        assertThat(status.out())
                .contains("live       run " + live + ", commit 1\n")
                .contains("run " + run.id() + "  refused\n")
                .contains("refused_checks: min-rows: expected at least 8, found 7");

        Trial.Ended again = trial.run(job, "--run", run.id().value());
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).startsWith("Run " + run.id() + " has ended: refused: The gate refused run " + run.id());

        job(trial, "checks", ", gate: {max-shrink: 30%, min-rows: {refused_checks: 7}}");
        trial.succeed(job);
        assertThat(trial.query(open, "SELECT count(*) FROM w.refused_checks")).containsExactly("7");
    }

    @Test
    void aRuleForWhatTheRunDoesNotHaveIsToldBeforeAnythingIsRead() {
        fill("names");
        Trial trial = new Trial(folder);
        Path job = job(trial, "names", "");
        trial.succeed(job);
        job(trial, "names", ", gate: {min-rows: {refused_name: 1}, not-null: {refused_names: [id, town]}}");
        Trial.Ended refused = trial.run(job);
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err().lines())
                .containsExactly(
                        "Invalid gate: min-rows: no table refused_name: the run has refused_names",
                        "Invalid gate: not-null: no column town in table refused_names: it has id, email, n, _rest");
        RunStore run = trial.run(trial.open(job));
        assertThat(run.units().committed(Phase.EXTRACT.label())).isEmpty();
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.ABANDONED);
        job(trial, "names", ", gate: {min-rows: {refused_names: 1}}");
        trial.succeed(job);
    }

    @Test
    void tooManyQuarantinedItemsAreRefusedAndShown() throws IOException {
        fill("quarantine");
        Trial trial = new Trial(folder);
        Path job = job(trial, "quarantine", ", gate: {max-quarantine: 5%}");
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA), job).code()).isZero();
        damage("\"id\":{\"S\":\"4\"}", "\"id\":{\"Q\":\"4\"}");
        Trial.Ended refused = trial.run(job);
        OpenJob open = trial.open(job);
        RunStore run = trial.run(open);
        assertThat(refused.code()).as(refused.err()).isEqualTo(3);
        assertThat(refused.err().lines())
                .containsExactly(
                        "The gate refused run " + run.id() + "; live is as it was:",
                        "max-quarantine: expected at most 5 % of 10 rows, found 1 (10 %)");
        assertThat(Trial.live(open)).doesNotExist();
        assertThat(run.record()
                        .orElseThrow()
                        .tables()
                        .get("refused_quarantine")
                        .counts()
                        .quarantined())
                .isEqualTo(1);
        assertThat(trial.query(
                        open,
                        "SELECT table_name, line > 0, item LIKE '%\"Q\":\"4\"%' FROM '" + folder
                                + "/staging/quarantine/quarantine/" + run.id() + "/datalake/*.parquet'"))
                .containsExactly("refused_quarantine|true|true");

        // What was read again is sound.
        Trial.Ended next = trial.succeed(job);
        assertThat(next.out()).contains("every row accounted for: 10 read = 10 written\n");
        assertThat(trial.query(open, "SELECT count(*) FROM w.refused_quarantine"))
                .containsExactly("10");
    }

    /** Changes what was spooled, as a defective source would have sent it. */
    private void damage(String sound, String broken) throws IOException {
        Path spooled;
        try (Stream<Path> walk = Files.walk(folder)) {
            spooled = walk.filter(file -> file.toString().endsWith(".json.zst"))
                    .findFirst()
                    .orElseThrow();
        }
        String text;
        try (ZstdInputStream in = new ZstdInputStream(Files.newInputStream(spooled))) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        assertThat(text).contains(sound);
        Files.write(spooled, Zstd.compress(text.replace(sound, broken).getBytes(StandardCharsets.UTF_8)));
    }
}
