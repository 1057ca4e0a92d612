package dev.millrace.job;

import dev.millrace.run.Phase;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts {@link JobProcess}es with this JVM's class path and waits for them. */
final class JobProcesses {
    static final int SIGKILL = 128 + 9;
    private static final Duration DEADLINE = Duration.ofMinutes(3);

    private final String classPath;
    private final List<String> options;

    /** @param options of the JVM, beside those that every one has */
    JobProcesses(String classPath, List<String> options) {
        this.classPath = classPath;
        this.options = List.copyOf(options);
    }

    /** With the class path and the {@code --add-opens} of this JVM. */
    static JobProcesses ofThisJvm() {
        List<String> options = new ArrayList<>(List.of("-Djdk.reflect.useDirectMethodHandle=false"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .forEach(options::add);
        return new JobProcesses(System.getProperty("java.class.path"), options);
    }

    /** The same with more options. */
    JobProcesses with(List<String> more) {
        List<String> all = new ArrayList<>(options);
        all.addAll(more);
        return new JobProcesses(classPath, all);
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

    Started start(ShopJob job, JobProcess.Manner manner, String... options) {
        return start(job, manner, List.of(), options);
    }

    /** Starts phases of a job, none for all. */
    Started start(ShopJob job, JobProcess.Manner manner, List<Phase> phases, String... options) {
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
