package dev.millrace.warehouse.sql;

import java.io.IOException;

/** A landing file that no further try would load: where, why and what to do. */
public final class UnusableFile extends IOException {
    private static final long serialVersionUID = 1;

    UnusableFile(String message) {
        super(message);
    }

    UnusableFile(String message, Throwable cause) {
        super(message, cause);
    }
}
