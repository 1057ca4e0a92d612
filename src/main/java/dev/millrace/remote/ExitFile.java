package dev.millrace.remote;

import dev.millrace.run.Json;
import dev.millrace.storage.Storage;
import java.util.List;
import java.util.Optional;

/**
 * How a process that was submitted has ended: platforms only tell that it has failed. Written by the process, at
 * {@code <name>.exit.json} beside the job file that it was given.
 *
 * @param format version of this file's format, now 1
 * @param code its exit code
 * @param message why, in one line or a line for each mistake; empty for 0
 */
public record ExitFile(int format, int code, String message) {
    public static final int FORMAT = 1;

    private static final String END = ".exit.json";

    public static ExitFile of(int code, String message) {
        return new ExitFile(FORMAT, code, message);
    }

    /**
     * Writes it.
     *
     * @param folder of the submission, with a slash at its end; empty for the storage's root
     */
    public void put(Storage storage, String folder, String name) {
        storage.put(folder + name + END, Json.write(this));
    }

    /** The exits in a submission's folder: of an array one for each process, else at most one. */
    static List<ExitFile> in(Storage storage, String folder) {
        return storage.names(folder).stream()
                .filter(name -> name.endsWith(END))
                .map(name -> Json.find(storage, folder + name, ExitFile.class, FORMAT))
                .flatMap(Optional::stream)
                .toList();
    }
}
