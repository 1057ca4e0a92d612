package dev.millrace.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.json.JsonTape;
import dev.millrace.json.NameTable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What was met at one path: a statistic that merges in any order to the same result.
 *
 * <p>A path's fields are bounded: of more than {@link #FIELD_LIMIT} names those with the smallest hashes are kept.
 * A name that is kept at the end was kept all along, so its figures are exact; the choice depends on the set of names
 * alone. No value is ever kept.
 */
@SuppressWarnings("EnumOrdinal") // counts by type, in an array: this runs once per value
final class PathCensus {
    static final int FIELD_LIMIT = 1_000;

    /** Values inside more lists and maps than these are not looked at: DynamoDB has at most 32. */
    private static final int MAX_DEPTH = 64;

    private static final byte[] NO_NAME = new byte[0];
    private static final int TYPES = SourceType.values().length;

    private final long[] counts = new long[TYPES];
    private long emptyMaps;
    private long emptyLists;
    private long maxBytes;
    private boolean notPlainJson;
    private NumberCensus numbers = NumberCensus.NONE;
    private final TreeMap<String, PathCensus> fields = new TreeMap<>();
    private final NameTable<PathCensus> byName = new NameTable<>();
    private Optional<String> largest = Optional.empty();
    private boolean overflow;
    /** The field that came first, and the one that came after this one, the last time. */
    private PathCensus first;

    private PathCensus follower;
    private byte[] name = NO_NAME;
    private PathCensus element;

    long count(SourceType type) {
        return counts[type.ordinal()];
    }

    /** All occurrences, of any type. */
    long total() {
        return Arrays.stream(counts).sum();
    }

    /** Occurrences that can be a column or table of the type: empty maps and lists cannot. */
    long shaped(SourceType type) {
        return switch (type) {
            case M -> count(type) - emptyMaps;
            case L -> count(type) - emptyLists;
            case NULL -> 0;
            case S, N, B, BOOL, SS, NS, BS -> count(type);
        };
    }

    NumberCensus numbers() {
        return numbers;
    }

    /** Whether a binary or a set was met here or below, which plain JSON cannot tell from text and lists. */
    boolean isNotPlainJson() {
        return notPlainJson;
    }

    SortedMap<String, PathCensus> fields() {
        return fields;
    }

    /** Whether there were more names than are kept. */
    boolean hasOverflow() {
        return overflow;
    }

    Optional<PathCensus> element() {
        return Optional.ofNullable(element);
    }

    /** Counts the attributes of an item or map. Returns whether a binary or a set was among them. */
    boolean addFields(JsonTape tape, int map, Notation notation, NumberScan scan) {
        return addFields(tape, map, notation, scan, 0);
    }

    private boolean addFields(JsonTape tape, int map, Notation notation, NumberScan scan, int depth) {
        counts[SourceType.M.ordinal()]++;
        int end = tape.next(map);
        if (end == map + 1) {
            emptyMaps++;
        }
        if (depth == MAX_DEPTH) {
            return false;
        }
        boolean special = false;
        PathCensus before = null;
        for (int name = map + 1; name < end; name = tape.next(name + 1)) {
            // Maps alike have their names in the same order: mostly the guess is right and nothing is looked up.
            PathCensus guess = before == null ? first : before.follower;
            PathCensus field = guess != null && tape.is(name, guess.name) ? guess : field(tape, name);
            if (field != guess && before == null) {
                first = field;
            } else if (field != guess) {
                before.follower = field;
            }
            special |= field.addValue(tape, name + 1, notation, scan, depth);
            before = field;
        }
        notPlainJson |= special;
        return special;
    }

    /** Counts a record without looking into it. */
    void addRecord() {
        counts[SourceType.M.ordinal()]++;
    }

    /** Counts a sound value. */
    void addValue(JsonTape tape, int value, Notation notation, NumberScan scan) {
        addValue(tape, value, notation, scan, 0);
    }

    /** Counts one attribute of a map, by its name token. */
    void addField(JsonTape tape, int name, Notation notation, NumberScan scan) {
        field(tape, name).addValue(tape, name + 1, notation, scan, 0);
    }

    /** The statistic of a field, which may have none yet. */
    PathCensus field(String fieldName) {
        PathCensus known = fields.get(fieldName);
        if (known == null) {
            known = new PathCensus();
            put(fieldName, known);
        }
        return known;
    }

    private PathCensus field(JsonTape tape, int name) {
        PathCensus known = tape.isEscaped(name)
                ? fields.get(tape.text(name))
                : byName.find(tape.input(), tape.start(name), tape.end(name));
        if (known != null) {
            return known;
        }
        PathCensus added = new PathCensus();
        put(tape.text(name), added);
        return added;
    }

    /** Keeps the field of a new name, unless there are enough with smaller hashes: what is counted in it is lost then. */
    private void put(String name, PathCensus field) {
        if (fields.size() == FIELD_LIMIT) {
            overflow = true;
            if (largest.isEmpty()) {
                largest = fields.keySet().stream().max(PathCensus::compareByHash);
            }
            if (compareByHash(name, largest.get()) > 0) {
                return;
            }
            // What leaves is still found by its name, and what is counted in it then is lost with it.
            fields.remove(largest.get());
            largest = Optional.empty();
        }
        field.name = name.getBytes(StandardCharsets.UTF_8);
        fields.put(name, field);
        byName.put(field.name, field);
    }

    private static int compareByHash(String a, String b) {
        int byHash = Integer.compareUnsigned(hash(a), hash(b));
        return byHash != 0 ? byHash : a.compareTo(b);
    }

