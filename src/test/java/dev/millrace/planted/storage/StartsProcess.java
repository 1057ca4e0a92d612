package dev.millrace.planted.storage;

import java.io.IOException;

/** Starts a process outside of sample. */
final class StartsProcess {
    Process start() throws IOException {
        return new ProcessBuilder("true").start();
    }
}
