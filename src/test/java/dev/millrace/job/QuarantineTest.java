package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStream;
import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.storage.Storages;
import dev.millrace.testing.AskedDynamoDb;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** What is in quarantine is shown, and taken back once it is understood, without reading the table again. */
class QuarantineTest {
    private static final String LONG = "1234567890123456789012345";

    @TempDir
    private Path folder;

    private static String item(String id, String attributes) {
        return "{\"id\": {\"N\": \"" + id + "\"}" + attributes + "}";
    }

    private static Path job(Trial trial, String name, String endpoint, String more) {
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: quarantine-%1$s, endpoint: "%2$s", segments: 2}}
                staging: {at: $HERE/staging%3$s}
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w}
                """.formatted(name, endpoint, more));
    }

    /** Two items that are live, then a third whose key is too long for its column: the gate refuses the second run. */
    private static Path tooLong(Trial trial, String name, String endpoint) {
        Items.table("quarantine-" + name, List.of("id:N"), List.of(item("1", ""), item("2", "")));
        Path job = job(trial, name, endpoint, "");
        trial.succeed(job);
        Items.put("quarantine-" + name, List.of(item(LONG, ", \"text\": {\"S\": \"new\"}"), item("3", "")));
        Trial.Ended refused = trial.run(job);
        assertThat(refused.code()).as(refused.err()).isEqualTo(3);
        assertThat(refused.err()).contains("max-quarantine: expected at most 0.1 % of 4 rows, found 1 (25 %)");
        return job;
    }

    @Test
    void retryTakesBackWhatAPinMakesUnderstood() throws IOException {
        Trial trial = new Trial(folder);
        try (AskedDynamoDb server = new AskedDynamoDb()) {
            Path job = tooLong(trial, "pinned", server.endpoint().toString());
            OpenJob open = trial.open(job);
            RunStore landed = trial.run(open);
            assertThat(Trial.command("schema", "diff", job.toString()).out())
                    .contains("  ~ id bigint → decimal(25,0): numbers of up to 25 digits");
            assertThat(Trial.command("schema", "pin", job.toString()).code()).isZero();
            // What has come since is not seen: nothing is read.
            Items.put("quarantine-pinned", List.of(item("99", "")));
            long scans = server.asked().stream().filter("Scan"::equals).count();

            Trial.Ended retried = trial.retry(job);
            assertThat(retried.code()).as(retried.err()).isZero();
            assertThat(server.asked().stream().filter("Scan"::equals)).hasSize((int) scans);
            RunStore run = trial.run(open);
            assertThat(retried.out())
                    .contains(
                            "every row accounted for: 4 read = 4 written\n",
                            "schema      version 2\n",
                            "read cost   0 capacity units\n",
                            "taken back  1 item: run " + landed.id() + " had 1 in quarantine, this one has 0\n");
            assertThat(trial.query(open, "SELECT id, text, _rest FROM w.quarantine_pinned ORDER BY id"))
                    .containsExactly("1|null|null", "2|null|null", "3|null|null", LONG + "|new|null");
            assertThat(open.store().ledger().commits())
                    .extracting(Commit::run)
                    .last()
                    .isEqualTo(run.id());
            assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
            Trial.Ended again = trial.retry(job);
            assertThat(again.code()).isZero();
            assertThat(again.out()).isEqualTo("nothing to retry: run " + run.id() + " has quarantined nothing\n");
            assertThat(trial.run(open).id()).isEqualTo(run.id());

            assertThat(trial.succeed(job).out()).contains("5 read = 5 written");
        }
    }

    @Test
    void retryTakesBackWhatARefreshMakesUnderstood() {
        Trial trial = new Trial(folder);
        Path job = tooLong(trial, "refreshed", "$SERVER");
        trial.later(Duration.ofDays(8));
        Trial.Ended retried = trial.retry(job);
        assertThat(retried.code()).as(retried.err()).isZero();
        assertThat(retried.out()).contains("schema      version 2\n", "taken back  1 item: ");
        assertThat(trial.query(trial.open(job), "SELECT id FROM w.quarantine_refreshed ORDER BY id"))
                .containsExactly("1", "2", "3", LONG);
    }

    /** A retry is stopped somewhere and the job run again: that goes on with the retry, and the result is the same. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "plan.json",
                "units/spool/s00001-of-00002.json",
                "units/extract/s00002-of-00002.json",
                "commits/0000000003.json",
                "compareAndPut census.json",
                "phases/upload.json"
            })
    void aRetryThatIsStoppedIsTakenUpAgain(String path) {
        Trial trial = new Trial(folder);
        Path job = tooLong(trial, "stopped-" + path.replaceAll("[^a-z0-9]", ""), "$SERVER");
        assertThat(Trial.command("schema", "pin", job.toString()).code()).isZero();
        OpenJob open = trial.open(job);
        Effects stopping = Effects.stoppingAtFirst(path);
        Trial.Ended stopped = trial.through(stopping.storages()).retry(job);
        assertThat(stopping.isDead()).isTrue();
        assertThat(stopped.code()).as(stopped.err()).isEqualTo(1);
        RunStore run = trial.run(open);
        assertThat(run.end()).isEmpty();

        // A process that is stopped in this JVM looks alive: its lease has to end.
        Trial.Ended ended =
                trial.later(Duration.ofMinutes(3)).through(Storages::open).succeed(job);
        assertThat(trial.run(open).id()).isEqualTo(run.id());
        assertThat(ended.out()).contains("4 read = 4 written", "taken back  1 item: ");
        assertThat(trial.query(
                        open, "SELECT id FROM w.quarantine_" + open.job().name().replace('-', '_') + " ORDER BY id"))
                .containsExactly("1", "2", "3", LONG);
        assertThat(open.store().ledger().commits()).extracting(Commit::n).containsExactly(1L, 2L, 3L);
        assertThat(open.schemas().census().orElseThrow().commit()).isEqualTo(3);
        assertThat(open.staging().list(run.path("spool/AWSDynamoDB/" + run.id() + "/data/")))
                .isEmpty();
    }

    @Test
    void aRetryThatComesTooLateChangesNothing() {
        Trial trial = new Trial(folder);
        Path job = tooLong(trial, "late", "$SERVER");
        OpenJob open = trial.open(job);
        assertThat(Trial.command("schema", "pin", job.toString()).code()).isZero();
        trial.through(Effects.stoppingAtFirst("phases/infer-schema.json").storages())
                .retry(job);
        RunId retry = trial.run(open).id();
        DynamoDbLocal.client()
                .deleteItem(r -> r.tableName("quarantine-late").key(Map.of("id", AttributeValue.fromN("1"))));
        trial.later(Duration.ofMinutes(3)).through(Storages::open);
        RunId newer = RunId.startingAt(retry.start().plusSeconds(200), new Random());
        trial.succeed(job, "--run", newer.value());

        Trial.Ended late = trial.run(job, "--run", retry.value());
        assertThat(late.code()).isEqualTo(3);
        assertThat(late.err()).startsWith("Run " + retry + " comes too late: ");
        assertThat(trial.query(open, "SELECT id FROM w.quarantine_late ORDER BY id"))
                .containsExactly("2", "3", LONG);
        assertThat(open.store().ledger().commits())
                .hasSize(3)
                .extracting(Commit::run)
                .last()
                .isEqualTo(newer);
    }

    @Test
    void retrySaysWhyThereIsNothingToTry() {
        Trial trial = new Trial(folder);
        Items.table("quarantine-gone", List.of("id:N"), List.of(item("1", "")));
        Path job = job(trial, "gone", "$SERVER", ", spool: delete");
        assertThat(trial.retry(job).err())
                .startsWith("Job gone has landed nothing yet: run it first, by scripts/millrace local " + job);
        trial.succeed(job);
        Items.put("quarantine-gone", List.of(item(LONG, "")));
        assertThat(trial.run(job).code()).isEqualTo(3);
        OpenJob open = trial.open(job);
        RunId landed = trial.run(open).id();

        Trial.Ended gone = trial.retry(job);
        assertThat(gone.code()).isEqualTo(2);
        assertThat(gone.err())
                .startsWith(
                        "The items that run " + landed + " has read are gone, by staging.spool or staging.keep: there "
                                + "is nothing to make rows of. Run the job instead, which reads the table: scripts/millrace local "
                                + job);
        assertThat(trial.run(open).id()).isEqualTo(landed);

        Path other = trial.job("gone", """
                job: gone
                source: {dynamodb: {table: quarantine-other, endpoint: $SERVER}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/gone.duckdb}, schema: w}
                """);
        assertThat(trial.retry(other).err())
                .startsWith(
                        "Run " + landed + " has read table quarantine-gone, and " + job + " names quarantine-other: ");
        assertThat(trial.retry(other, "--run", landed.value()).err())
                .startsWith("Invalid --run: " + landed + ": retry takes the items of the last run that landed");

        trial.through(Effects.stoppingAtFirst("phases/infer-schema.json").storages())
                .run(job(trial, "gone", "$SERVER", ", spool: delete"));
        trial.later(Duration.ofMinutes(3)).through(Storages::open);
        Trial.Ended unfinished = trial.retry(job);
        assertThat(unfinished.code()).isEqualTo(2);
        assertThat(unfinished.err())
                .startsWith(
                        "Run " + trial.run(open).id() + " is unfinished, and newer than what could be tried again: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"parquet, codec: zstd", "csv, codec: gzip", "csv, codec: zstd", "csv, codec: none"})
    void showTellsEachItemAndWhy(String format) throws IOException {
        String name = "shown-" + format.replaceAll("[^a-z]", "");
        String odd = "a,\\\"b\\\"\\nc" + "x".repeat(80);
        Items.table(
                "quarantine-" + name,
                List.of("id:N"),
                List.of(item("1", ""), item("2", ", \"t\": {\"S\": \"" + odd + "\"}"), item("3", "")));
        Trial trial = new Trial(folder);
        Path job = trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: quarantine-%1$s, endpoint: $SERVER, segments: 1}}
                staging: {at: $HERE/staging, format: %2$s}
                """.formatted(name, format));
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA), job).code()).isZero();
        damage("\"id\":{\"N\":\"2\"}", "\"id\":{\"Q\":\"2\"}");
        damage("{\"Item\":{\"id\":{\"N\":\"3\"}", "\377\"Item\":{\"id\":{\"N\":\"3\"}");
        trial.succeed(job);
        OpenJob open = trial.open(job);
        String run = trial.run(open).id().value();
        String file = job.toString();

        Trial.Ended shown = Trial.command("quarantine", "show", file);
        assertThat(shown.err()).isEmpty();
        List<String> lines = shown.out().lines().toList();
        assertThat(lines.get(0)).isEqualTo("run " + run + ": 2 items in quarantine");
        assertThat(lines.get(2)).matches("table +unit +line +key +reason +item");
        assertThat(lines.subList(4, 6))
                .anyMatch(line ->
                        line.matches("quarantine_\\w+ +s00001-of-00001 +\\d +\\{\"id\":\\{\"Q\":\"2\"}} +an unknown "
                                + "type Q in attribute id +\\{\"t\":\\{\"S\":\"a,\\\\\"b\\\\\"\\\\ncx+…"))
                .anyMatch(line -> line.contains("a line of the spool is not of the form {\"Item\":…}"));
        assertThat(lines.get(lines.size() - 1))
                .isEqualTo("When the data-schema understands them: scripts/millrace quarantine retry " + file);

        String csv =
                Trial.command("quarantine", "show", file, "--csv", "--run", run).out();
        assertThat(csv).startsWith("table_name,unit,line,key,reason,item,item_bytes\n");
        assertThat(csv)
                .contains("\"{\"\"t\"\":{\"\"S\"\":\"\"a,\\\"\"b\\\"\"\\nc" + "x".repeat(80)
                        + "\"\"},\"\"id\"\":{\"\"Q\"\":\"\"2\"\"}}\",\n");
        assertThat(csv.lines()).hasSize(3);

        Trial.Ended unknown = Trial.command("quarantine", "show", file, "--run", "2026-01-01T00-00-00Z-aaaa");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err())
                .startsWith("Unknown run: 2026-01-01T00-00-00Z-aaaa: job " + name + " has none of that name");
        trial.succeed(job);
        assertThat(Trial.command("quarantine", "show", file).out())
                .isEqualTo("run " + trial.run(open).id() + ": nothing is in quarantine\n");
    }

    @Test
    void showHidesWhatTheJobHides() {
        Items.table(
                "quarantine-hidden",
                List.of("id:N"),
                List.of(item("1", ", \"card\": {\"S\": \"CARD-1\"}, \"mail\": {\"S\": \"a@b.example\"}")));
        Trial trial = new Trial(folder);
        Path job = job(trial, "hidden", "$SERVER", "}\ntables: {quarantine-hidden: {drop: [card], hash: [mail]}");
        trial.succeed(job);
        Items.put(
                "quarantine-hidden",
                List.of(item(LONG, ", \"card\": {\"S\": \"CARD-2\"}, \"mail\": {\"S\": \"c@d.example\"}")));
        assertThat(trial.run(job).code()).isEqualTo(3);
        for (String[] command : List.of(
                new String[] {"quarantine", "show", job.toString()},
                new String[] {"quarantine", "show", job.toString(), "--csv"})) {
            assertThat(Trial.command(command).out())
                    .contains(
                            LONG,
                            "the key id does not fit its column: it needs another type, by schema pin or a refresh")
                    .doesNotContain("card", "CARD", "example");
        }
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
            text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
        assertThat(text).contains(sound);
        Files.write(spooled, Zstd.compress(text.replace(sound, broken).getBytes(StandardCharsets.ISO_8859_1)));
    }
}
