package dev.millrace.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs child processes to their end. */
public final class Processes {
    /**
     * How a process ended.
     *
     * @param exitCode as the process gave it
     * @param output standard output and standard error, as they came
     */
    public record Ended(int exitCode, String output) {}

    private static final long DEADLINE_SECONDS = 180;

    private Processes() {}

    /** Waits for a process, without standard input. Throws, and ends it, after three minutes. */
    public static Ended run(ProcessBuilder builder) {
        try {
            Path output = Files.createTempFile("millrace-process", ".log");
            try {
                Process process = builder.redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
                process.getOutputStream().close();
                if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly();
                    throw new IllegalStateException(
                            "Not done after " + DEADLINE_SECONDS + " s: " + builder.command() + "\n" + text(output));
                }
                return new Ended(process.exitValue(), text(output));
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for " + builder.command(), e);
        }
    }

    /**
     * A command that Ctrl-C ends, wherever the tests run. What a shell without job control starts in the background
     * ignores Ctrl-C, all that is started from there inherits that, and a JVM that finds it ignored leaves it so.
     */
    public static List<String> interruptible(List<String> command) {
        List<String> env = List.of("env", "--default-signal=INT");
        List<String> probe = Stream.concat(env.stream(), Stream.of("true")).toList();
        return run(new ProcessBuilder(probe)).exitCode() == 0
                ? Stream.concat(env.stream(), command.stream()).toList()
                : command;
    }

    private static String text(Path output) throws IOException {
        return Files.readString(output);
    }
}
