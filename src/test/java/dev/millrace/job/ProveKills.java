package dev.millrace.job;

import dev.millrace.run.Commit;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.storage.StorageOptions;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.S3Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Runs jobs in processes that are killed again and again until they are done, and compares each with an undisturbed one:
 * {@code scripts/prove-kills}.
 */
@Command(name = "scripts/prove-kills", mixinStandardHelpOptions = true, sortOptions = false)
final class ProveKills implements Callable<Integer> {
    private static final String TABLE = "prove-kills";
    private static final int ITEMS = 150;
    private static final int SEGMENTS = 3;

    /** How the processes of a job stand to each other. */
    private enum Mode {
        /** One at a time. */
        ALONE(1, false),
        TWO_AT_ONCE(2, false),
        THREE_AT_ONCE(3, false),
        /** Nothing keeps them from doing the same work. */
        TWO_WITHOUT_LOCK(2, true),
        THREE_WITHOUT_LOCK(3, true),
        /** Each with its share of the units. */
        TWO_SHARES(2, false),
        THREE_SHARES(3, false);

        private final int processes;
        private final boolean ownLock;

        Mode(int processes, boolean ownLock) {
            this.processes = processes;
            this.ownLock = ownLock;
        }

        boolean shares() {
            return this == TWO_SHARES || this == THREE_SHARES;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /** What jobs read, and what readers read of them. */
    private enum Source {
        DYNAMODB(""),
        FILES_TO_DELTA("delta"),
        FILES_TO_FOLDERS("folders"),
        SNAPSHOT("");

        private final String publish;

        Source(String publish) {
            this.publish = publish;
        }

        boolean isFiles() {
            return this == FILES_TO_DELTA || this == FILES_TO_FOLDERS;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /** What jobs on DynamoDB load. */
    private enum Loaded {
        DUCKDB,
        POSTGRES
    }

    /** Which sources are tried. */
    private enum Sources {
        DYNAMODB,
        FILES,
        SNAPSHOT,
        ALL;

        boolean has(Source source) {
            return switch (this) {
                case DYNAMODB -> source == Source.DYNAMODB;
                case FILES -> source.isFiles();
                case SNAPSHOT -> source == Source.SNAPSHOT;
                case ALL -> true;
            };
        }
    }

    /**
     * What jobs of a source are compared with, and how their processes are started.
     *
     * @param versions what readers saw of the undisturbed job after each of its runs; none where they may see a part
     */
    private record Prepared(JobProcesses processes, Undisturbed undisturbed, List<String> versions) {}

    /** A process that was killed: in which phase, and by what: a kind of effect or a random instant. */
    private record Kill(String phase, String by) {}

    @Option(names = "--minutes", paramLabel = "N", description = "How long jobs are begun (default: ${DEFAULT-VALUE}).")
    private int minutes = 10;

    @Option(names = "--seed", paramLabel = "S", description = "Gives every job its course (default: by the clock).")
    private long seed = System.currentTimeMillis() % 1_000_000;

    @Option(names = "--processes", paramLabel = "P", description = "Jobs at a time (default: as many as processors).")
    private int parallel = Runtime.getRuntime().availableProcessors();

    @Option(names = "--job", paramLabel = "N", description = "Only this job of the seed: to see a difference again.")
    private Optional<Integer> only = Optional.empty();

    @Option(
            names = "--source",
            paramLabel = "SOURCE",
            description = "What jobs read: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Sources sources = Sources.ALL;

    @Option(
            names = "--warehouse",
            paramLabel = "ENGINE",
            description =
                    "What jobs on DynamoDB load: ${COMPLETION-CANDIDATES} (default: duckdb). Named, no other source is"
                            + " tried; of postgres readers ask all the time.")
    private Optional<Loaded> warehouse = Optional.empty();

    private final Map<Source, Prepared> prepared = new EnumMap<>(Source.class);
    private final Map<String, Map<String, Integer>> kills = new TreeMap<>();
    private final Map<String, Integer> jobs = new TreeMap<>();
    private Path folder = Path.of("");
    private Instant began = Instant.EPOCH;
    private int next;
    private int killed;
    private long reads;
    private boolean failed;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new ProveKills())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        folder = InMemory.folder("millrace-prove-kills-");
        try {
            for (Source source : Source.values()) {
                if (warehouse.isPresent() ? source == Source.DYNAMODB : sources.has(source)) {
                    print("preparing: an undisturbed run, " + source);
                    prepared.put(source, prepared(source));
                }
            }
            began = Instant.now();
            next = only.orElse(1);
            print("seed " + seed + ", " + (only.isPresent() ? "job " + next : minutes + " minutes") + ", " + parallel
                    + " jobs at a time, below " + folder);
            ExecutorService workers = Executors.newFixedThreadPool(parallel);
            List<Future<?>> working = IntStream.range(0, only.isPresent() ? 1 : parallel)
                    .<Future<?>>mapToObj(i -> workers.submit(this::work))
                    .toList();
            for (Future<?> worker : working) {
                worker.get();
            }
            workers.shutdown();
            print(summary());
        } finally {
            if (!failed) {
                delete(folder);
            }
        }
        return failed ? 1 : 0;
    }

    private Prepared prepared(Source source) {
        return switch (source) {
            case DYNAMODB -> preparedTable();
            case FILES_TO_DELTA, FILES_TO_FOLDERS -> {
                AccessJob job = new AccessJob(folder.resolve("undisturbed-" + source.publish), source.publish);
                yield preparedTwice(job.deliver(), job::deliverMore, job::readDelta);
            }
            case SNAPSHOT -> {
                OrdersJob job = new OrdersJob(folder.resolve("undisturbed-snapshot"));
                yield preparedTwice(job.deliver(), job::deliverMore, job::readByPointer);
            }
        };
    }

    private Prepared preparedTable() {
        ShopJob.fill(TABLE, ITEMS);
        Path own = folder.resolve("undisturbed");
        ShopJob alone = shop(own, own.resolve("staging").toString(), StorageOptions.DEFAULT, "staging: spool: keep");
        JobProcesses processes = JobProcesses.prepare(alone);
        List<String> versions = alone instanceof PostgresShopJob postgres
                ? postgres.read().stream().toList()
                : List.<String>of();
        return new Prepared(processes, new Undisturbed(alone), versions);
    }

    private ShopJob shop(Path own, String staging, StorageOptions options, String spool) {
        return switch (warehouse.orElse(Loaded.DUCKDB)) {
            case DUCKDB -> new ShopJob(own, TABLE, SEGMENTS, staging, options, spool);
            case POSTGRES -> new PostgresShopJob(own, TABLE, SEGMENTS, staging, options, spool);
        };
    }

    /** A first run and a later one. */
    private static Prepared preparedTwice(StoredJob alone, Runnable more, Supplier<Optional<String>> reader) {
        JobProcesses processes = JobProcesses.prepare(alone);
        List<String> versions = new ArrayList<>(reader.get().stream().toList());
        more.run();
        JobProcesses.Started later = processes.start(alone, JobProcess.Manner.UNDISTURBED);
        if (later.exitCode() != 0) {
            throw new IllegalStateException("An undisturbed run fails:\n" + later.output());
        }
        versions.addAll(reader.get().stream().toList());
        return new Prepared(processes, new Undisturbed(alone), List.copyOf(versions));
    }

    private void work() {
        for (OptionalInt number = take(); number.isPresent(); number = take()) {
            int n = number.getAsInt();
            try {
                run(n);
            } catch (RuntimeException | Error | IOException e) {
                fail(n, "it broke: " + e, List.of());
                throw new IllegalStateException(e);
            }
        }
    }

    private synchronized OptionalInt take() {
        boolean over = only.isPresent()
                ? next > only.get()
                : Duration.between(began, Instant.now()).toMinutes() >= minutes;
        return failed || over ? OptionalInt.empty() : OptionalInt.of(next++);
    }

    private void run(int number) throws IOException {
        // Neighbouring seeds of Random begin alike.
        Random random = new Random(new SplittableRandom(seed * 1_000_003 + number).nextLong());
        Mode mode = random.nextBoolean() ? Mode.ALONE : Mode.values()[random.nextInt(Mode.values().length)];
        List<Source> candidates = List.copyOf(prepared.keySet());
        Source source = candidates.get(random.nextInt(candidates.size()));
        boolean onS3 = random.nextInt(4) == 0 && source == Source.DYNAMODB;
        String spool = "staging: spool: " + (random.nextBoolean() ? "keep" : "delete");
        Path own = folder.resolve("job-" + number);
        StorageOptions options = onS3 ? S3Server.options() : StorageOptions.DEFAULT;
        String staging = onS3
                ? "s3://" + S3Server.newBucket() + "/staging"
                : own.resolve("staging").toString();
        StoredJob job = switch (source) {
            case DYNAMODB -> shop(own, staging, options, spool);
            case FILES_TO_DELTA, FILES_TO_FOLDERS -> new AccessJob(own, source.publish).deliver();
            case SNAPSHOT -> new OrdersJob(own).deliver();
        };
        Instant start = Instant.now();
        Prepared of = prepared.get(source);
        Course course = new Course(job, of.processes(), mode, random);
        Optional<String> failure = readWhile(course, job, of.versions());
        List<String> differences =
                failure.isPresent() ? List.of() : of.undisturbed().differences(job);
        if (failure.isPresent() || !differences.isEmpty()) {
            fail(number, failure.orElse("it differs: " + String.join("; ", differences)), course.history);
            return;
        }
        done(
                number,
                source + ", " + mode + (onS3 ? ", s3" : "") + (course.isFirst ? "" : ", later run"),
                course,
                Duration.between(start, Instant.now()));
        if (onS3) {
            job.storage()
                    .delete(job.storage().list("").stream().map(f -> f.path()).toList());
            S3Server.front().forget();
        }
        if (job instanceof PostgresShopJob postgres) {
            postgres.drop();
        }
        delete(own);
    }

    /** Runs a course while readers look at the job's table all the time: they must see nothing but its versions. */
    private Optional<String> readWhile(Course course, StoredJob job, List<String> versions) {
        List<Supplier<Optional<String>>> readers = job instanceof OrdersJob orders
                ? List.of(orders::readByPointer, orders::readByLink)
                : job instanceof AccessJob access && !versions.isEmpty()
                        ? List.of(access::readDelta)
                        : job instanceof PostgresShopJob postgres
                                ? List.of(postgres::read)
                                : List.<Supplier<Optional<String>>>of();
        List<ReaderLoop> loops = readers.stream().map(ReaderLoop::new).toList();
        Optional<String> failure = course.run();
        for (ReaderLoop loop : loops) {
            loop.close();
            List<String> odd = loop.oddities(versions);
            if (!odd.isEmpty()) {
                failure = failure.or(() -> Optional.of("readers saw " + odd + ", and should " + versions));
            }
            synchronized (this) {
                reads += loop.reads();
            }
        }
        return failure;
    }

    /** One job from its first process to its end. */
    private static final class Course {
        private final StoredJob job;
        private final JobProcesses processes;
        private final Mode mode;
        private final Random random;
        private final List<Kill> kills = new ArrayList<>();
        private final List<String> history = new ArrayList<>();
        private final boolean isFirst;
        private String[] run = {};
        private int starts;

        Course(StoredJob job, JobProcesses processes, Mode mode, Random random) {
            this.job = job;
            this.processes = processes;
            this.mode = mode;
            this.random = random;
            this.isFirst = random.nextInt(4) != 0;
        }

        /** Why it cannot be right, or empty. */
        Optional<String> run() {
            if (!isFirst) {
                // What follows is a run that finds a schema and a live version.
                Doomed first = new Doomed(start(JobProcess.Manner.UNDISTURBED, List.of()), "the run before");
                Optional<String> failure = judge(List.of(first), false);
                if (failure.isPresent()) {
                    return failure;
                }
            }
            if (job instanceof OrdersJob orders) {
                Optional<String> failure = isFirst ? runUntil(1) : Optional.empty();
                orders.deliverMore();
                // Of several at once each may have brought the first snapshot.
                return failure.or(() -> runUntil(job.commits().size() + 1));
            }
            if (!(job instanceof AccessJob access)) {
                return runUntil(isFirst ? 1 : 2);
            }
            // Its later run comes after its first one in any case: files have come by then that change what is there.
            Optional<String> failure = isFirst ? runUntil(1) : Optional.empty();
            access.deliverMore();
            return failure.or(() -> runUntil(2))
                    .or(() -> job.commits().size() == 2
                            ? Optional.empty()
                            : Optional.of("there are other commits: " + job.commits()));
        }

        /** Kills processes for some time, then lets one come to the end of the job's n-th commit. */
        private Optional<String> runUntil(int n) {
            if (mode.shares()) {
                run = new String[] {
                    "--run", RunId.startingAt(Instant.now(), random).value()
                };
            }
            int rounds = 1 + random.nextInt(mode == Mode.ALONE ? 12 : 3);
            for (int round = 0; round < rounds; round++) {
                Optional<String> failure = round();
                if (failure.isPresent() || isOver(n)) {
                    return failure;
                }
            }
            JobProcess.Manner last = JobProcess.Manner.UNDISTURBED;
            // Of files more than one run may be left, of which all but one are superseded.
            for (int tries = 0; tries < (job instanceof ShopJob ? 1 : 3); tries++) {
                Optional<String> failure = judge(List.of(new Doomed(start(last, List.of(), run), "to the end")), false);
                if (failure.isPresent() || isOver(n)) {
                    return failure;
                }
            }
            return Optional.of("the last process did not end the run");
        }

        private boolean isOver(int n) {
            List<Commit> commits = job.commits();
            return commits.size() >= n
                    && job.store()
                            .run(commits.get(commits.size() - 1).run())
                            .end()
                            .isPresent()
                    && job.store().unfinished().isEmpty();
        }

        private Optional<String> round() {
            List<Doomed> started = new ArrayList<>();
            boolean shares = mode.shares() && now().compareTo(Phase.COMPACT) < 0;
            for (int i = 1; i <= mode.processes; i++) {
                // Of shares that are at work together one is killed.
                boolean spared = mode.processes > 1 && (shares ? i > 1 : random.nextInt(6) == 0);
                started.add(doomed(i, spared, shares));
            }
            return judge(started, mode.ownLock);
        }

        private Doomed doomed(int i, boolean spared, boolean share) {
            JobProcess.Manner manner =
                    mode.ownLock ? JobProcess.Manner.UNDISTURBED.withOwnLock() : JobProcess.Manner.UNDISTURBED;
            List<Phase> phases = share ? List.of(Phase.INFER_SCHEMA, Phase.EXTRACT) : List.of();
            String[] options = share ? new String[] {run[0], run[1], "--units", i + "/" + mode.processes} : run;
            if (spared) {
                return new Doomed(start(manner, phases, options), "spared");
            }
            if (random.nextInt(4) == 0) {
                int millis = 300 + random.nextInt(3000);
                JobProcesses.Started started = start(manner, phases, options);
                CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS)
                        .execute(started.process()::destroyForcibly);
                return new Doomed(started, "kill after " + millis + " ms");
            }
            Phase from = now();
            List<Phase> left = job.phases().stream()
                    .filter(p -> p.compareTo(from) >= 0 && (phases.isEmpty() || phases.contains(p)))
                    .toList();
            // Where it is, or further on.
            Phase phase = left.isEmpty() || random.nextBoolean() ? from : left.get(random.nextInt(left.size()));
            // A later run has its schema: there is little to do in that phase.
            int most = phase == Phase.INFER_SCHEMA && !isFirst ? 8 : processes.effects(phase);
            JobProcess.InPhase at = new JobProcess.InPhase(phase, 1 + random.nextInt(most));
            return new Doomed(start(manner.killed(at), phases, options), "kill after effect " + at.text());
        }

        private Phase now() {
            return Phase.named(JobProcess.phaseOf(job.store()))
                    .orElse(job.phases().get(job.phases().size() - 1));
        }

        private JobProcesses.Started start(JobProcess.Manner manner, List<Phase> phases, String... options) {
            starts++;
            return processes.start(job, manner, phases, options);
        }

        /** Waits for processes and looks at how they ended. */
        private Optional<String> judge(List<Doomed> all, boolean withoutLock) {
            Optional<String> failure = Optional.empty();
            for (Doomed one : all) {
                int code = one.process.exitCode();
                String output = one.process.output();
                history.add(one.fate + ": exit code " + code + lastLine(output));
                if (code == JobProcesses.SIGKILL) {
                    kills.add(kill(output));
                    continue;
                }
                List<Integer> right = withoutLock
                        ? List.of(0, 1, 3, 4)
                        // Of two that had planned the same files before one got the lock, one comes too late.
                        : job instanceof ShopJob ? List.of(0, 4) : List.of(0, 3, 4);
                if (!right.contains(code) || output.contains("this is a defect")) {
                    failure = failure.or(() -> Optional.of("a process ended with " + code + ":\n" + output));
                }
            }
            return failure;
        }

        private Kill kill(String output) {
            return output.lines()
                    .filter(line -> line.startsWith(JobProcess.KILLED))
                    .map(line -> line.substring(JobProcess.KILLED.length()).split("[,:] ", 3))
                    .map(words -> new Kill(words[0], words[1]))
                    .findFirst()
                    .orElseGet(() -> new Kill(JobProcess.phaseOf(job.store()), "instant"));
        }

        private String lastLine(String output) {
            return output.lines().reduce((a, b) -> b).map(line -> ", " + line).orElse("");
        }
    }

    /** A process and what shall become of it. */
    private record Doomed(JobProcesses.Started process, String fate) {}

    private synchronized void done(int number, String mode, Course course, Duration took) {
        killed += course.kills.size();
        jobs.merge(mode, 1, Integer::sum);
        for (Kill kill : course.kills) {
            kills.computeIfAbsent(kill.phase(), none -> new TreeMap<>()).merge(kill.by(), 1, Integer::sum);
        }
        String of = course.kills.stream()
                .map(kill -> kill.phase() + " (" + kill.by() + ")")
                .collect(Collectors.joining(", "));
        print("job %4d  %-50s %d kills of %d starts%s  %.1f s; %d kills so far"
                .formatted(
                        number,
                        mode,
                        course.kills.size(),
                        course.starts,
                        of.isEmpty() ? "" : ": " + of,
                        took.toMillis() / 1000.0,
                        killed));
    }

    private synchronized void fail(int number, String what, List<String> history) {
        failed = true;
        print("");
        print("job " + number + ": " + what);
        history.forEach(line -> print("  " + line));
        print("its files are below " + folder.resolve("job-" + number));
        print("again: scripts/prove-kills --seed " + seed + " --job " + number
                + warehouse
                        .map(w -> " --warehouse " + w.name().toLowerCase(Locale.ROOT))
                        .orElse(""));
    }

    private synchronized String summary() {
        double spent = Duration.between(began, Instant.now()).toMillis() / 60_000.0;
        List<String> causes = kills.values().stream()
                .flatMap(by -> by.keySet().stream())
                .distinct()
                .sorted()
                .toList();
        StringBuilder text = new StringBuilder("\n%-16s".formatted("killed in"));
        causes.forEach(cause -> text.append("%10s".formatted(cause)));
        kills.forEach((phase, by) -> {
            text.append("\n%-16s".formatted(phase));
            causes.forEach(cause -> text.append("%10d".formatted(by.getOrDefault(cause, 0))));
        });
        text.append("\n\n");
        jobs.forEach((mode, count) -> text.append("%5d jobs %s%n".formatted(count, mode)));
        if (reads > 0) {
            text.append("%n%d times a reader looked, and saw one version whole%n".formatted(reads));
        }
        text.append("\n%d kills in %.1f minutes, %.0f a minute; %d jobs, differences: %s; seed %d"
                .formatted(
                        killed,
                        spent,
                        killed / spent,
                        jobs.values().stream().mapToInt(Integer::intValue).sum(),
                        failed ? "SEE ABOVE" : "0",
                        seed));
        return text.toString();
    }

    private static synchronized void print(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
