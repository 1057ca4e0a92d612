package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.dynamodb.Spool;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.sample.ShopSample;
import dev.millrace.schema.ShredPlan;
import dev.millrace.testing.DynamoDbLocal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However a run's work is cut, the tables are the same and all figures agree. */
class AccountsTest {
    private static final String TABLE = "accounts-shop";

    @TempDir
    private static Path folder;

    private static OpenJob whole;

    /** One undisturbed run of one unit, with what the others are compared. */
    @BeforeAll
    static void runWhole() {
        ShopSample.fillIfMissing(DynamoDbLocal.client(), TABLE, 11, 1_500, items -> {});
        Trial trial = new Trial(folder);
        Path job = job(trial, "whole", 1, "");
        trial.succeed(job);
        whole = trial.open(job);
    }

    private static Path job(Trial trial, String name, int segments, String source) {
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: %2$s, endpoint: $SERVER, segments: %3$d%4$s}}
                schema: {kind: EntityType}
                tables:
                  Order: {name: orders, types: {total: "decimal(18,2)"}, columns: {ordered_on: {sql: to_date(created_at)}}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w}
                """.formatted(name, TABLE, segments, source));
    }

    @Test
    void anyNumberOfSegmentsGivesTheSameTables() {
        Trial trial = new Trial(folder);
        for (int segments : List.of(4, 7)) {
            Path job = job(trial, "segments-" + segments, segments, "");
            trial.succeed(job);
            OpenJob open = trial.open(job);
            assertThat(trial.run(open).plan().units()).hasSize(segments);
            trial.assertSameTables(whole, open);
            assertAccounts(trial, open);
        }
    }

    @Test
    void figuresAgreeWhereItemsExpire() {
        Trial trial = new Trial(folder).later(Duration.ofDays(4 * 365));
        Path job = job(trial, "expired", 3, ", expire: expires_at");
        Trial.Ended ended = trial.succeed(job);
        OpenJob open = trial.open(job);
        assertAccounts(trial, open);
        long now = trial.run(open).id().start().getEpochSecond();
        String passed = " FROM w.event WHERE expires_at < " + now;
        List<String> expected = trial.query(whole, "SELECT count(*)" + passed);
        RunRecord record = trial.run(open).record().orElseThrow();
        TableCounts events = record.tables().get("event").counts();
        assertThat(Long.toString(events.expired())).isEqualTo(expected.get(0)).isNotEqualTo("0");
        assertThat(events.out()).isPositive();
        assertThat(trial.query(open, "SELECT count(*)" + passed)).containsExactly("0");
        assertThat(ended.out())
                .contains(Figures.count(events.expired()) + " expired")
                .contains("every row accounted for");
    }

    @Test
    void sharesOfARunMakeTheTablesOfAnUndisturbedRun() {
        Trial trial = new Trial(folder);
        Path job = job(trial, "shared", 5, "");
        String id = RunId.startingAt(Instant.now(), new Random()).value();
        String[] first = {"--run", id, "--units", "1/2"};
        String[] second = {"--run", id, "--units", "2/2"};
        assertThat(trial.succeed(job, first).out())
                .contains("run        " + id + " (units of other processes are still to do)");
        RunStore run = trial.run(trial.open(job));
        assertThat(run.units().committed(Spool.PHASE)).hasSize(3);
        assertThat(trial.succeed(job, second).out()).contains("units of other processes are still to do");
        assertThat(run.phase(Phase.INFER_SCHEMA)).isPresent();
        assertThat(run.phase(Phase.EXTRACT)).isEmpty();
        trial.succeed(job, first);
        assertThat(run.phase(Phase.REPLACE)).isPresent();
        assertThat(run.end()).isPresent();
        OpenJob open = trial.open(job);
        trial.assertSameTables(whole, open);
        assertUnits(trial, open);

        String before = trial.query(open, "SELECT run FROM _millrace.version").get(0);
        Trial.Ended again = trial.succeed(job, "--run", id);
        assertThat(again.out()).contains("run        " + id + " (had ended before: nothing was done)");
        assertThat(trial.query(open, "SELECT run FROM _millrace.version"))
                .containsExactly(before)
                .containsExactly(id);
        assertThat(open.store().runs()).hasSize(1);
    }

    @Test
    void phasesOneByOneMakeTheTablesOfAPipeline() {
        Trial trial = new Trial(folder);
        Path job = job(trial, "one-by-one", 2, "");
        Trial.Ended early = trial.run(List.of(Phase.PREPARE), job);
        assertThat(early.code()).isEqualTo(2);
        assertThat(early.err())
                .isEqualTo(
                        "Job one-by-one has no unfinished run for phase prepare: run infer-schema and extract first, "
                                + "or name a run by --run" + System.lineSeparator());

        Trial.Ended extracted = trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT), job);
        OpenJob open = trial.open(job);
        String id = trial.run(open).id().value();
        assertThat(extracted.code()).as(extracted.err()).isZero();
        assertThat(extracted.out())
                .contains(id + " (its other phases are still to do)")
                .contains("scripts/millrace local prepare " + job + " --run " + id);
        assertThat(Trial.live(open)).doesNotExist();

        Trial.Ended skipped = trial.run(List.of(Phase.UPLOAD), job);
        assertThat(skipped.code()).isEqualTo(2);
        assertThat(skipped.err()).startsWith("Phase prepare of run " + id + " is not done: run it first");
        for (Phase phase : List.of(Phase.PREPARE, Phase.UPLOAD, Phase.REPLACE)) {
            assertThat(Trial.live(open)).doesNotExist();
            assertThat(trial.run(List.of(phase), job).code()).isZero();
        }
        trial.assertSameTables(whole, open);
        assertAccounts(trial, open);
        assertThat(open.store().runs()).hasSize(1);
    }

    /** Record, manifests and live agree. */
    private static void assertAccounts(Trial trial, OpenJob open) {
        RunStore run = trial.run(open);
        RunRecord record = run.record().orElseThrow();
        Map<String, LandedTable> landed = trial.landed(open);
        List<String> recorded = new ArrayList<>();
        record.tables().forEach((name, table) -> {
            assertThat(table.counts().isBalanced()).as(name).isTrue();
            assertThat(landed.get(name).counts()).as(name).isEqualTo(table.counts());
            assertThat(landed.get(name).rows())
                    .as(name)
                    .isEqualTo(table.counts().out());
            assertThat(table.bytes()).as(name).isEqualTo(landed.get(name).bytes());
            recorded.add(name + "|" + table.counts().out());
        });
        assertThat(trial.liveRows(open)).containsExactlyInAnyOrderElementsOf(recorded);
        assertUnits(trial, open);
        assertThat(run.end().orElseThrow().outcome()).hasToString("done");
        assertThat(record.gate()).isNotEmpty().allMatch(check -> check.passed());
    }

    /** Each unit's items are rows of main tables or expired; all units together are the tables. */
    private static void assertUnits(Trial trial, OpenJob open) {
        RunStore run = trial.run(open);
        Set<String> main = trial.plan(open).tables().stream()
                .filter(ShredPlan.Table::isMain)
                .map(table -> table.definition().name())
                .collect(Collectors.toSet());
        Map<String, TableCounts> sums = new TreeMap<>();
        long items = 0;
        List<UnitManifest> units = run.units().committed(Phase.EXTRACT.label());
        assertThat(units).hasSameSizeAs(run.plan().units());
        for (UnitManifest unit : units) {
            Map<String, Long> inFiles = unit.files().stream()
                    .collect(Collectors.groupingBy(DataFile::table, Collectors.summingLong(DataFile::rows)));
            TableCounts own = TableCounts.NONE;
            for (Map.Entry<String, TableCounts> table : unit.counts().entrySet()) {
                assertThat(table.getValue().isBalanced()).as(table.toString()).isTrue();
                assertThat(inFiles.getOrDefault(table.getKey(), 0L))
                        .isEqualTo(table.getValue().out());
                own = main.contains(table.getKey()) ? own.plus(table.getValue()) : own;
                sums.merge(table.getKey(), table.getValue(), TableCounts::plus);
            }
            DataFile spooled = run.units()
                    .find(Spool.PHASE, unit.unit())
                    .orElseThrow()
                    .files()
                    .get(0);
            assertThat(own.in()).as(unit.unit()).isEqualTo(spooled.rows());
            items += own.in();
        }
        assertThat(items).isEqualTo(1_500);
        assertThat(run.phase(Phase.EXTRACT).orElseThrow().counts()).isEqualTo(sums);
    }
}
