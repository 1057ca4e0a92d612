package dev.millrace.files;

import java.time.Instant;
import java.util.List;

/**
 * What a run finds to do.
 *
 * @param files that it takes, by path
 * @param listed how many files were looked at
 * @param isWhole whether all folders were listed
 * @param late how many of the new ones lie in folders whose time was over when the job committed last
 * @param at when the listing began
 */
public record Arrivals(List<Arrival> files, long listed, boolean isWhole, long late, Instant at) {
    public Arrivals {
        files = List.copyOf(files);
    }

    public boolean isEmpty() {
        return files.isEmpty();
    }

    /** How many files are taken for a reason. */
    public long count(Arrival.Reason reason) {
        return files.stream().filter(file -> file.reason() == reason).count();
    }

    /** Bytes of all files. */
    public long bytes() {
        return files.stream().mapToLong(file -> file.file().bytes()).sum();
    }
}
