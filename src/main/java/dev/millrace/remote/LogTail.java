package dev.millrace.remote;

import java.util.List;

/** Lines of a log that grows. */
@FunctionalInterface
public interface LogTail {
    /** A log that is nowhere to be read. */
    LogTail NONE = List::of;

    /** Lines that have come since the last call; at the first the last few. */
    List<String> next();
}
