package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import dev.millrace.json.NameTable;
import java.io.Serializable;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What must not leave the spool as it is: attributes to leave out and attributes to replace by a hash.
 *
 * <p>A path goes through lists: {@code lines.sku} is that attribute of every element. It is applied to an item as a
 * whole before anything else sees it, so neither columns nor {@code _rest}, quarantine or census can hold the value.
 *
 * @param drop paths of attributes that are left out
 * @param hash paths of attributes whose value becomes the SHA-256, in lower-case hex, of its text or bytes; a list, map
 *     or set is hashed as the JSON it came in, an explicit NULL stays
 */
public record Redaction(List<List<String>> drop, List<List<String>> hash) implements Serializable {
    public static final Redaction NONE = new Redaction(List.of(), List.of());

    public Redaction {
        drop = drop.stream().map(List::copyOf).toList();
        hash = hash.stream().map(List::copyOf).toList();
    }

    public boolean isNone() {
        return drop.isEmpty() && hash.isEmpty();
    }

    /** Both together: for items of which it is not known what they are. */
    public Redaction and(Redaction other) {
        return new Redaction(
                java.util.stream.Stream.concat(drop.stream(), other.drop.stream())
                        .distinct()
                        .toList(),
                java.util.stream.Stream.concat(hash.stream(), other.hash.stream())
                        .distinct()
                        .toList());
    }

    /** A redactor for one thread. */
    Redactor redactor(Notation notation) {
        Redactor.Step root = new Redactor.Step();
        hash.forEach(path -> root.at(path).hash = true);
        drop.forEach(path -> root.at(path).drop = true);
        return new Redactor(root, notation);
    }

    /** Rewrites items. */
    static final class Redactor {
        private final Step root;
        private final Notation notation;
        private final NumberScan numbers = new NumberScan();
        private final Bytes out = new Bytes();

        private Redactor(Step root, Notation notation) {
            this.root = root;
            this.notation = notation;
        }

        /** One attribute on a path. */
        private static final class Step {
            private final NameTable<Step> below = new NameTable<>();
            private boolean drop;
            private boolean hash;

            private Step at(List<String> path) {
                Step step = this;
                for (String name : path) {
                    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
                    Step next = step.below.find(bytes, 0, bytes.length);
                    if (next == null) {
                        next = new Step();
                        step.below.put(bytes, next);
                    }
                    step = next;
                }
                return step;
            }
        }

        /** The sound item at a token without what must not be seen; valid until the next call. */
        Bytes redact(JsonTape tape, int item) {
            out.clear();
            fields(tape, item, root);
            return out;
        }

        private void fields(JsonTape tape, int map, Step step) {
            out.add('{');
            boolean first = true;
            for (int name = map + 1; name < tape.next(map); name = tape.next(name + 1)) {
                byte[] text = tape.utf8(name);
                Step below = step.below.find(text, 0, text.length);
                if (below != null && below.drop) {
                    continue;
                }
                if (!first) {
                    out.add(',');
                }
                first = false;
                out.add(tape.input(), tape.rawStart(name), tape.rawEnd(name)).add(':');
                value(tape, name + 1, below);
            }
            out.add('}');
        }

        private void value(JsonTape tape, int value, Step step) {
            SourceType type = notation.of(tape, value);
            int payload = notation.payload(value);
            if (step != null && step.hash && type != SourceType.NULL) {
                open(SourceType.S);
                out.add('"').ascii(Names.sha256(hashed(tape, type, payload))).add('"');
                close();
            } else if (step != null && type == SourceType.M) {
                open(type);
                fields(tape, payload, step);
                close();
            } else if (step != null && type == SourceType.L) {
                open(type);
                out.add('[');
                for (int e = payload + 1; e < tape.next(payload); e = tape.next(e)) {
                    if (e > payload + 1) {
                        out.add(',');
                    }
                    value(tape, e, step);
                }
                out.add(']');
                close();
            } else {
                out.add(tape.input(), tape.rawStart(value), tape.rawEnd(value));
            }
        }

        private void open(SourceType type) {
            if (notation == Notation.DYNAMODB) {
                out.ascii("{\"" + type.name() + "\":");
            }
        }

        private void close() {
            if (notation == Notation.DYNAMODB) {
                out.add('}');
            }
        }

        private byte[] hashed(JsonTape tape, SourceType type, int payload) {
            return switch (type) {
                case S -> tape.isText(payload) ? tape.utf8(payload) : raw(tape, payload);
                // Equal numbers have equal hashes, however they are written.
                case N ->
                    numbers.scan(tape.input(), tape.start(payload), tape.end(payload))
                            ? new BigDecimal(tape.text(payload))
                                    .stripTrailingZeros()
                                    .toPlainString()
                                    .getBytes(StandardCharsets.US_ASCII)
                            : raw(tape, payload);
                case B -> Base64Text.decode(tape, payload);
                case BOOL, NULL, M, L, SS, NS, BS -> raw(tape, payload);
            };
        }

        private static byte[] raw(JsonTape tape, int token) {
            return java.util.Arrays.copyOfRange(tape.input(), tape.rawStart(token), tape.rawEnd(token));
        }
    }
}
