package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.dynamodb.Spool;
import dev.millrace.run.Outcome;
import dev.millrace.run.ReadCost;
import dev.millrace.run.RunStore;
import dev.millrace.testing.DynamoDbFront;
import dev.millrace.testing.DynamoDbFront.Asked;
import dev.millrace.testing.DynamoDbFront.Charge;
import dev.millrace.testing.DynamoDbFront.Reply;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What whole runs cost on a table that has a capacity, and how they are bounded. */
class ReadCostTest {
    private static final String TABLE = "read-cost";
    private static final int ITEMS = 400;
    private static final int SEGMENTS = 4;
    private static final double SLOW_SECONDS = 0.5;

    @TempDir
    private Path folder;

    private DynamoDbFront front;
    private Trial trial;

    /** About 85 units. */
    @BeforeAll
    static void fill() {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < ITEMS; i++) {
            items.add("{\"id\": {\"S\": \"" + i + "\"}, \"text\": {\"S\": \"" + "x".repeat(1500 + i) + "\"}}");
        }
        Items.table(TABLE, List.of("id:S"), items);
    }

    @BeforeEach
    void open() {
        front = new DynamoDbFront();
        trial = new Trial(folder);
    }

    @AfterEach
    void close() {
        front.close();
    }

    private Path job(String more) {
        return job(SEGMENTS, more);
    }

    private Path job(int segments, String more) {
        return trial.job("cost", """
                job: cost
                source: {dynamodb: {table: read-cost, region: eu-west-1, endpoint: "%s", segments: %d%s}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/cost.duckdb}, schema: w}
                """.formatted(front.uri(), segments, more));
    }

    private void provisioned(long units) {
        front.describe(TABLE, table -> {
            table.remove("BillingModeSummary");
            ((ObjectNode) table.path("ProvisionedThroughput")).put("ReadCapacityUnits", units);
        });
    }

    /** After any request no more is read than the rate allows until then, and a page; the request may have been slow. */
    private void assertNeverFasterThan(double unitsPerSecond) {
        List<Charge> charges = front.charges();
        double page = charges.stream().mapToDouble(Charge::units).max().orElseThrow();
        for (int from = 0; from < charges.size(); from++) {
            double sum = 0;
            for (int to = from + 1; to < charges.size(); to++) {
                sum += charges.get(to).units();
                double seconds = (charges.get(to).nanos() - charges.get(from).nanos()) / 1e9;
                assertThat(sum).isLessThanOrEqualTo(1.05 * unitsPerSecond * (seconds + SLOW_SECONDS) + page);
            }
        }
    }

    private void assertReadOnce(OpenJob open) {
        Items.assertEqual(trial.itemsOfLanding(open), Items.scan(TABLE), List.of("id"));
        Set<String> places = new HashSet<>();
        front.scans()
                .forEach(scan -> places.add(
                        scan.body().path("Segment") + " " + scan.body().path("ExclusiveStartKey")));
        assertThat(front.charges()).hasSameSizeAs(places);
    }

    @Test
    void readsAtAQuarterOfWhatIsProvisioned() {
        provisioned(200);
        Path job = job(1, "");
        Trial.Ended ended = trial.succeed(job);
        OpenJob open = trial.open(job);
        assertNeverFasterThan(50);
        assertReadOnce(open);
        assertThat(front.scans()).allMatch(scan -> scan.body().has("Limit"));
        ReadCost cost =
                new ReadCost(front.units(), front.scans().size(), 0, "50 units/s: 25% of 200 units/s (provisioned)");
        assertThat(trial.run(open).record().orElseThrow().read()).contains(cost);
        assertThat(ended.out())
                .contains("read cost  " + Figures.units(front.units()) + " capacity units in "
                        + front.scans().size() + " requests\n")
                .contains("budget     50 units/s: 25% of 200 units/s (provisioned)\n");
        assertThat(Trial.command("status", job.toString()).out())
                .contains("  read cost     " + Figures.units(front.units()) + " capacity units in "
                        + front.scans().size() + " requests\n")
                .contains("  budget        50 units/s: 25% of 200 units/s (provisioned)\n");
    }

    @Test
    void throttledSegmentsEnd() {
        front.limit(TABLE, 40, 5);
        Path job = job(", read-capacity: 60");
        Trial.Ended ended = trial.succeed(job);
        OpenJob open = trial.open(job);
        assertThat(front.throttled()).isPositive();
        assertNeverFasterThan(60);
        assertReadOnce(open);
        ReadCost cost = trial.run(open).record().orElseThrow().read().orElseThrow();
        assertThat(cost).isEqualTo(new ReadCost(front.units(), front.scans().size(), front.throttled(), "60 units/s"));
        assertThat(ended.out()).contains(" requests, " + front.throttled() + " of them throttled\n");
    }

    @Test
    void aTableThatCostsTooMuchIsNotRead() {
        Path job = job(", max-read-units: 80");
        Trial.Ended refused = trial.run(job);
        OpenJob open = trial.open(job);
        RunStore run = trial.run(open);
        assertThat(refused.code()).isEqualTo(3);
        assertThat(refused.err())
                .startsWith("Reading DynamoDB table read-cost in eu-west-1 at " + front.uri() + " costs about ")
                .contains(" capacity units by its size, more than max-read-units: 80: nothing is read")
                .contains("scripts/millrace accept " + run.id() + " --gate max-read-units --reason TEXT");
        assertThat(front.scans()).isEmpty();
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.REFUSED);

        Trial.Ended accepted = Trial.command(
                "accept",
                run.id().value(),
                "--job",
                job.toString(),
                "--gate",
                "max-read-units",
                "--reason",
                "the table has grown");
        assertThat(accepted.code()).as(accepted.err()).isZero();
        assertReadOnce(open);
        assertThat(run.record().orElseThrow().read().orElseThrow().units()).isEqualTo(front.units());
    }

    /** The size that DynamoDB tells is up to six hours old. */
    @Test
    void aRunStopsBeforeItCostsMoreAndGoesOnWhenAccepted() {
        front.describe(TABLE, table -> table.put("TableSizeBytes", 300_000));
        Path job = job(", max-read-units: 60");
        Trial.Ended refused = trial.run(job);
        OpenJob open = trial.open(job);
        RunStore run = trial.run(open);
        assertThat(refused.code()).as(refused.err()).isEqualTo(3);
        assertThat(refused.err())
                .startsWith("Run " + run.id() + " has used ")
                .contains(" of max-read-units: 60 capacity units");
        assertThat(front.units()).isBetween(50.0, 60.0);
        assertThat(run.reads().cost().orElseThrow().units()).isEqualTo(front.units());
        assertThat(run.end().orElseThrow().rules()).contains(List.of("max-read-units"));
        assertThat(Trial.command("status", job.toString()).out())
                .contains("  read cost     " + Figures.units(front.units()) + " capacity units in ");
        int spooled = run.units().committed(Spool.PHASE).size();
        assertThat(spooled).isBetween(1, SEGMENTS - 1);

        // Again by its name, as an impatient person does.
        assertThat(trial.run(job, "--run", run.id().value()).code()).isEqualTo(2);
        double before = front.units();
        Trial.Ended accepted = Trial.command(
                "accept",
                run.id().value(),
                "--job",
                job.toString(),
                "--gate",
                "max-read-units",
                "--reason",
                "worth it");
        assertThat(accepted.code()).as(accepted.err()).isZero();
        Items.assertEqual(trial.itemsOfLanding(open), Items.scan(TABLE), List.of("id"));
        double again = front.units() - before;
        assertThat(again)
                .as("of the units that are missing only")
                .isLessThan(85.0 * (SEGMENTS - spooled) / SEGMENTS + 20);
        assertThat(run.record().orElseThrow().read().orElseThrow().units()).isEqualTo(front.units());
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
    }

    @Test
    void whatFailedAttemptsCostIsTold() {
        Path job = job(1, ", read-capacity: 60");
        front.next(
                1,
                asked -> asked.body().has("ExclusiveStartKey"),
                (asked, real) -> Reply.error("AccessDeniedException", "not any more"));
        assertThat(trial.run(job).code()).isEqualTo(1);
        double first = front.units();
        assertThat(trial.run(trial.open(job))
                        .record()
                        .orElseThrow()
                        .read()
                        .orElseThrow()
                        .units())
                .isEqualTo(first);

        Trial.Ended ended = trial.succeed(job);
        assertThat(front.units()).isGreaterThan(first);
        double used = trial.run(trial.open(job)).units().committed(Spool.PHASE).stream()
                .mapToDouble(unit -> Double.parseDouble(unit.facts().get("consumed-capacity")))
                .sum();
        assertThat(ended.out())
                .contains("read cost  " + Figures.units(front.units()) + " capacity units in "
                        + front.scans().size() + " requests; " + Figures.units(front.units() - used)
                        + " of the units by attempts that failed\n");
    }

    @Test
    void onDemandTablesAreReadByTheirMaximumTheirWarmThroughputOrWhatNewOnesHave() {
        front.describe(TABLE, table -> {
            table.putObject("OnDemandThroughput").put("MaxReadRequestUnits", 400);
            table.putObject("WarmThroughput").put("ReadUnitsPerSecond", 2000);
        });
        assertThat(budgetOf("")).isEqualTo("100 units/s: 25% of 400 units/s (on demand at most)");
        front.describe(TABLE, table -> {
            table.putObject("OnDemandThroughput").put("MaxReadRequestUnits", -1);
            table.putObject("WarmThroughput").put("ReadUnitsPerSecond", 2000);
        });
        assertThat(budgetOf(", read-capacity: 50%"))
                .isEqualTo("1,000 units/s: 50% of 2,000 units/s (on demand, warm throughput)");
        front.describe(TABLE, table -> {});
        assertThat(budgetOf("")).isEqualTo("3,000 units/s: 25% of 12,000 units/s (on demand, assumed)");
        assertThat(budgetOf(", read-capacity: 500, max-read-units: 1000"))
                .isEqualTo("500 units/s; at most 1,000 units");
    }

    private String budgetOf(String more) {
        Path job = job(more);
        trial.succeed(job);
        return trial.run(trial.open(job))
                .record()
                .orElseThrow()
                .read()
                .orElseThrow()
                .budget();
    }

    @Test
    void dynamoDbLocalIsNotSlowedDownUnlessItIsSaidTo() {
        Path job = trial.job("local", """
                job: local
                source: {dynamodb: {table: read-cost, endpoint: $SERVER, segments: 2}}
                staging: {at: $HERE/staging}
                """);
        assertThat(trial.succeed(job).out()).contains("read cost  ").doesNotContain("budget");
        assertThat(front.scans()).extracting(Asked::operation).isEmpty();
    }
}
