package dev.millrace.dynamodb;

import dev.millrace.run.PlannedUnit;
import dev.millrace.sample.ShopSample;
import dev.millrace.testing.DynamoDbFront;
import dev.millrace.testing.DynamoDbFront.Charge;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Reads a table that throttles and reports capacity as DynamoDB does, in real time, and prints for each second what the
 * table was asked for beside the budget. {@code scripts/bench/read-capacity} runs it.
 */
final class ReadCapacityBenchmark {
    private static final String TABLE = "read-capacity";
    private static final int ITEMS = 20_000;
    private static final int SEGMENTS = 16;
    private static final int TASKS = 4;

    private ReadCapacityBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        ShopSample.fillIfMissing(DynamoDbLocal.client(), TABLE, ShopSample.SEED, ITEMS, written -> {});
        measure("a table that gives all that is asked for", 60, 1_000_000);
        measure("a table that gives less than the budget", 60, 45);
        System.exit(0);
    }

    private static void measure(String what, double budget, double given) throws Exception {
        Path root = Files.createTempDirectory("read-capacity");
        try (DynamoDbFront front = new DynamoDbFront()) {
            front.limit(TABLE, given, 2 * given);
            TableAccess access = new TableAccess(TABLE, "eu-west-1", front.uri().toString(), "", "", false, List.of());
            TableDescription table = TableDescription.load(access);
            double units = table.readUnits(false);
            ReadBudget limits = new ReadBudget(
                    budget, Double.POSITIVE_INFINITY, 1, 1, false, units / SEGMENTS, units / table.items(), false);
            Runs runs = Runs.at(root);
            Spool spool = new Spool(
                    runs.storage(),
                    Runs.FOLDER,
                    runs.commits(),
                    new TableScan(access, List.of("PK", "SK"), limits, runs.reads()),
                    SpoolKey.NONE);
            System.out.printf("%n%s: budget %.0f units/s, table %.0f units/s, %d tasks%n", what, budget, given, TASKS);
            long start = front.nanos();
            read(spool);
            double seconds = (front.nanos() - start) / 1e9;
            print(front, budget, start, seconds);
        } finally {
            delete(root);
        }
    }

    private static void read(Spool spool) throws InterruptedException, ExecutionException {
        ExecutorService tasks = Executors.newFixedThreadPool(TASKS);
        try {
            List<Callable<Object>> work = new ArrayList<>();
            for (PlannedUnit unit : Spool.units(SEGMENTS, "")) {
                work.add(() -> spool.obtain(unit));
            }
            for (Future<Object> done : tasks.invokeAll(work)) {
                done.get();
            }
        } finally {
            tasks.shutdownNow();
        }
    }

    private static void print(DynamoDbFront front, double budget, long start, double seconds) {
        List<Charge> charges = front.charges();
        System.out.println("second  units/s  of the budget");
        for (int second = 0; second <= (charges.get(charges.size() - 1).nanos() - start) / 1_000_000_000; second++) {
            long from = start + second * 1_000_000_000L;
            double units = charges.stream()
                    .filter(c -> c.nanos() >= from && c.nanos() < from + 1_000_000_000L)
                    .mapToDouble(Charge::units)
                    .sum();
            System.out.printf("%6d  %7.1f  %5.0f %%%n", second + 1, units, 100 * units / budget);
        }
        for (int window : new int[] {1, 5}) {
            System.out.printf(
                    "most in any %d s: %.1f units/s (%.0f %% of the budget)%n",
                    window, most(charges, window), 100 * most(charges, window) / budget);
        }
        System.out.printf("most ahead of budget times time: %.1f units%n", ahead(charges, budget, start));
        System.out.printf(
                "in all: %.1f units in %.1f s = %.1f units/s (%.1f %% of the budget), %d requests, %d of them throttled%n",
                front.units(),
                seconds,
                front.units() / seconds,
                100 * front.units() / seconds / budget,
                front.scans().size(),
                front.throttled());
    }

    /** How far more was ever read than the budget allows since the beginning. */
    private static double ahead(List<Charge> charges, double budget, long start) {
        double ahead = 0;
        double sum = 0;
        for (Charge charge : charges) {
            sum += charge.units();
            ahead = Math.max(ahead, sum - budget * (charge.nanos() - start) / 1e9);
        }
        return ahead;
    }

    private static double most(List<Charge> charges, int seconds) {
        double most = 0;
        for (Charge last : charges) {
            double sum = charges.stream()
                    .filter(c -> c.nanos() <= last.nanos() && c.nanos() > last.nanos() - seconds * 1_000_000_000L)
                    .mapToDouble(Charge::units)
                    .sum();
            most = Math.max(most, sum / seconds);
        }
        return most;
    }

    private static void delete(Path root) throws IOException {
        try (var files = Files.walk(root)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
