package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.run.RunId;
import dev.millrace.testing.DynamoDbFront;
import dev.millrace.testing.DynamoDbFront.Asked;
import dev.millrace.testing.DynamoDbFront.Reply;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.S3Server;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code millrace plan}. */
class ForecastTest {
    private static final String TABLE = "forecast";

    @TempDir
    private Path folder;

    private Path job(Trial trial, DynamoDbFront front, String more) {
        return trial.job("forecast", """
                job: forecast
                source: {dynamodb: {table: forecast, region: eu-west-1, endpoint: "%s", segments: 4%s}}
                staging: {at: $HERE/staging}
                """.formatted(front.uri(), more));
    }

    private static List<String> plan(Path job, String... options) {
        List<String> arguments = new ArrayList<>(List.of("plan", job.toString()));
        arguments.addAll(List.of(options));
        Trial.Ended ended = Trial.command(arguments.toArray(String[]::new));
        assertThat(ended.code()).as(ended.err()).isZero();
        return ended.out().lines().toList();
    }

    @Test
    void tellsWhatARunWouldDoAndCostAndReadsNothing() throws Exception {
        Items.table(TABLE, List.of("id:S"), List.of("{\"id\": {\"S\": \"a\"}}", "{\"id\": {\"S\": \"b\"}}"));
        Trial trial = new Trial(folder);
        try (DynamoDbFront front = new DynamoDbFront()) {
            front.describe(TABLE, table -> {
                table.put("TableSizeBytes", 8_192_000).put("ItemCount", 50_000);
                table.remove("BillingModeSummary");
                ((ObjectNode) table.path("ProvisionedThroughput")).put("ReadCapacityUnits", 400);
            });
            Path job = job(trial, front, "");
            assertThat(plan(job))
                    .containsExactly(
                            "job        forecast (" + job + ")",
                            "table      DynamoDB table forecast in eu-west-1 at " + front.uri(),
                            "size       8.2 MB in 50,000 items, as DynamoDB counted them within the last six hours",
                            "read cost  about 1,000 capacity units in 40 requests or more (eventually consistent)",
                            "budget     100 units/s: 25% of 400 units/s (provisioned): at least 10.0 s",
                            "units      4 segments",
                            "schema     none yet: inferred from all items",
                            "phases     infer-schema, extract",
                            "run        a new one");
            assertThat(plan(job(trial, front, ", consistent: true, read-capacity: 5000, max-read-units: 1500")))
                    .contains(
                            "read cost  about 2,000 capacity units in 8 requests or more (strongly consistent)",
                            "budget     5,000 units/s: at least 0.4 s",
                            "limit      max-read-units: 1,500: the run is refused or stopped");
            assertThat(plan(trial.job(
                            "remote",
                            read(job)
                                    .replaceFirst(
                                            "staging: .*",
                                            "staging: {at: \"s3://" + S3Server.newBucket()
                                                    + "/staging\"}\ns3: {endpoint: \""
                                                    + S3Server.front().uri()
                                                    + "\", region: eu-west-1, path-style: true}"))))
                    .contains(
                            "workers    about 2 of G.1X or 2 of G.2X on Glue, or 1 executor of 4 vCPU on EMR Serverless:"
                                    + " an estimate, see docs/remote.md");
            assertThat(front.requests()).extracting(Asked::operation).containsOnly("DescribeTable");
            assertThat(Files.exists(folder.resolve("staging"))).isFalse();
        }
    }

    @Test
    void tellsWhichRunIsTakenUpAndWhatIsLeftOfIt() {
        Items.table("forecast-run", List.of("id:S"), List.of("{\"id\": {\"S\": \"a\"}}", "{\"id\": {\"S\": \"b\"}}"));
        Trial trial = new Trial(folder);
        try (DynamoDbFront front = new DynamoDbFront()) {
            front.describe("forecast-run", table -> table.put("TableSizeBytes", 8_192_000));
            Path job = job(trial, front, ", max-read-units: 5000");
            trial.job("forecast", read(job).replace("table: forecast,", "table: forecast-run,"));
            front.always(
                    asked -> asked.isOfSegment(3), (asked, real) -> Reply.error("AccessDeniedException", "not yet"));
            assertThat(trial.run(job).code()).isEqualTo(1);
            OpenJob open = trial.open(job);
            RunId run = trial.run(open).id();
            List<String> plan = plan(job);
            // Another unit may be spooled a little after the one that failed.
            String left = plan.stream()
                    .filter(line -> line.matches("units      4 segments, [1-3] of them still to be read"))
                    .map(line ->
                            line.substring("units      4 segments, ".length()).substring(0, 1))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(plan));
            assertThat(plan)
                    .contains(
                            "read cost  about " + 250 * Integer.parseInt(left) + " capacity units in "
                                    + 2 * Integer.parseInt(left) + " requests or more (eventually consistent)",
                            "run        " + run + " is taken up: infer-schema is next")
                    .anyMatch(line -> line.matches("limit      max-read-units: 5,000, of which [0-9.]+ are used"));

            DynamoDbLocal.client().deleteTable(r -> r.tableName("forecast-run"));
            Items.table("forecast-run", List.of("id:S"), List.of("{\"id\": {\"S\": \"a\"}}"));
            assertThat(plan(job))
                    .anyMatch(line -> line.startsWith("run        " + run + " would be abandoned, and a new one begin: "
                            + "DynamoDB table forecast-run in eu-west-1 at " + front.uri() + " has the id "));

            front.heal();
            trial.succeed(job);
            assertThat(plan(job))
                    .contains("run        a new one", "units      4 segments")
                    .anyMatch(line -> line.matches(
                            "schema     version 1 of \\S+, younger than schema.refresh \\(7d\\): used as it is"));
            assertThat(plan(job, "--set", "schema.contract=freeze"))
                    .anyMatch(line -> line.matches("schema     version 1 of \\S+, which only schema pin changes"));
            assertThat(plan(job, "--run", run.value()))
                    .anyMatch(line -> line.equals("run        " + run + " has ended: abandoned"));
        }
    }

    private static String read(Path job) {
        try {
            return Files.readString(job);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aTableThatIsMissingIsNamed() {
        Trial trial = new Trial(folder);
        Path job = trial.job("missing", """
                job: missing
                source: {dynamodb: {table: no-such-table, endpoint: $SERVER}}
                staging: {at: $HERE/staging}
                """);
        Trial.Ended ended = Trial.command("plan", job.toString());
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err()).startsWith("There is no DynamoDB table no-such-table at ");
    }
}
