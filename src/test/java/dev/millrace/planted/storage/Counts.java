package dev.millrace.planted.storage;

/** Keeps a static that changes. */
final class Counts {
    private static int count;

    int next() {
        return ++count;
    }
}
