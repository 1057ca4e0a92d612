package dev.millrace.fault;

import java.net.UnknownHostException;

/** What libraries say of a failure, in the one line that a message has for it. */
public final class Problem {
    private Problem() {}

    /** What lies at the bottom of a failure, which libraries wrap. */
    public static String atRootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        // Of an unknown host the message is only its name.
        return (root instanceof UnknownHostException ? "unknown host " : "") + firstLine(root.getMessage());
    }

    /** The first line of a message, which libraries leave out as null. */
    public static String firstLine(String message) {
        return message == null ? "no reason given" : message.lines().findFirst().orElse("");
    }
}
