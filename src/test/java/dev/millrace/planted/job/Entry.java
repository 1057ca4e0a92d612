package dev.millrace.planted.job;

import dev.millrace.planted.storage.KnowsJob;

/** Uses storage, which uses it. */
public final class Entry {
    private KnowsJob below = new KnowsJob();

    public KnowsJob below() {
        return below;
    }
}
