package dev.millrace.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** A disk of a size that a test chooses, which can become read-only; in memory, mounted by whoever may mount. */
public final class SmallDisk implements AutoCloseable {
    private final Path folder;

    private SmallDisk(Path folder) {
        this.folder = folder;
    }

    /** Mounts a disk at a new folder. A test that may not mount is skipped, with the reason. */
    public static SmallDisk mount(Path folder, long kilobytes) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Processes.Ended mounted =
                run("mount", "-t", "tmpfs", "-o", "size=" + kilobytes + "k", "tmpfs", folder.toString());
        Assumptions.assumeTrue(
                mounted.exitCode() == 0,
                () -> "may not mount a disk: " + mounted.output().strip());
        return new SmallDisk(folder);
    }

    /** From now on it has this size. */
    public void resize(long kilobytes) {
        remount("size=" + kilobytes + "k");
    }

    /** From now on nothing can be written. No file may be open for writing. */
    public void makeReadOnly() {
        remount("ro");
    }

    /** As it was at first. */
    public void makeWritable() {
        remount("rw");
    }

    private void remount(String option) {
        require(run("mount", "-o", "remount," + option, folder.toString()));
    }

    private static Processes.Ended run(String... command) {
        try {
            return Processes.run(new ProcessBuilder(new ArrayList<>(List.of(command))));
        } catch (java.io.UncheckedIOException e) {
            return new Processes.Ended(127, e.getMessage());
        }
    }

    private static void require(Processes.Ended ended) {
        if (ended.exitCode() != 0) {
            throw new IllegalStateException(ended.output());
        }
    }

    @Override
    public void close() {
        require(run("umount", folder.toString()));
    }
}
