package dev.millrace.dynamodb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.run.ReadAccount;
import dev.millrace.run.ReadAccounts;
import dev.millrace.run.ReadCost;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadMeterTest {
    private static final double NO_LIMIT = Double.POSITIVE_INFINITY;

    @TempDir
    private Path root;

    private final SetTicker ticker = new SetTicker();

    private ReadAccounts accounts() {
        return Runs.at(root).reads();
    }

    private ReadMeter meter(ReadBudget budget, int ownSlots) {
        return new ReadMeter(budget, accounts(), ownSlots, ticker);
    }

    private static ReadBudget rate(double unitsPerSecond, double segmentUnits, double unitsPerItem) {
        return new ReadBudget(unitsPerSecond, NO_LIMIT, 1, 1, false, segmentUnits, unitsPerItem, false);
    }

    private static ReadBudget most(double units, double segmentUnits, double unitsPerItem) {
        return new ReadBudget(NO_LIMIT, units, 1, 1, false, segmentUnits, unitsPerItem, false);
    }

    private static ReadBudget shared(double most, int processes, double unitsPerItem) {
        return new ReadBudget(NO_LIMIT, most, 1, processes, false, 10_000, unitsPerItem, false);
    }

    @Test
    void pagesAreSmallWhereTheRateIs() throws Exception {
        assertThat(limit(rate(514, 10_000, 0.1))).as("a quarter of a second").isEmpty();
        assertThat(limit(rate(400, 10_000, 0.1))).hasValue(1000);
        assertThat(limit(rate(50, 10_000, 0.1))).hasValue(125);
        assertThat(limit(rate(20, 10_000, 0.1))).as("100 KB").hasValue(125);
        assertThat(limit(rate(5, 10_000, 0.1))).as("a second").hasValue(50);
        assertThat(limit(rate(5, 4, 0.1))).as("the segment costs less").isEmpty();
        assertThat(limit(rate(5, 0, 0))).as("nothing is known").hasValue(10);
        assertThat(limit(rate(NO_LIMIT, 10_000, 0.1))).isEmpty();
        assertThat(limit(new ReadBudget(200, NO_LIMIT, 1, 1, false, 10_000, 0.2, true)))
                .hasValue(250);
        double before = ticker.seconds();
        assertThat(limit(rate(5, 10_000, 20))).as("one item costs more").hasValue(1);
        assertThat(ticker.seconds() - before).as("which takes its time").isBetween(3.99, 4.01);
    }

    private OptionalInt limit(ReadBudget budget) throws InterruptedException {
        return meter(budget, 1).next().limit();
    }

    @Test
    void learnsWhatAnItemCosts() throws Exception {
        ReadMeter meter = meter(rate(10, 0, 0), 1);
        meter.next().answered(4, 20);
        assertThat(meter.next().limit()).hasValue(50);
        for (int i = 0; i < 40; i++) {
            ReadMeter.Request request = meter.next();
            request.answered(request.limit().getAsInt() * 0.05, request.limit().getAsInt());
        }
        assertThat(meter.next().limit().getAsInt()).isBetween(195, 200);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 10})
    void aProcessThatDoesAShareHasItsPartOfTheRate(int shares) throws Exception {
        ReadMeter meter = meter(new ReadBudget(1000, NO_LIMIT, 1, shares, false, 10_000, 0.1, false), 1);
        double units = 0;
        while (ticker.seconds() < 100) {
            units += page(meter);
        }
        assertThat(units / ticker.seconds()).isBetween(950.0 / shares, 1001.0 / shares);
    }

    private static double page(ReadMeter meter) throws InterruptedException {
        ReadMeter.Request request = meter.next();
        double cost = request.limit().isPresent() ? request.limit().getAsInt() * 0.1 : 128;
        request.answered(cost, (int) (cost / 0.1));
        return cost;
    }

    /** JVMs on one clock: what each waits for is time for all. */
    @Test
    void jvmsOfAProcessShareTheRateByTheirSlots() throws Exception {
        ReadBudget budget = new ReadBudget(1000, NO_LIMIT, 2, 2, true, 10_000, 0.1, false);
        ReadMeter small = meter(budget, 2);
        page(small);
        assertThat(ticker.seconds()).as("who is new waits to be seen").isBetween(7.0, 7.3);
        assertThat(rate(small, 20)).as("alone").isBetween(475.0, 501.0);
        ReadMeter large = meter(budget, 6);
        page(large);
        assertThat(rate(large, 20)).isBetween(0.95 * 375, 376.0);
        assertThat(rate(small, 20)).as("a second is made up for").isBetween(0.95 * 125, 1.051 * 125);
        // Of another share.
        ReadMeter other = meter(new ReadBudget(1000, NO_LIMIT, 1, 2, true, 10_000, 0.1, false), 2);
        page(other);
        assertThat(rate(other, 20)).isBetween(475.0, 501.0);
        assertThat(rate(small, 20)).isBetween(0.95 * 125, 1.051 * 125);
        assertThat(accounts().cost().orElseThrow().requests()).isGreaterThan(50);
    }

    private double rate(ReadMeter meter, double seconds) throws InterruptedException {
        double begun = ticker.seconds();
        double units = 0;
        while (ticker.seconds() < begun + seconds) {
            units += page(meter);
        }
        return units / (ticker.seconds() - begun);
    }

    @Test
    void whoHasNotWrittenForAMinuteHasNoPart() throws Exception {
        ReadAccounts accounts = accounts();
        ReadAccount gone = accounts.open(new ReadAccount.Reader("a", "1/1", 6), 0, 0, NO_LIMIT)
                .orElseThrow();
        ReadAccount mine = accounts.open(new ReadAccount.Reader("b", "1/1", 2), 0, 0, NO_LIMIT)
                .orElseThrow();
        accounts.open(new ReadAccount.Reader("b", "1/1", 2), 0, 0, NO_LIMIT);
        assertThat(accounts.part(mine, Duration.ofMinutes(1))).isEqualTo(0.25);
        Path file = root.resolve("job/runs/2026-11-21T07-00-00Z-abcd/reads/000001.json");
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(70)));
        assertThat(accounts().part(mine, Duration.ofMinutes(1))).isEqualTo(1);
        accounts.write(gone);
        assertThat(accounts().part(mine, Duration.ofMinutes(1))).isEqualTo(0.25);
    }

    @Test
    void whatIsLostIsChargedAsExpectedAndWhatIsRefusedIsNot() throws Exception {
        ReadMeter meter = meter(rate(1000, 10_000, 0.1), 1);
        meter.next().answered(100, 1000);
        meter.next().lost();
        meter.next().refused();
        ReadMeter.Request throttled = meter.next();
        throttled.throttled();
        throttled.lost();
        ReadMeter.Request silent = meter.next();
        silent.answered(0, 10);
        meter.next().answered(0, 0);
        meter.giveBack();
        assertThat(accounts().cost()).contains(new ReadCost(100 + 122.8 + 122.8, 6, 1, ""));
    }

    @Test
    void writesItsAccountEveryFiveSecondsAndAtTheEnd() throws Exception {
        ReadMeter meter = meter(rate(100, 10_000, 0.1), 1);
        for (int i = 0; i < 20; i++) {
            meter.next().answered(100, 1000);
            if (i % 2 == 1) {
                double known = accounts().cost().map(ReadCost::units).orElse(0.0);
                assertThat((i + 1) * 100 - known).as("page %s", i).isBetween(0.0, 600.0);
            }
        }
        meter.giveBack();
        assertThat(accounts().cost()).contains(new ReadCost(2000, 20, 0, ""));
    }

    /** Items of a table, scanned in the order they are here; what a page of them costs. */
    private static final class Items {
        private final int[] bytes;
        private int next;

        Items(int count, int least, int most, long seed) {
            bytes = new Random(seed).ints(count, least, most).toArray();
        }

        double units() {
            return Math.ceil(java.util.Arrays.stream(bytes).sum() / 4096.0) / 2;
        }

        boolean isRead() {
            return next == bytes.length;
        }

        double page(ReadMeter.Request request) {
            int most = request.limit().orElse(Integer.MAX_VALUE);
            long sum = 0;
            int items = 0;
            while (next < bytes.length && items < most && sum < 1 << 20) {
                sum += bytes[next++];
                items++;
            }
            double units = Math.ceil(sum / 4096.0) / 2;
            request.answered(units, items);
            return units;
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {10, 60, 500, 5000})
    void stopsBeforeTheRunCostsMore(double most) throws Exception {
        Items items = new Items(400_000, 50, 2000, 3);
        assertThat(items.units()).isGreaterThan(5000);
        ReadMeter meter = meter(most(most, items.units(), items.units() / 400_000), 1);
        double spent = 0;
        try {
            while (true) {
                spent += items.page(meter.next());
            }
        } catch (Fault refused) {
            assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
            assertThat(refused.rules()).containsExactly("max-read-units");
            assertThat(refused)
                    .hasMessageStartingWith("Run 2026-11-21T07-00-00Z-abcd has used ")
                    .hasMessageContaining(" of max-read-units: " + (long) most + " capacity units")
                    .hasMessageEndingWith("scripts/millrace accept 2026-11-21T07-00-00Z-abcd --gate max-read-units "
                            + "--reason TEXT");
        }
        assertThat(items.isRead()).isFalse();
        assertThat(spent).isBetween(most - 2, most);
        assertThat(accounts().claimed()).isBetween(spent, most);
    }

    @Test
    void aRunThatNeedsNearlyAllThatItMayCostEnds() throws Exception {
        Items items = new Items(40_000, 50, 2000, 5);
        ReadMeter meter = meter(most(items.units() * 1.1, items.units(), items.units() / 40_000), 1);
        int requests = 0;
        while (!items.isRead()) {
            items.page(meter.next());
            requests++;
        }
        assertThat(requests).isLessThan(200);
    }

    /** Processes one after the other; every third is killed. */
    @Test
    void whatKilledProcessesHadSetAsideIsUsedUp() throws Exception {
        double most = 3000;
        double spent = 0;
        int refused = 0;
        Items items = new Items(1_000_000, 50, 2000, 9);
        for (int process = 0; process < 20; process++) {
            ReadAccounts accounts = accounts();
            ReadMeter meter = new ReadMeter(shared(most, 4, items.units() / 1_000_000), accounts, 1, ticker);
            try {
                for (int page = 0; page < 30; page++) {
                    spent += items.page(meter.next());
                }
            } catch (Fault gate) {
                refused++;
            }
            if (process % 3 > 0) {
                meter.giveBack();
            }
        }
        assertThat(refused).isPositive();
        assertThat(spent).isBetween(most * 0.75, most);
    }

    /** Threads of several processes at once, each with accounts of its own. */
    @Test
    void manyProcessesTogetherCostNoMore() throws Exception {
        double most = 2000;
        int processes = 4;
        int tasks = 3;
        List<Callable<Double>> work = new ArrayList<>();
        for (int process = 0; process < processes; process++) {
            ReadMeter meter = new ReadMeter(shared(most, processes, 0.125), accounts(), 1, Ticker.SYSTEM);
            for (int task = 0; task < tasks; task++) {
                Items items = new Items(300_000, 50, 2000, process * 10 + task);
                work.add(() -> {
                    double spent = 0;
                    try {
                        while (true) {
                            spent += items.page(meter.next());
                        }
                    } catch (Fault gate) {
                        return spent;
                    }
                });
            }
        }
        ExecutorService threads = Executors.newFixedThreadPool(processes * tasks);
        try {
            double spent = 0;
            for (Future<Double> task : threads.invokeAll(work)) {
                spent += task.get();
            }
            assertThat(spent).isBetween(most * 0.8, most);
            assertThat(accounts().claimed()).isBetween(spent, most);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void waitsForWhatIsUnderWay() throws Exception {
        ReadMeter meter = new ReadMeter(most(200, 190, 0.1), accounts(), 1, Ticker.SYSTEM);
        List<ReadMeter.Request> underWay = new ArrayList<>();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<ReadMeter.Request> waiting;
            while (true) {
                waiting = thread.submit(meter::next);
                if (!isDone(waiting)) {
                    break;
                }
                underWay.add(waiting.get());
            }
            assertThat(underWay).isNotEmpty();
            underWay.get(0).answered(0.5, 5);
            assertThat(waiting.get().limit()).isNotEqualTo(OptionalInt.empty());
        } finally {
            thread.shutdownNow();
        }
    }

    private static boolean isDone(Future<?> future) throws InterruptedException, ExecutionException {
        try {
            future.get(300, java.util.concurrent.TimeUnit.MILLISECONDS);
            return true;
        } catch (java.util.concurrent.TimeoutException e) {
            return false;
        }
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> rate(0, 1, 1)).hasMessageStartingWith("Invalid read budget: 0.0 units/s");
        assertThatThrownBy(() -> most(-1, 1, 1)).hasMessageContaining("at most -1.0 units");
    }
}
