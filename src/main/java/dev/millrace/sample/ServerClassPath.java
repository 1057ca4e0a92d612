package dev.millrace.sample;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The class path of a server that runs as a process of its own, as {@code scripts/server-classpath} tells it. */
public final class ServerClassPath {
    private ServerClassPath() {}

    /**
     * Asks the script, which resolves the path by Maven the first time.
     *
     * @param home the checkout
     * @param server a folder of {@code conf/servers}
     */
    public static String of(Path home, String server) {
        String script = home.resolve("scripts/server-classpath").toString();
        try {
            Process process = new ProcessBuilder(script, server)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            process.getOutputStream().close();
            String path = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            int code = process.waitFor();
            if (code != 0 || path.isEmpty()) {
                throw Fault.world(script + " " + server + " failed with exit code " + code
                        + ": is Maven there, and can it reach its repository?");
            }
            return path;
        } catch (IOException e) {
            throw Fault.world("Cannot run " + script + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Interrupted while " + script + " ran", e);
        }
    }
}
