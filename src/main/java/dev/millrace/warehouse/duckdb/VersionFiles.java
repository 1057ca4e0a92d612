package dev.millrace.warehouse.duckdb;

import dev.millrace.fault.Fault;
import dev.millrace.run.RunId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The live file and, in a folder beside it, a file per run: {@code <database>.versions/<run>.duckdb}. Live is a hard
 * link to one of them. What else belongs to a run begins with its name too.
 */
final class VersionFiles {
    private static final String SUFFIX = ".duckdb";

    private final Path live;
    private final Path folder;

    VersionFiles(Path database) {
        this.live = target(database.toAbsolutePath().normalize());
        this.folder = live.resolveSibling(live.getFileName() + ".versions");
    }

    /** A symbolic link stays one: what it points to is replaced. */
    private static Path target(Path database) {
        if (!Files.isSymbolicLink(database)) {
            return database;
        }
        try {
            return database.toRealPath();
        } catch (IOException e) {
            throw Fault.user("Invalid warehouse " + database + ": a symbolic link that leads nowhere");
        }
    }

    Path live() {
        return live;
    }

    boolean hasLive() {
        return Files.exists(live, LinkOption.NOFOLLOW_LINKS);
    }

    boolean hasFolder() {
        return Files.isDirectory(folder);
    }

    /** Whether live is this run's file. */
    boolean isLive(RunId run) {
        try {
            return hasLive() && hasVersion(run) && Files.isSameFile(live, version(run));
        } catch (IOException e) {
            throw Fault.world("Cannot compare " + live + " and " + version(run) + ": " + e, e);
        }
    }

    Path version(RunId run) {
        return folder.resolve(run + SUFFIX);
    }

    boolean hasVersion(RunId run) {
        return Files.exists(version(run));
    }

    /** A version that is not complete enough to have its name yet. */
    Path unnamed(RunId run) {
        return folder.resolve(run + SUFFIX + ".new");
    }

    /** Where a run's downloads go. */
    Path downloads(RunId run) {
        return folder.resolve(run + ".download");
    }

    /** Where the engine puts what does not fit in memory, on behalf of a run. */
    Path spill(RunId run) {
        return folder.resolve(run + ".tmp");
    }

    /** Where the engine puts what does not fit in memory while this process only reads. */
    Path readersSpill() {
        return folder.resolve("reader-" + ProcessHandle.current().pid() + ".tmp");
    }

    /** There once a run is taken out of the live place by a rollback. */
    private Path rolledBack(RunId run) {
        return folder.resolve(run + ".rolled-back");
    }

    boolean wasRolledBack(RunId run) {
        return Files.exists(rolledBack(run));
    }

    /** Notes that a run is about to be rolled back; as long as it is live that says nothing. */
    void noteRolledBack(RunId run) {
        try {
            Files.write(rolledBack(run), new byte[0]);
        } catch (IOException e) {
            throw Fault.world("Cannot write " + rolledBack(run) + ": " + e, e);
        }
        sync(folder);
    }

    /** Held by whoever changes what versions there are. */
    Path lock() {
        return folder.resolve("lock");
    }

    void createFolder() {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw Fault.world("Cannot make the folder " + folder + ": " + e, e);
        }
    }

    /** The runs that have files in the folder. */
    List<RunId> runs() {
        List<RunId> runs = new ArrayList<>();
        for (Path entry : entries()) {
            runOf(entry).filter(run -> !runs.contains(run)).ifPresent(runs::add);
        }
        return runs;
    }

    /** Gives a version its name. */
    void name(RunId run) {
        sync(unnamed(run));
        move(unnamed(run), version(run));
        sync(folder);
    }

    /** Makes a version live: whoever opens the live path from now on gets it, whole; those who have it open keep theirs. */
    void makeLive(RunId run) {
        Path log = live.resolveSibling(live.getFileName() + ".wal");
        if (Files.exists(log)) {
            throw Fault.world("Cannot replace " + live + ": another program wrote to it and left " + log
                    + ": open and close it once with DuckDB, or remove that file, and run again");
        }
        sync(version(run));
        Path link = folder.resolve(run + ".live");
        try {
            Files.deleteIfExists(link);
            Files.createLink(link, version(run));
        } catch (IOException e) {
            throw Fault.world("Cannot link " + version(run) + ": " + e, e);
        }
        move(link, live);
        sync(live.getParent());
        // A rename between two names of one file does nothing and leaves both.
        delete(link);
        delete(rolledBack(run));
    }

    /**
     * Removes what belongs to a run that died; unless it did not: another process has its version open.
     *
     * @param keepsNote whether it stays noted that the run was rolled back
     */
    void removeLeftover(RunId run, boolean keepsNote) {
        Path version = version(run);
        if (Files.exists(version)) {
            Optional<Claim> claim = Claim.tryClaim(version);
            if (claim.isEmpty()) {
                return;
            }
            claim.get().close();
        }
        remove(run, keepsNote);
    }

    /** Removes all that belongs to a run. Whoever reads its version keeps the file until they close it. */
    void remove(RunId run) {
        remove(run, false);
    }

    private void remove(RunId run, boolean keepsNote) {
        Path version = version(run);
        // The version last: without it nobody would look for the rest of it.
        for (Path entry : entries()) {
            if (runOf(entry).filter(run::equals).isPresent()
                    && !entry.equals(version)
                    && !(keepsNote && entry.equals(rolledBack(run)))) {
                delete(entry);
            }
        }
        delete(version);
    }

    /** Removes what a killed attempt of this run left beside its version. */
    void removeRemains(RunId run) {
        delete(unnamed(run));
        delete(folder.resolve(run + SUFFIX + ".new.wal"));
        delete(folder.resolve(run + ".live"));
        delete(downloads(run));
        delete(spill(run));
    }

    /** Removes what readers left that are no more. */
    void removeDeadReaders() {
        for (Path entry : entries()) {
            String name = entry.getFileName().toString();
            if (name.matches("reader-\\d{1,9}\\.tmp")
                    && ProcessHandle.of(Long.parseLong(name.substring(7, name.length() - 4)))
                            .isEmpty()) {
                delete(entry);
            }
        }
    }

    /** Removes a version and its log, to be made anew. */
    void removeVersion(RunId run) {
        delete(folder.resolve(run + SUFFIX + ".wal"));
        delete(version(run));
    }

    /** Removes a file, or a folder of files; none is no error. */
    static void delete(Path path) {
        try {
            if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
                    for (Path entry : entries) {
                        delete(entry);
                    }
                }
            }
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw Fault.world("Cannot remove " + path + ": " + e, e);
        }
    }

    private List<Path> entries() {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            entries.forEach(found::add);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (IOException e) {
            throw Fault.world("Cannot list " + folder + ": " + e, e);
        }
        return found;
    }

    private static Optional<RunId> runOf(Path entry) {
        String name = entry.getFileName().toString();
        int end = name.indexOf('.');
        return end > 0 && RunId.isRunId(name.substring(0, end))
                ? Optional.of(new RunId(name.substring(0, end)))
                : Optional.empty();
    }

    private static void move(Path from, Path to) {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw Fault.world("Cannot rename " + from + " to " + to + ": " + e, e);
        }
    }

    private static void sync(Path path) {
        StandardOpenOption mode = Files.isDirectory(path) ? StandardOpenOption.READ : StandardOpenOption.WRITE;
        try (FileChannel channel = FileChannel.open(path, mode)) {
            channel.force(true);
        } catch (IOException e) {
            throw Fault.world("Cannot write " + path + " to the disk: " + e, e);
        }
    }
}
