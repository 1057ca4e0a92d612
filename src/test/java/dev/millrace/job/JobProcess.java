package dev.millrace.job;

import dev.millrace.run.JobStore;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.testing.ScanWatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** A process of its own that runs a job as the command {@code local} does, and that may end or freeze in the middle. */
final class JobProcess {
    /** Where a process ends by SIGKILL, or stands still by SIGSTOP; in both cases after an effect. */
    sealed interface Halt {
        /** As it is written in the process's arguments. */
        String text();

        Halt NEVER = new AfterEffect(Integer.MAX_VALUE);
    }

    /** After the process's n-th effect, from 1. */
    record AfterEffect(int n) implements Halt {
        @Override
        public String text() {
            return Integer.toString(n);
        }
    }

    /** After the process's n-th effect in a phase, from 1. */
    record InPhase(Phase phase, int n) implements Halt {
        @Override
        public String text() {
            return phase.label() + ":" + n;
        }
    }

    /** After the first effect that is described so, as {@code create shop/orders/}. */
    record AtFirst(String what) implements Halt {
        @Override
        public String text() {
            return FIRST + what;
        }
    }

    /**
     * How a process runs.
     *
     * @param kill where it kills itself
     * @param freeze where it stops itself
     * @param clock how far its clock is ahead
     * @param ownLock whether it has a lock file of its own, so that nothing keeps it from working beside others
     */
    record Manner(Halt kill, Halt freeze, Duration clock, boolean ownLock) {
        static final Manner UNDISTURBED = new Manner(Halt.NEVER, Halt.NEVER, Duration.ZERO, false);

        Manner killed(Halt at) {
            return new Manner(at, freeze, clock, ownLock);
        }

        Manner frozen(Halt at) {
            return new Manner(kill, at, clock, ownLock);
        }

        Manner ahead(Duration by) {
            return new Manner(kill, freeze, by, ownLock);
        }

        Manner withOwnLock() {
            return new Manner(kill, freeze, clock, true);
        }

        List<String> arguments() {
            return List.of(kill.text(), freeze.text(), clock.toString(), Boolean.toString(ownLock));
        }

        static Manner parse(List<String> arguments) {
            return new Manner(
                    parseHalt(arguments.get(0)),
                    parseHalt(arguments.get(1)),
                    Duration.parse(arguments.get(2)),
                    Boolean.parseBoolean(arguments.get(3)));
        }

        static Halt parseHalt(String text) {
            if (text.startsWith(FIRST)) {
                return new AtFirst(text.substring(FIRST.length()));
            }
            int colon = text.indexOf(':');
            return colon < 0
                    ? new AfterEffect(Integer.parseInt(text))
                    : new InPhase(
                            Phase.named(text.substring(0, colon)).orElseThrow(),
                            Integer.parseInt(text.substring(colon + 1)));
        }
    }

    /** Begins the line that a process prints before its end: then follow the phase and the effect. */
    static final String KILLED = "killed in ";

    static final String AFTER = "end";

    private static final String FIRST = "first ";
    private static final String EFFECTS = "effects in ";
    private static final int OF_MANNER = Manner.UNDISTURBED.arguments().size();

    private JobProcess() {}

    /** The arguments of {@link Manner}, then phases with commas or nothing for all, then those of the command line. */
    public static void main(String[] arguments) {
        List<String> all = Arrays.asList(arguments);
        Manner manner = Manner.parse(all.subList(0, OF_MANNER));
        List<Phase> phases = Arrays.stream(all.get(OF_MANNER).split(",", -1))
                .flatMap(label -> Phase.named(label).stream())
                .toList();
        List<String> ofJob = all.subList(OF_MANNER + 1, all.size());

        Surroundings own = Surroundings.ofProcess();
        OpenJob open = opened(ofJob, own);
        PhaseWatch watch = new PhaseWatch(PipelineRunner.phases(open.job()), phaseOf(open.store()));
        Effects effects = new Effects(
                (number, effect) -> {
                    watch.count(effect);
                    if (watch.isAt(manner.kill(), number, effect)) {
                        System.out.println(KILLED + watch.last + ", " + effect);
                        System.out.flush();
                        signal("KILL");
                    }
                    if (watch.isAt(manner.freeze(), number, effect)) {
                        freeze();
                    }
                    return false;
                },
                effect -> {},
                manner.ownLock() ? "lock-" + ProcessHandle.current().pid() + ".json" : Effects.LOCK);
        ScanWatch.tell(effects);
        Surroundings around = new Surroundings(
                own.base(),
                own.home(),
                own.environment(),
                Clock.offset(Clock.systemUTC(), manner.clock()),
                new Random(),
                effects.storages(),
                effects.warehouses());
        int exitCode = Millrace.execute(
                new CommandLine(new JobCommand(phases, around, System.out)), ofJob.toArray(String[]::new));
        if (manner.equals(Manner.UNDISTURBED) && exitCode == 0) {
            effects.byPhase().forEach((phase, count) -> System.out.println(EFFECTS + phase.label() + " " + count));
        }
        System.exit(exitCode);
    }

