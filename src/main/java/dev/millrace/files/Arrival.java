package dev.millrace.files;

import dev.millrace.storage.StoredFile;

/**
 * A file that a run takes.
 *
 * @param file as it was listed
 * @param reason why it is taken
 */
public record Arrival(StoredFile file, Reason reason) {
    /** Why a file is taken. */
    public enum Reason {
        /** No run has taken it. */
        NEW,
        /** It is another than the one that a run has taken; its rows take the place of those. */
        CHANGED,
        /**
         * It was asked for once more, or its run was given up; its rows take the place of those that it gave before.
         */
        AGAIN,
        /** It is another than the one that a run has taken, and must not be: it goes to quarantine whole. */
        REFUSED,
        /** Nothing can open it by its name: it goes to quarantine whole. */
        UNREADABLE;

        /** Whether rows of the file may be there already and have to go. */
        public boolean replaces() {
            return this == CHANGED || this == AGAIN;
        }

        /** Whether it is not read. */
        public boolean isRefused() {
            return this == REFUSED || this == UNREADABLE;
        }

        /** What the quarantine says of a file that is not read; empty for others. */
        public String text() {
            return switch (this) {
                case NEW, CHANGED, AGAIN -> "";
                case REFUSED -> "the file was changed after it had been read, and on-change is quarantine";
                case UNREADABLE -> "the file's name has an empty part, . or .., which no path can have";
            };
        }
    }
}
