package dev.millrace.remote;

/**
 * How a run stands at a platform.
 *
 * @param stage in our words
 * @param said in the platform's
 * @param reason that the platform gives, else empty
 */
public record RemoteState(Stage stage, String said, String reason) {
    /** Where a run is in its life. */
    public enum Stage {
        WAITING,
        RUNNING,
        SUCCEEDED,
        /** It has done nothing, since another is at work. */
        TURNED_AWAY,
        FAILED,
        CANCELLED
    }

    /** A state with the first line of its reason, which platforms leave out as null. */
    static RemoteState of(Stage stage, String said, String reason) {
        String first = reason == null ? "" : reason.strip().lines().findFirst().orElse("");
        return new RemoteState(stage, said, first);
    }

    public boolean isEnd() {
        return switch (stage) {
            case WAITING, RUNNING -> false;
            case SUCCEEDED, TURNED_AWAY, FAILED, CANCELLED -> true;
        };
    }

    @Override
    public String toString() {
        return reason.isEmpty() ? said : said + ": " + reason;
    }
}
