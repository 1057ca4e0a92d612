package dev.millrace.lake.folder;

/** Where a compaction keeps what is its own: below a name that readers of Parquet folders pass over. */
final class Place {
    static final String FOLDER = "_millrace/";

    /** What compactions did, one file each. */
    static final String RECORDS = FOLDER + "records/";

    private static final String WORK = FOLDER + "work/";

    private Place() {}

    /** What compactions write before it is seen, all of them. */
    static String work() {
        return WORK;
    }

    /** What one compaction writes before it is seen. */
    static String work(String compaction) {
        return WORK + compaction + "/";
    }
}
