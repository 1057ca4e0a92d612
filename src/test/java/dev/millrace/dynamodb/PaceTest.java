package dev.millrace.dynamodb;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tasks that read by one pace, on a clock of numbers: each asks for a page, waits until it may, has its answer after a
 * while, works on it and asks again.
 */
class PaceTest {
    private static final long SECOND = 1_000_000_000;

    /** A request as the table saw it. */
    private record Charged(long at, double units) {}

    /** What the table gives beyond which it refuses: a bucket of units that fills up at a rate. */
    private static final class Table {
        private double perSecond;
        private final double burst;
        private double left;
        private long seen;

        Table(double perSecond, double burst) {
            this.perSecond = perSecond;
            this.burst = burst;
            this.left = burst;
        }

        /** DynamoDB lets a request pass while anything is left, and takes what it costs. */
        boolean takes(double units, long now) {
            left = Math.min(burst, left + perSecond * (now - seen) / SECOND);
            seen = now;
            if (left <= 0) {
                return false;
            }
            left -= units;
            return true;
        }
    }

    /** Something that happens to a task. */
    private record Event(long at, int task, Runnable act) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Integer.compare(task, other.task);
        }
    }

    private static final class Simulation {
        private final PriorityQueue<Event> events = new PriorityQueue<>();
        private final List<Integer> waiting = new ArrayList<>();
        private final List<Charged> charged = new ArrayList<>();
        private final Random random = new Random(7);
        private final Pace pace;
        private final Table table;
        private final double expected;
        private final double spread;
        private final long latency;
        private final long work;
        private boolean isAsked;
        private long now;
        private int refused;

        /**
         * @param expected what a page is thought to cost
         * @param spread how far its cost is from that, at most
         * @param latency until an answer is there
         * @param work on a page, until the next one is asked for
         */
        Simulation(Pace pace, Table table, int tasks, double expected, double spread, long latency, long work) {
            this.pace = pace;
            this.table = table;
            this.expected = expected;
            this.spread = spread;
            this.latency = latency;
            this.work = work;
            for (int i = 0; i < tasks; i++) {
                waiting.add(i);
            }
        }

        void until(long end) {
            while (true) {
                if (!isAsked && !waiting.isEmpty()) {
                    pace.asked(now);
                    isAsked = true;
                }
                // The first in line goes when it may, unless something happens before.
                long go = waiting.isEmpty() ? Long.MAX_VALUE : now + pace.delay(expected, now);
                Event next = events.peek();
                if (next != null && next.at() <= go) {
                    now = next.at();
                    events.remove().act().run();
                } else if (go <= end) {
                    now = go;
                    send(waiting.remove(0));
                } else {
                    now = end;
                    return;
                }
                if (now > end) {
                    return;
                }
            }
        }

        private void send(int task) {
            pace.sent(expected, now);
            isAsked = false;
            long sent = now;
            double units = expected * (1 + spread * (2 * random.nextDouble() - 1));
            boolean taken = table.takes(units, now);
            if (taken) {
                charged.add(new Charged(now, units));
            }
            long jitter = (long) (latency * (0.5 + random.nextDouble()));
            events.add(new Event(now + jitter, task, () -> {
                pace.corrected(expected, taken ? units : 0);
                if (taken) {
                    pace.answered(now);
                } else {
                    refused++;
                    pace.throttled(sent, now);
                }
                events.add(new Event(now + work, task, () -> waiting.add(task)));
            }));
        }

        double units(long from, long to) {
            return charged.stream()
                    .filter(c -> c.at() >= from && c.at() < to)
                    .mapToDouble(Charged::units)
                    .sum();
        }

        /** The most units in any stretch of so many seconds. */
        double most(double seconds) {
            long length = (long) (seconds * SECOND);
            double most = 0;
            double sum = 0;
            int first = 0;
            for (Charged last : charged) {
                sum += last.units();
                while (charged.get(first).at() <= last.at() - length) {
                    sum -= charged.get(first++).units();
                }
                most = Math.max(most, sum);
            }
            return most;
        }
    }

    @ParameterizedTest(name = "{0} units/s, {1} tasks, pages of {2}")
    @CsvSource({
        "3000, 1, 128.5, 0.00, 20, 5",
        "3000, 8, 128.5, 0.02, 80, 100",
        "128, 1, 128, 0.05, 80, 30",
        "128, 2, 128, 0.05, 80, 600",
        "10, 8, 10, 0.30, 50, 10",
        "5, 2, 50, 0.10, 50, 10",
        "2, 3, 2, 0.20, 500, 10",
        "40000, 64, 128.5, 0.01, 50, 100",
    })
    void readsAtTheRateAndNeverFaster(
            double rate, int tasks, double page, double spread, long latencyMillis, long workMillis) {
        Pace pace = new Pace(rate, 0);
        Simulation run = new Simulation(
                pace, new Table(1e9, 1e9), tasks, page, spread, latencyMillis * 1_000_000, workMillis * 1_000_000);
        run.until(300 * SECOND);
        double all = run.units(0, 300 * SECOND);
        assertThat(all / 300).isBetween(0.95 * rate, 1.005 * rate + page / 300);
        // As of every moment since the beginning; a page may cost more than was expected.
        double sum = 0;
        for (Charged c : run.charged) {
            sum += c.units();
            assertThat(sum).isLessThanOrEqualTo(rate * c.at() / SECOND * 1.001 + tasks * page * spread);
        }
        for (double seconds : new double[] {1, 5, 30}) {
            assertThat(run.most(seconds))
                    .as("in %s s", seconds)
                    .isLessThanOrEqualTo(1.05 * rate * seconds + page + tasks * page * spread * 2);
        }
    }

    @Test
    void makesUpForASecondAtMostAndNotAtOnce() {
        Pace pace = new Pace(100, 0);
        // Nobody reads for a minute.
        long now = 60 * SECOND;
        double sent = 0;
        while (now < 120 * SECOND) {
            pace.asked(now);
            now += pace.delay(10, now);
            pace.sent(10, now);
            sent += 10;
            assertThat(sent).isLessThanOrEqualTo(105.1 * (now - 60 * SECOND) / SECOND + 10);
        }
        assertThat(sent).isBetween(60.0 * 100 + 90, 60.0 * 100 + 110);
    }

    @Test
    void slowsDownOnceForRequestsThatAreRefusedTogetherAndGrowsBack() {
        Pace pace = new Pace(1000, 0);
        for (int i = 0; i < 8; i++) {
            pace.throttled(SECOND, 2 * SECOND + i);
        }
        assertThat(pace.rate()).isEqualTo(500);
        pace.throttled(3 * SECOND, 4 * SECOND);
        assertThat(pace.rate()).isEqualTo(250);
        for (int second = 5; second <= 9; second++) {
            pace.answered(second * SECOND);
        }
        assertThat(pace.rate()).isEqualTo(500);
        pace.answered(60 * SECOND);
        assertThat(pace.rate()).isEqualTo(1000);
        for (int i = 0; i < 20; i++) {
            pace.throttled(100 * SECOND + i, 100 * SECOND + i);
        }
        assertThat(pace.rate()).isEqualTo(50);
    }

    @ParameterizedTest(name = "{0} tasks")
    @CsvSource({"1, 50", "2, 100", "8, 12.5"})
    void findsWhatATableGivesAndReturnsToTheBudget(int tasks, double page) {
        Table table = new Table(30, 60);
        Pace pace = new Pace(100, 0);
        Simulation run = new Simulation(pace, table, tasks, page, 0.1, 20_000_000, 10_000_000);
        run.until(120 * SECOND);
        assertThat(run.refused).isPositive();
        double given = run.units(20 * SECOND, 120 * SECOND) / 100;
        assertThat(given).isBetween(0.75 * 30, 1.05 * 30 + page / 100 * 2);

        // The others that used the table are gone.
        table.perSecond = 1000;
        run.until(150 * SECOND);
        int refusedBefore = run.refused;
        run.until(350 * SECOND);
        assertThat(run.refused).isEqualTo(refusedBefore);
        double rate = run.units(150 * SECOND, 350 * SECOND) / 200;
        assertThat(rate).isBetween(95.0, 100 * 1.005 + page / 200);
    }

    @Test
    void whatWasExpectedTooHighIsNotLost() {
        Pace pace = new Pace(100, 0);
        long now = 0;
        double sent = 0;
        while (now < 100 * SECOND) {
            pace.asked(now);
            now += pace.delay(100, now);
            pace.sent(100, now);
            now += 1_000_000;
            pace.corrected(100, 20);
            sent += 20;
        }
        assertThat(sent / 100).isBetween(95.0, 100.0);
    }
}
