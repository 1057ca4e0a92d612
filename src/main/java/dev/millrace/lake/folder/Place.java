package dev.millrace.lake.folder;

/**
 * Where a compaction keeps what is its own while it is at work: below a name that most readers of Parquet folders pass
 * over. Nothing of it stays, because not all do.
 */
final class Place {
    static final String FOLDER = "_millrace/";

    /** What compactions write before it is seen, each in a folder of its own. */
    static final String WORK = FOLDER + "work/";

    private Place() {}

    static String work(String compaction) {
        return WORK + compaction + "/";
    }
}
