package dev.millrace.warehouse.file;

/** A value that an engine cannot hold. Its message says why, to follow "holds", and does not show the value. */
public final class Unfit extends RuntimeException {
    private static final long serialVersionUID = 1;

    public Unfit(String message) {
        super(message);
    }
}
