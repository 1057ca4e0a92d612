package dev.millrace.files;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What of a source has been read.
 *
 * @param files known ones
 * @param bytes of all
 * @param rows read from those whose rows were counted
 * @param refused files that went to quarantine whole
 * @param first the earliest time that folders of known files tell; where they tell none, of the last write of a file
 * @param until the end of the latest such time; where folders tell none, the last write of any file
 * @param gaps of time between these that no known file is of, oldest first; only where folders tell a time
 * @param listedWhole when all folders were listed last
 */
public record Coverage(
        long files,
        long bytes,
        long rows,
        long refused,
        Optional<Instant> first,
        Optional<Instant> until,
        List<Gap> gaps,
        Optional<Instant> listedWhole) {
    /** A time from one instant to before another. */
    public record Gap(Instant from, Instant to) {}

    public Coverage {
        gaps = List.copyOf(gaps);
    }
}
