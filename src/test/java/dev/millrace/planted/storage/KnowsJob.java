package dev.millrace.planted.storage;

import dev.millrace.planted.job.Entry;

/** Knows a room above. */
public final class KnowsJob {
    public int count(Entry[] entries) {
        return entries.length;
    }
}
