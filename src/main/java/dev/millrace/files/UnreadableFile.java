package dev.millrace.files;

/** A file of which nothing can be read: a quarantine row tells why. */
final class UnreadableFile extends Exception {
    private final byte[] head;

    /** @param head the file's first bytes, as they are stored; empty where there are none */
    UnreadableFile(String reason, byte[] head) {
        super(reason);
        this.head = head;
    }

    byte[] head() {
        return head;
    }
}