    /** How many effects each phase of a run had, from what its only process printed. */
    static Map<Phase, Integer> effects(String output) {
        return output.lines()
                .filter(line -> line.startsWith(EFFECTS))
                .map(line -> line.substring(EFFECTS.length()).split(" ", -1))
                .collect(Collectors.toMap(
                        words -> Phase.named(words[0]).orElseThrow(), words -> Integer.parseInt(words[1])));
    }

    private static OpenJob opened(List<String> arguments, Surroundings around) {
        JobCommand command = new JobCommand(List.of(), around, System.out);
        new CommandLine(command).parseArgs(arguments.toArray(String[]::new));
        return OpenJob.load(command.arguments(), around);
    }

    /** Follows a process through the phases; the effect that ends a phase belongs to it. */
    private static final class PhaseWatch {
        private final List<Phase> phases;
        private final Set<AtFirst> met = new HashSet<>();
        private String now;
        private String last;
        private int inPhase;

        PhaseWatch(List<Phase> phases, String now) {
            this.phases = phases;
            this.now = now;
            this.last = now;
        }

        void count(Effects.Effect effect) {
            if (effect.isRenewal()) {
                return;
            }
            inPhase = now.equals(last) ? inPhase + 1 : 1;
            last = now;
            for (Phase phase : phases) {
                if (effect.isOn("/phases/" + phase.label() + ".json")) {
                    now = phases.stream()
                            .filter(p -> p.compareTo(phase) > 0)
                            .map(Phase::label)
                            .findFirst()
                            .orElse(AFTER);
                }
            }
        }

        boolean isAt(Halt halt, int number, Effects.Effect effect) {
            if (halt instanceof AtFirst first) {
                return effect.what().startsWith(first.what()) && met.add(first);
            }
            if (halt instanceof AfterEffect after) {
                return number == after.n();
            }
            InPhase in = (InPhase) halt;
            return !effect.isRenewal() && last.equals(in.phase().label()) && inPhase == in.n();
        }
    }

    /** The phase that a job's newest run is in, {@link #AFTER} the last one. Where a new run would begin, its first. */
    static String phaseOf(JobStore store) {
        List<RunId> runs = store.runs();
        Optional<RunStore> newest = runs.isEmpty()
                ? Optional.empty()
                : Optional.of(store.run(runs.get(runs.size() - 1)))
                        .filter(run -> run.end().isEmpty());
        // Whoever is stopped while it plans leaves a run without a plan.
        return newest.flatMap(run -> run.findPlan().map(plan -> phaseOf(run, plan.phases())))
                .orElse(Phase.INFER_SCHEMA.label());
    }

    private static String phaseOf(RunStore run, List<Phase> phases) {
        return phases.stream()
                .filter(phase -> run.phase(phase).isEmpty())
                .map(Phase::label)
                .findFirst()
                .orElse(AFTER);
    }

    /** Sends this process a signal. Whoever has an effect meanwhile waits. */
    static void signal(String name) {
        await("kill", "-" + name, Long.toString(ProcessHandle.current().pid()));
    }

    /**
     * Stands still by SIGSTOP, right after the effect: a signal takes its time on a machine with much to do, so what sends it
     * ends, and with it the wait for it, only once this process has stopped.
     */
    private static void freeze() {
        await(
                "bash",
                "-c",
                "kill -STOP $1; until [[ $(ps -o stat= -p $1) == T* ]]; do :; done",
                "freeze",
                Long.toString(ProcessHandle.current().pid()));
    }

    private static void await(String... command) {
        try {
            new ProcessBuilder(command).start().waitFor();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * The command of a process.
     *
     * @param classPath of main and test classes with all they need
     * @param options of the JVM
     * @param phases none for all
     * @param arguments of the command line, beginning with the job file
     */
    static List<String> command(
            String classPath, List<String> options, Manner manner, List<Phase> phases, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dspark.master=local[2]",
                "-Dspark.driver.host=127.0.0.1",
                "-Dspark.driver.bindAddress=127.0.0.1",
                "-Dspark.ui.enabled=false",
                // What looks for credentials of S3 finds some.
                "-Daws.accessKeyId=test",
                "-Daws.secretAccessKey=test"));
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, JobProcess.class.getName()));
        command.addAll(manner.arguments());
        command.add(phases.stream().map(Phase::label).collect(Collectors.joining(",")));
        command.addAll(arguments);
        return command;
    }
}
