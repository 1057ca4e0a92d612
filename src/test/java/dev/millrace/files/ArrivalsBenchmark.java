package dev.millrace.files;

import dev.millrace.config.FileSource.OnChange;
import dev.millrace.config.FolderPattern;
import dev.millrace.config.Location;
import dev.millrace.run.JobStore;
import dev.millrace.run.Phase;
import dev.millrace.run.Plan;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * How long a run takes to find that nothing is new. Arguments: an empty local folder, and a number of files that are made
 * there, in folders by hour; a second call with the same folder measures a process that finds all of them known.
 */
final class ArrivalsBenchmark {
    private static final Instant NOW = Instant.parse("2026-11-21T08:05:00Z");
    private static final int PER_HOUR = 40;

    private ArrivalsBenchmark() {}

    public static void main(String... arguments) throws IOException {
        Path base = Path.of(arguments[0]);
        int files = Integer.parseInt(arguments[1]);
        Storage staging = Storages.open(base.resolve("staging").toString(), StorageOptions.DEFAULT);
        Path source = base.resolve("records");
        JobStore store = new JobStore(staging, "job", Clock.systemUTC(), new Random());
        FileLedger ledger = new FileLedger(staging, "job", store.ledger());
        if (!Files.isDirectory(source)) {
            make(source, files);
            Arrivals arrivals = timed("first run, find", () -> find(source, ledger, NOW));
            RunId run = RunId.startingAt(NOW, new Random());
            FileUnits units = new FileUnits(staging, store.run(run).path("files/"));
            Plan plan = timed(
                    "first run, plan",
                    () -> new Plan(
                            Plan.FORMAT,
                            run,
                            "job",
                            "{}",
                            List.of(Phase.EXTRACT),
                            units.plan(arrivals, 128L << 20, 2, arrival -> List.of(FilePart.whole(arrival.file()))),
                            Optional.empty(),
                            Optional.of(NOW),
                            Optional.of(0L)));
            timed("first run, commit", () -> ledger.commit(plan, units, Map.of(), Map.of(), Map.of()));
            ledger.rememberListing(arrivals.at());
            return;
        }
        timed("nothing new within the lookback", () -> find(source, ledger, NOW));
        timed("nothing new in all folders", () -> find(source, ledger, NOW.plus(Duration.ofDays(1))));
        timed("nothing new within the lookback, again", () -> find(source, ledger, NOW));
        timed("nothing new in all folders, again", () -> find(source, ledger, NOW.plus(Duration.ofDays(1))));
        timed("what is covered", () -> ledger.coverage(folder(source)).files());
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        System.out.printf("heap: at most %d MB%n", runtime.maxMemory() >> 20);
    }

    private static SourceFolder folder(Path source) {
        return new SourceFolder(
                Storages.open(source.toString(), StorageOptions.DEFAULT),
                new FolderPattern(Location.of(source), List.of("{yyyy}", "{MM}", "{dd}", "{HH}")),
                "*");
    }

    private static Arrivals find(Path source, FileLedger ledger, Instant now) {
        return new ArrivalSearch(folder(source), Duration.ofDays(3), Duration.ofDays(1), OnChange.REPROCESS)
                .find(ledger, now, TimeRange.ALL, false);
    }

    private static Duration cpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    private interface Work<T> {
        T get();
    }

    private static <T> T timed(String what, Work<T> work) {
        long start = System.nanoTime();
        Duration before = cpu();
        T result = work.get();
        String found = result instanceof Arrivals arrivals
                ? arrivals.files().size() + " of " + arrivals.listed() + " listed files taken"
                : "";
        System.out.printf(
                "%-45s %6.2f s, %5.2f CPU s  %s%n",
                what, (System.nanoTime() - start) / 1e9, cpu().minus(before).toMillis() / 1e3, found);
        return result;
    }

    private static void make(Path source, int files) throws IOException {
        DateTimeFormatter hour = DateTimeFormatter.ofPattern("uuuu/MM/dd/HH");
        LocalDateTime last = LocalDateTime.ofInstant(NOW, ZoneOffset.UTC);
        for (int i = 0; i < files; i++) {
            Path folder = source.resolve(hour.format(last.minusHours(i / PER_HOUR)));
            if (i % PER_HOUR == 0) {
                Files.createDirectories(folder);
            }
            Files.writeString(folder.resolve("stream-1-2026-11-21-07-05-00-%08d-abcdef.gz".formatted(i)), "{}");
        }
    }
}
