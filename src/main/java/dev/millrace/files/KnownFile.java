package dev.millrace.files;

import java.time.Instant;

/**
 * A file that a run has taken.
 *
 * @param path relative to the source's base
 * @param bytes its size
 * @param etag it had
 * @param modified when it was last written, as it was listed
 * @param rows records that were read from it; {@link #NOT_COUNTED} where nobody said
 * @param isRefused whether it went to quarantine whole
 * @param commit number of the commit that took it
 * @param isGivenUp whether that commit's run was given up, so that the file is to be read again
 */
record KnownFile(
        String path,
        long bytes,
        String etag,
        Instant modified,
        long rows,
        boolean isRefused,
        long commit,
        boolean isGivenUp) {
    static final long NOT_COUNTED = -1;
}
