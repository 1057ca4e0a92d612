package dev.millrace.files;

import dev.millrace.json.JsonTape;

/** A file of which nothing can be read. */
final class NoRecords implements RecordReader {
    private final UnreadableFile why;
    private boolean told;

    NoRecords(UnreadableFile why) {
        this.why = why;
    }

    @Override
    public Met next() {
        boolean first = !told;
        told = true;
        return first ? Met.BAD : Met.END;
    }

    @Override
    public JsonTape tape() {
        throw new IllegalStateException("No record");
    }

    @Override
    public long position() {
        return 0;
    }

    @Override
    public Bad bad() {
        return new Bad(0, why.getMessage(), why.head(), why.head().length);
    }

    @Override
    public String damage() {
        return why.getMessage();
    }

    @Override
    public void close() {}
}
