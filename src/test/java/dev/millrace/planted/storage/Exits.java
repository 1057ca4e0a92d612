package dev.millrace.planted.storage;

/** Ends the process. */
final class Exits {
    void leave() {
        System.exit(1);
    }
}