    private static int hash(String name) {
        int h = name.hashCode() * 0x9E3779B9;
        h = (h ^ h >>> 15) * 0x85EBCA6B;
        return h ^ h >>> 13;
    }

    /** Counts a typed value. Returns whether it is or holds a binary or a set. */
    private boolean addValue(JsonTape tape, int value, Notation notation, NumberScan scan, int depth) {
        SourceType type = notation.of(tape, value);
        int payload = notation.payload(value);
        if (type == SourceType.M) {
            return addFields(tape, payload, notation, scan, depth + 1);
        }
        counts[type.ordinal()]++;
        boolean special = false;
        switch (type) {
            case S, B -> {
                maxBytes = Math.max(maxBytes, tape.length(payload));
                special = type == SourceType.B;
            }
            case N -> addNumber(tape, payload, scan);
            case BOOL, NULL, M -> {}
            case L -> special = addElements(tape, payload, notation, scan, depth + 1);
            case SS, BS -> special = true;
            case NS -> {
                for (int e = payload + 1; e < tape.next(payload); e++) {
                    addNumber(tape, e, scan);
                }
                special = true;
            }
        }
        notPlainJson |= special;
        return special;
    }

    private boolean addElements(JsonTape tape, int list, Notation notation, NumberScan scan, int depth) {
        int end = tape.next(list);
        if (end == list + 1) {
            emptyLists++;
            return false;
        }
        if (depth == MAX_DEPTH) {
            return false;
        }
        if (element == null) {
            element = new PathCensus();
        }
        boolean special = false;
        for (int e = list + 1; e < end; e = tape.next(e)) {
            special |= element.addValue(tape, e, notation, scan, depth);
        }
        return special;
    }

    /**
     * Counts a value under a name, without looking into it.
     *
     * @param names holds the name as UTF-8, from {@code from} to {@code to}
     */
    void addAt(byte[] names, int from, int to, SourceType type, JsonTape tape, int payload, NumberScan scan) {
        PathCensus field = byName.find(names, from, to);
        if (field == null) {
            field = new PathCensus();
            put(new String(names, from, to - from, StandardCharsets.UTF_8), field);
        }
        field.counts[type.ordinal()]++;
        if (type == SourceType.N) {
            field.addNumber(tape, payload, scan);
        }
    }

    private void addNumber(JsonTape tape, int token, NumberScan scan) {
        scan.scan(tape.input(), tape.start(token), tape.end(token));
        if (!numbers.holds(scan)) {
            numbers = numbers.with(scan);
        }
    }

    /** Counts an item under a name. */
    void addItem(String name) {
        field(name).counts[SourceType.M.ordinal()]++;
    }

    void merge(PathCensus other) {
        for (int i = 0; i < TYPES; i++) {
            counts[i] += other.counts[i];
        }
        emptyMaps += other.emptyMaps;
        emptyLists += other.emptyLists;
        maxBytes = Math.max(maxBytes, other.maxBytes);
        notPlainJson |= other.notPlainJson;
        numbers = numbers.merge(other.numbers);
        overflow |= other.overflow;
        other.fields.forEach((name, field) -> {
            PathCensus known = fields.get(name);
            if (known == null) {
                known = new PathCensus();
                put(name, known);
            }
            known.merge(field);
        });
        if (other.element != null) {
            if (element == null) {
                element = new PathCensus();
            }
            element.merge(other.element);
        }
    }

    /** The figures as a tree of JSON values, in one fixed order. */
    ObjectNode toJson() {
        var json = JsonNodeFactory.instance.objectNode();
        var types = json.putObject("types");
        for (SourceType type : SourceType.values()) {
            if (count(type) > 0) {
                types.put(type.name(), count(type));
            }
        }
        putIf(json, "emptyMaps", emptyMaps);
        putIf(json, "emptyLists", emptyLists);
        putIf(json, "maxBytes", maxBytes);
        if (notPlainJson) {
            json.put("notPlainJson", true);
        }
        if (!numbers.equals(NumberCensus.NONE)) {
            json.putObject("numbers")
                    .put("integerDigits", numbers.integerDigits())
                    .put("scale", numbers.scale())
                    .put("bigint", numbers.bigint());
        }
        if (overflow) {
            json.put("overflow", true);
        }
        if (!fields.isEmpty()) {
            var children = json.putObject("fields");
            fields.forEach((name, field) -> children.set(name, field.toJson()));
        }
        if (element != null) {
            json.set("element", element.toJson());
        }
        return json;
    }

    private static void putIf(ObjectNode json, String name, long figure) {
        if (figure > 0) {
            json.put(name, figure);
        }
    }

    static PathCensus fromJson(JsonNode json) {
        PathCensus census = new PathCensus();
        json.path("types")
                .fields()
                .forEachRemaining(e -> census.counts[
                        SourceType.valueOf(e.getKey()).ordinal()] = e.getValue().longValue());
        census.emptyMaps = json.path("emptyMaps").longValue();
        census.emptyLists = json.path("emptyLists").longValue();
        census.maxBytes = json.path("maxBytes").longValue();
        census.notPlainJson = json.path("notPlainJson").booleanValue();
        if (json.has("numbers")) {
            var n = json.get("numbers");
            census.numbers = new NumberCensus(
                    n.path("integerDigits").intValue(),
                    n.path("scale").intValue(),
                    n.path("bigint").booleanValue());
        }
        json.path("fields").fields().forEachRemaining(e -> census.put(e.getKey(), fromJson(e.getValue())));
        census.overflow = json.path("overflow").booleanValue();
        if (json.has("element")) {
            census.element = fromJson(json.get("element"));
        }
        return census;
    }
}
