package dev.millrace.planted.storage;

/** Reads the environment. */
final class ReadsEnvironment {
    String home() {
        return System.getenv("HOME");
    }
}
