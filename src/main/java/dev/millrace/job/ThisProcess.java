package dev.millrace.job;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** How this process signs a job's lock, and what it knows of others that did. */
final class ThisProcess {
    /** The system tells the start of a process in ticks. */
    private static final Duration TICK = Duration.ofSeconds(1);

    private ThisProcess() {}

    /** Its number and its machine: {@code 4711@host}. */
    static String name() {
        return ManagementFactory.getRuntimeMXBean().getName();
    }

    /** Who runs it: {@code name@host}. */
    static String user() {
        return System.getProperty("user.name") + name().substring(name().indexOf('@'));
    }

    /**
     * Whether a process of this machine has ended: killed, it could not give the lock back. Of other machines' nothing
     * is known. Two containers with one host name would take each other for dead; the lock is only a courtesy.
     *
     * @param name as the process's own {@link #name} was
     * @param since when it was alive
     */
    static boolean isDead(String name, Instant since) {
        int at = name.indexOf('@');
        String mine = name();
        if (at < 1 || !name.substring(at).equals(mine.substring(mine.indexOf('@')))) {
            return false;
        }
        String pid = name.substring(0, at);
        if (!pid.matches("\\d{1,18}")) {
            return false;
        }
        Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(pid)).filter(ProcessHandle::isAlive);
        boolean isAnother = process.flatMap(p -> p.info().startInstant())
                .filter(start -> start.isAfter(since.plus(TICK)))
                .isPresent();
        return process.isEmpty() || isAnother;
    }
}
