package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import dev.millrace.json.NameTable;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Tells which kind of entity an item is. Items that it cannot tell are of kind {@link #UNKNOWN}, never dropped. */
public sealed interface KindRule extends Serializable {
    String UNKNOWN = "_unknown";

    /** All items are of one kind. */
    record Single(String kind) implements KindRule {}

    /** The kind is the text of an attribute of type S (not empty) or N. */
    record ByAttribute(String attribute) implements KindRule {}

    /**
     * The first pattern that fits names the kind.
     *
     * @param patterns in the order they are tried
     */
    record ByPatterns(List<KindPattern> patterns) implements KindRule {
        public ByPatterns {
            patterns = List.copyOf(patterns);
        }
    }

    /**
     * The kind is that of the folder that a record's file lies in, or of one that has it.
     *
     * @param kinds by the folder's uri, with a trailing slash
     */
    record ByFolder(Map<String, String> kinds) implements KindRule {
        public ByFolder {
            kinds = Map.copyOf(kinds);
        }

        private String of(String file) {
            return kinds.entrySet().stream()
                    .filter(folder -> file.startsWith(folder.getKey()))
                    .map(Map.Entry::getValue)
                    .findFirst()
                    .orElse(UNKNOWN);
        }
    }

    /**
     * What attributes of a kind's items look like.
     *
     * @param kind its name
     * @param globs by attribute of type S: text in which {@code *} stands for any characters, also none; all must fit
     */
    record KindPattern(String kind, Map<String, String> globs) implements Serializable {
        public KindPattern {
            globs = Map.copyOf(globs);
        }
    }

    /** A reader of kinds for one thread. */
    default Kinds reader(Notation notation) {
        return new Kinds(this, notation);
    }

    /** Applies a rule to items on a tape. */
    final class Kinds {
        private final KindRule rule;
        private final Notation notation;
        private final byte[] attribute;
        private final List<CompiledPattern> patterns;
        private final NameTable<String> names = new NameTable<>();
        private String ofFile = UNKNOWN;

        private record CompiledPattern(String kind, List<String> attributes, List<Pattern> forms) {}

        private Kinds(KindRule rule, Notation notation) {
            this.rule = rule;
            this.notation = notation;
            this.attribute =
                    rule instanceof ByAttribute by ? by.attribute().getBytes(StandardCharsets.UTF_8) : new byte[0];
            this.patterns = rule instanceof ByPatterns by
                    ? by.patterns().stream().map(Kinds::compile).toList()
                    : List.of();
        }

        private static CompiledPattern compile(KindPattern pattern) {
            List<String> attributes = pattern.globs().keySet().stream().sorted().toList();
            List<Pattern> forms =
                    attributes.stream().map(a -> glob(pattern.globs().get(a))).toList();
            return new CompiledPattern(pattern.kind(), attributes, forms);
        }

        private static Pattern glob(String glob) {
            StringBuilder regex = new StringBuilder();
            for (String literal : glob.split("\\*", -1)) {
                regex.append(regex.isEmpty() ? "" : ".*").append(Pattern.quote(literal));
            }
            return Pattern.compile(regex.toString(), Pattern.DOTALL);
        }

        /** Begins a file: the items that follow are of it. */
        void file(String uri) {
            if (rule instanceof ByFolder by) {
                ofFile = by.of(uri);
            }
        }

        /** The kind of the item at a token, which need not be sound: then the answer is of no use, but there is one. */
        String kindOf(JsonTape tape, int item) {
            if (rule instanceof Single single) {
                return single.kind();
            }
            if (rule instanceof ByFolder) {
                return ofFile;
            }
            if (rule instanceof ByAttribute) {
                int value = find(tape, item, attribute);
                return value < 0 ? UNKNOWN : name(tape, value);
            }
            for (CompiledPattern pattern : patterns) {
                if (fits(tape, item, pattern)) {
                    return pattern.kind();
                }
            }
            return UNKNOWN;
        }

        private String name(JsonTape tape, int value) {
            SourceType type = notation.type(tape, value);
            int payload = notation.payload(value);
            boolean named =
                    (type == SourceType.S || type == SourceType.N) && tape.length(payload) > 0 && tape.isText(payload);
            if (!named) {
                return UNKNOWN;
            }
            if (tape.isEscaped(payload)) {
                return tape.text(payload);
            }
            String known = names.find(tape.input(), tape.start(payload), tape.end(payload));
            if (known == null) {
                known = tape.text(payload);
                // Bounded: a rule on the wrong attribute must not fill the heap before it is reported.
                if (names.size() < 10_000) {
                    names.put(tape.utf8(payload), known);
                }
            }
            return known;
        }

        private boolean fits(JsonTape tape, int item, CompiledPattern pattern) {
            for (int i = 0; i < pattern.attributes().size(); i++) {
                int value = find(tape, item, pattern.attributes().get(i).getBytes(StandardCharsets.UTF_8));
                if (value < 0 || notation.type(tape, value) != SourceType.S) {
                    return false;
                }
                int payload = notation.payload(value);
                boolean fits = tape.isText(payload)
                        && pattern.forms().get(i).matcher(tape.text(payload)).matches();
                if (!fits) {
                    return false;
                }
            }
            return true;
        }

        private static int find(JsonTape tape, int item, byte[] attribute) {
            for (int name = item + 1; name < tape.next(item); name = tape.next(name + 1)) {
                if (tape.is(name, attribute)
                        || (tape.isEscaped(name)
                                && tape.isText(name)
                                && tape.text(name).equals(new String(attribute, StandardCharsets.UTF_8)))) {
                    return name + 1;
                }
            }
            return -1;
        }
    }
}
