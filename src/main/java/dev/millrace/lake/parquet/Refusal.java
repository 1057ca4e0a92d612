package dev.millrace.lake.parquet;

/** Ends a merge that cannot be made of pages, on the way to its {@link MergeOutcome.Refused}. */
final class Refusal extends RuntimeException {
    private final MergeOutcome.Reason reason;

    Refusal(MergeOutcome.Reason reason, String detail) {
        super(detail, null, false, false);
        this.reason = reason;
    }

    MergeOutcome.Reason reason() {
        return reason;
    }
}
