package dev.millrace.job;

import dev.millrace.run.Phase;
import dev.millrace.testing.Processes;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Starts {@link JobProcess}es and waits for them. An archive of the classes that they load (class data sharing) halves
 * what a start costs.
 */
final class JobProcesses {
    static final int SIGKILL = 128 + 9;
    private static final Duration DEADLINE = Duration.ofMinutes(3);

    /** Each process that runs tests has its own: an archive is written in place. */
    private static final Path FOLDER = Path.of(
            System.getProperty("millrace.home"), "target", "job-processes-" + System.getProperty("millrace.fork", "1"));

    private static final String ARCHIVE = ".jsa";

    private final String classPath;
    private final List<String> options;
    private final Map<Phase, Integer> effects;

    private JobProcesses(String classPath, List<String> options, Map<Phase, Integer> effects) {
        this.classPath = classPath;
        this.options = List.copyOf(options);
        this.effects = Map.copyOf(effects);
    }

    /**
     * Runs a job undisturbed, in a process that makes the archive unless it is there.
     *
     * @throws AssertionError when the job fails
     */
    static JobProcesses prepare(StoredJob undisturbed) {
        List<String> options = new ArrayList<>(List.of("-Djdk.reflect.useDirectMethodHandle=false", "-Xlog:cds*=off"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .forEach(options::add);
        String classPath = jarsOnly(System.getProperty("java.class.path"));
        // Jobs of one name load the same classes.
        Path archive = FOLDER.resolve(undisturbed.name() + ARCHIVE);
        boolean isArchived = Files.exists(archive);
        List<String> forArchive = new ArrayList<>(options);
        forArchive.add((isArchived ? "-XX:SharedArchiveFile=" : "-XX:ArchiveClassesAtExit=") + archive);
        Started first =
                new JobProcesses(classPath, forArchive, Map.of()).start(undisturbed, JobProcess.Manner.UNDISTURBED);
        if (first.exitCode() != 0) {
            throw new AssertionError("An undisturbed run fails:\n" + first.output());
        }
        options.add("-XX:SharedArchiveFile=" + archive);
        return new JobProcesses(classPath, options, JobProcess.effects(first.output()));
    }

    /** An archive knows no folders: they are packed, and the archive is dropped when that makes another jar. */
    private static String jarsOnly(String classPath) {
        List<String> jars = new ArrayList<>();
        for (String entry : classPath.split(File.pathSeparator, -1)) {
            jars.add(Files.isDirectory(Path.of(entry)) ? packed(Path.of(entry)).toString() : entry);
        }
        return String.join(File.pathSeparator, jars);
    }

    private static Path packed(Path classes) {
        try {
            Path jar = Files.createDirectories(FOLDER).resolve(classes.getFileName() + ".jar");
            Path made = FOLDER.resolve(classes.getFileName() + ".jar.new");
            Processes.Ended packed = Processes.run(new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "jar").toString(),
                    "--create",
                    "--date=2026-01-01T00:00:00Z",
                    "--file=" + made,
                    "-C",
                    classes.toString(),
                    "."));
            if (packed.exitCode() != 0) {
                throw new IllegalStateException(packed.output());
            }
            if (Files.exists(jar) && Files.mismatch(made, jar) < 0) {
                Files.delete(made);
            } else {
                dropArchives();
                Files.move(made, jar, StandardCopyOption.REPLACE_EXISTING);
            }
            return jar;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void dropArchives() throws IOException {
        try (DirectoryStream<Path> archives = Files.newDirectoryStream(FOLDER, "*" + ARCHIVE)) {
            for (Path archive : archives) {
                Files.delete(archive);
            }
        }
    }

    /** How many effects a phase of the undisturbed run had. */
    int effects(Phase phase) {
        return effects.get(phase);
    }

    /** A process of a job, and what it prints. */
    static final class Started {
        private final Process process;
        private final Path log;

        private Started(Process process, Path log) {
            this.process = process;
            this.log = log;
        }

        Process process() {
            return process;
        }

        String output() {
            try {
                return Files.readString(log);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Waits until it stands still by SIGSTOP. */
        void awaitFrozen() {
            Instant deadline = Instant.now().plus(DEADLINE);
            while (!state().startsWith("T")) {
                if (!process.isAlive() || Instant.now().isAfter(deadline)) {
                    throw new AssertionError("It did not freeze:\n" + output());
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }

        private String state() {
            return Processes.run(new ProcessBuilder("ps", "-o", "stat=", "-p", Long.toString(process.pid())))
                    .output();
        }

        /** Lets it go on by SIGCONT. */
        void goOn() {
            Processes.run(new ProcessBuilder("kill", "-CONT", Long.toString(process.pid())));
        }

        /** Waits for its end and returns its exit code, 128 and the signal for one that was killed. */
        int exitCode() {
            try {
                if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new AssertionError("Not over after " + DEADLINE + ":\n" + output());
                }
                return process.exitValue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    Started start(StoredJob job, JobProcess.Manner manner, String... options) {
        return start(job, manner, List.of(), options);
    }

    /** Starts phases of a job, none for all. */
    Started start(StoredJob job, JobProcess.Manner manner, List<Phase> phases, String... options) {
        List<String> arguments = new ArrayList<>(List.of(job.file().toString()));
        arguments.addAll(List.of(options));
        try {
            Path log = Files.createTempFile(job.folder(), "process-", ".log");
            Process process = new ProcessBuilder(JobProcess.command(classPath, this.options, manner, phases, arguments))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .redirectInput(new File("/dev/null"))
                    .start();
            return new Started(process, log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
