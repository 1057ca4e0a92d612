package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import java.nio.charset.StandardCharsets;

/** Tells which items have expired. For one thread. */
final class ExpiryCheck {
    private static final long FIVE_YEARS = 5L * 366 * 86_400;

    private final byte[] attribute;
    private final long now;
    private final NumberScan numbers = new NumberScan();

    ExpiryCheck(ShredPlan.Expiry expiry) {
        this.attribute = expiry.attribute().getBytes(StandardCharsets.UTF_8);
        this.now = expiry.epochSecond();
    }

    /** Whether an item on a tape has expired; whether it is sound otherwise need not be known. */
    boolean isExpired(JsonTape tape) {
        if (attribute.length == 0) {
            return false;
        }
        for (int name = 1; name < tape.next(0); name = tape.next(name + 1)) {
            if (tape.is(name, attribute) && Items.type(tape, name + 1) == SourceType.N) {
                int payload = SourceType.payload(name + 1);
                return Items.payloadProblem(tape, SourceType.N, payload, numbers) == null
                        && numbers.isBigint()
                        && numbers.bigint() <= now
                        && numbers.bigint() > now - FIVE_YEARS;
            }
        }
        return false;
    }
}
