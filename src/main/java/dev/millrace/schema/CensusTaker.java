package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import java.io.Serializable;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Counts items for inference: every item that can be decoded and has not expired. One whose key is too long for its
 * column is counted too, though the {@link Shredder} quarantines it: that is how the column gets wider. For one thread.
 */
public final class CensusTaker {
    /**
     * What to count and how; tasks carry it.
     *
     * @param rule tells an item's kind
     * @param redactions what is hidden, by kind: hidden values are not looked at
     * @param keys the source's key attributes
     * @param share the part of the items to count, above 0 up to 1, chosen by hash of the key, of a plain record by that
     *     of all of it
     * @param expiry when an item counts as expired
     * @param notation how items are written
     */
    public record Settings(
            KindRule rule,
            Map<String, Redaction> redactions,
            List<KeyAttribute> keys,
            BigDecimal share,
            ShredPlan.Expiry expiry,
            Notation notation)
            implements Serializable {
        public Settings {
            redactions = Map.copyOf(redactions);
            keys = List.copyOf(keys);
        }

        /** Items of DynamoDB. */
        public Settings(
                KindRule rule,
                Map<String, Redaction> redactions,
                List<KeyAttribute> keys,
                BigDecimal share,
                ShredPlan.Expiry expiry) {
            this(rule, redactions, keys, share, expiry, Notation.DYNAMODB);
        }

        /** Items of DynamoDB of which none expires. */
        public Settings(KindRule rule, Map<String, Redaction> redactions, List<KeyAttribute> keys, BigDecimal share) {
            this(rule, redactions, keys, share, ShredPlan.Expiry.NEVER);
        }

        /** Records of plain JSON, which have no keys and do not expire. */
        public static Settings ofRecords(KindRule rule, Map<String, Redaction> redactions, BigDecimal share) {
            return new Settings(rule, redactions, List.of(), share, ShredPlan.Expiry.NEVER, Notation.PLAIN);
        }
    }

    private static final long HASHES = 1L << 32;

    private final Settings settings;
    private final Notation notation;
    private final KindRule.Kinds kinds;
    private final long below;
    private final List<byte[]> keys;
    private final ExpiryCheck expiry;
    private final Map<String, Redaction.Redactor> redactors = new HashMap<>();
    private final NumberScan numbers = new NumberScan();
    private final JsonTape tape = new JsonTape();
    private final JsonTape redacted = new JsonTape();
    private final JsonTape wrapped = new JsonTape();
    private final Bytes wrapping = new Bytes();
    private final Census census = new Census();

    public CensusTaker(Settings settings) {
        this.settings = settings;
        this.notation = settings.notation();
        this.kinds = settings.rule().reader(notation);
        this.below = settings.share().multiply(BigDecimal.valueOf(HASHES)).longValue();
        this.keys = settings.keys().stream()
                .map(k -> k.name().getBytes(StandardCharsets.UTF_8))
                .toList();
        this.expiry = new ExpiryCheck(settings.expiry());
        if (settings.rule() instanceof KindRule.Single single) {
            // The one kind has a table even when there is no item.
            census.kind(single.kind());
        }
        if (settings.rule() instanceof KindRule.ByFolder by) {
            by.kinds().values().forEach(census::kind);
        }
    }

    /** Begins a file, by its uri: the items that are added from now on come from it. */
    public void file(String uri) {
        kinds.file(uri);
    }

    /** Counts one item: the bytes of a JSON value. */
    public void add(byte[] buffer, int offset, int length) {
        if (tape.parse(buffer, offset, offset + length) && tape.isWhole()) {
            add(tape);
        }
    }

    /** Counts the item that was parsed on a tape, if it is sound. */
    public void add(JsonTape parsed) {
        JsonTape item = parsed;
        if (notation == Notation.PLAIN && !parsed.isObject(0)) {
            Bytes bytes = PlainRecords.wrap(parsed, wrapping);
            wrapped.parse(bytes.array(), 0, bytes.length());
            item = wrapped;
        }
        if (notation.problem(item, 0, numbers) == null) {
            add(item, kinds.kindOf(item, 0));
        }
    }

    /** Counts the sound item on a tape unless it has expired. */
    void add(JsonTape item, String kind) {
        if (!isInSample(item)) {
            return;
        }
        Redaction redaction = ShredPlan.redaction(settings.redactions(), kind);
        JsonTape seen = item;
        if (!redaction.isNone()) {
            Bytes bytes = redactors
                    .computeIfAbsent(kind, k -> redaction.redactor(notation))
                    .redact(item, 0);
            if (!redacted.parse(bytes.array(), 0, bytes.length())) {
                throw new IllegalStateException("Redaction broke an item: " + redacted.error());
            }
            seen = redacted;
        }
        if (!expiry.isExpired(seen)) {
            census.kind(kind).addFields(seen, 0, notation, numbers);
        }
    }

    /**
     * Counts a sound item that has not expired.
     *
     * @param seen what its kind lets be seen of it; the item itself where its kind hides nothing
     */
    void addFresh(JsonTape item, String kind, JsonTape seen) {
        if (isInSample(item)) {
            census.kind(kind).addFields(seen, 0, notation, numbers);
        }
    }

    private boolean isInSample(JsonTape item) {
        if (below == HASHES) {
            return true;
        }
        CRC32C hash = new CRC32C();
        if (notation == Notation.PLAIN) {
            hash.update(item.input(), item.start(0), item.length(0));
        }
        for (byte[] key : keys) {
            for (int name = 1; name < item.next(0); name = item.next(name + 1)) {
                if (item.is(name, key)) {
                    hash.update(item.input(), item.start(name + 1), item.length(name + 1));
                }
            }
        }
        return hash.getValue() < below;
    }

    public Census census() {
        return census;
    }
}
