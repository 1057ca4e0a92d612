package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Turns items into rows: of the main table of their kind, and of a child table per element of their lists and sets.
 *
 * <p>What fits no column goes to the row's {@code _rest}: a JSON object from JSON pointer (RFC 6901), relative to the
 * row's item or element, to the value as it is written. From columns, child rows and {@code _rest} the item can be
 * rebuilt. What was met on the way is counted: all items by the {@link CensusTaker}, what fits no column as
 * {@link Drift}. For one thread; rows are valid until the next {@link #read}.
 */
public final class Shredder {
    /** What became of an item. */
    public enum Outcome {
        /** Its rows are there. */
        ROWS,
        /** Its time to live has passed: {@link #table} tells its main table, there are no rows. */
        EXPIRED,
        /** It cannot be understood: {@link #reason} says why, there are no rows. */
        QUARANTINED
    }

    /** A kind that has a table. */
    private static final class Kind {
        private final String name;

        /** Number of its main table. */
        private final int table;

        /** Null: its items hide nothing. */
        private final Redaction.Redactor redactor;

        /** Where its items are counted; null until one was. */
        private PathCensus counted;

        private Kind(String name, int table, Redaction.Redactor redactor) {
            this.name = name;
            this.table = table;
            this.redactor = redactor;
        }
    }

    /** Names without a column that are known: data under names must not fill the heap. */
    private static final int MAX_STRANGERS = 2_000;

    private final ShredPlan plan;
    private final Notation notation;
    private final boolean isPlain;
    private final KindRule.Kinds kinds;
    private final List<RowLayout> layouts;
    private final Map<String, Kind> known = new HashMap<>();
    private final Optional<CensusTaker> census;
    private final Drift drift = new Drift();
    private final PathCensus[] driftByTable;
    private final ExpiryCheck expiry;
    private final NumberScan numbers = new NumberScan();
    private final JsonTape itemTape = new JsonTape();
    private final JsonTape redactedTape = new JsonTape();
    private final JsonTape wrappedTape = new JsonTape();
    private final Bytes wrapping = new Bytes();
    private final RowIds ids = new RowIds();
    private final List<ShreddedRow> rows = new ArrayList<>();
    private final List<List<ShreddedRow>> pool = new ArrayList<>();
    private final int[] used;

    private JsonTape item = itemTape;
    private JsonTape tape = itemTape;
    private Optional<byte[]> file = Optional.empty();
    private long reads;
    private int strangers;
    private boolean repeats;
    private boolean lastCounts;
    private Kind last;
    private String kind = KindRule.UNKNOWN;
    private String reason = "";
    private boolean sound;
    private int table = -1;
    private PathNode longKey;
    private int longKeyValue;

    /** Makes rows and counts no items. */
    public Shredder(ShredPlan plan) {
        this(plan, Optional.empty());
    }

    /** Makes rows; a census counts the items on their way. */
    public Shredder(ShredPlan plan, CensusTaker census) {
        this(plan, Optional.of(census));
    }

    private Shredder(ShredPlan plan, Optional<CensusTaker> census) {
        this.plan = plan;
        this.census = census;
        this.notation = plan.notation();
        this.isPlain = notation == Notation.PLAIN;
        this.layouts = RowLayout.of(plan);
        this.kinds = plan.rule().reader(notation);
        this.expiry = new ExpiryCheck(plan.expiry());
        this.driftByTable = plan.tables().stream()
                .map(planned -> drift.table(planned.definition().name()))
                .toArray(PathCensus[]::new);
        this.used = new int[plan.tables().size()];
        for (int i = 0; i < used.length; i++) {
            ShredPlan.Table planned = plan.tables().get(i);
            if (planned.isMain()) {
                Redaction redaction = plan.redaction(planned.kind());
                Redaction.Redactor redactor = redaction.isNone() ? null : redaction.redactor(notation);
                known.put(planned.kind(), new Kind(planned.kind(), i, redactor));
            }
            pool.add(new ArrayList<>());
        }
    }

    /**
     * Begins a file: the records that are read from now on come from it.
     *
     * @param uri as {@code _file} tells it
     * @param etag of its content
     */
    public void file(String uri, String etag) {
        file = Optional.of(uri.getBytes(StandardCharsets.UTF_8));
        ids.file(uri, etag);
        kinds.file(uri);
    }

    /** Reads one item of a source with keys: the bytes of one JSON value. */
    public Outcome read(byte[] buffer, int offset, int length) {
        begin(itemTape);
        if (!itemTape.parse(buffer, offset, offset + length)) {
            reason = "not JSON: " + itemTape.error() + " at byte " + (itemTape.errorOffset() - offset);
            return Outcome.QUARANTINED;
        }
        return itemTape.isWhole() ? rowsOf(0) : unsound();
    }

    /**
     * Reads one record of the {@link #file}: a value of plain JSON that was parsed on a tape. Its rows point into the
     * tape's input.
     *
     * @param at where it stands in the file, which no other record does: in a text its offset, below 2^48
     */
    public Outcome read(JsonTape record, long at) {
        begin(record);
        if (isPlain && !record.isObject(0)) {
            Bytes bytes = PlainRecords.wrap(record, wrapping);
            if (!wrappedTape.parse(bytes.array(), 0, bytes.length())) {
                throw new IllegalStateException("Wrapping broke a record: " + wrappedTape.error());
            }
            item = wrappedTape;
            tape = wrappedTape;
        }
        return rowsOf(at);
    }

    private void begin(JsonTape read) {
        startOver();
        kind = KindRule.UNKNOWN;
        reason = "";
        table = -1;
        longKey = null;
        item = read;
        tape = read;
    }

    private void startOver() {
        rows.clear();
        Arrays.fill(used, 0);
        reads++;
        repeats = false;
    }

    private Outcome rowsOf(long at) {
        if (!item.isObject(0)) {
            return unsound();
        }
        if (isPlain && PlainRecords.problem(item, 0) != null) {
            return unsound();
        }
        String told = kinds.kindOf(item, 0);
        if (last == null || !last.name.equals(told)) {
            // One without a table appeared after the data-schema was inferred.
            last = known.containsKey(told) ? known.get(told) : known.get(KindRule.UNKNOWN);
            if (last == null) {
                throw new IllegalStateException("No table for items of unknown kind");
            }
        }
        boolean isNew = !last.name.equals(told);
        kind = last.name;
        int main = last.table;
        table = main;
        Redaction.Redactor redactor = last.redactor;
        if (redactor != null) {
            if (notation.problem(item, 0, numbers) != null) {
                return unsound();
            }
            Bytes redacted = redactor.redact(item, 0);
            if (!redactedTape.parse(redacted.array(), 0, redacted.length())) {
                throw new IllegalStateException("Redaction broke an item: " + redactedTape.error());
            }
            tape = redactedTape;
        }
        if (expiry.isExpired(tape)) {
            if (Items.problem(tape, 0, numbers) != null) {
                return unsound();
            }
            if (isNew) {
                takeCensus(told);
            }
            return Outcome.EXPIRED;
        }
        ShreddedRow row = mainRow(main, at);
        if (repeats) {
            // Seldom: of names that stand twice the last one counts, so it must be known which that is.
            startOver();
            lastCounts = true;
            row = mainRow(main, at);
            lastCounts = false;
        }
        if (!sound) {
            return unsound();
        }
        takeCensus(told);
        countDrift(told);
        if (!reason.isEmpty()) {
            rows.clear();
            return Outcome.QUARANTINED;
        }
        row.close();
        shareKeys(row);
        return Outcome.ROWS;
    }

    private ShreddedRow mainRow(int main, long at) {
        RowLayout layout = layouts.get(main);
        ShreddedRow row = row(main);
        if (layout.file() >= 0) {
            row.cells()
                    .putText(
                            layout.file(),
                            file.orElseThrow(() -> new IllegalStateException("A record before its file")));
        }
        if (layout.rowId() >= 0) {
            row.cells().putText(layout.rowId(), ids.at(at));
        }
        sound = true;
        if (isPlain) {
            plainFields(layout.root(), row, 0);
        } else {
            fields(layout.root(), row, 0);
        }
        return row;
    }

    /** An item that cannot be decoded has neither kind nor rows. */
    private Outcome unsound() {
        String problem = notation.problem(item, 0, numbers);
        reason = problem == null ? "something follows the item" : problem;
        kind = KindRule.UNKNOWN;
        table = -1;
        rows.clear();
        return Outcome.QUARANTINED;
    }

    /**
     * Counts a sound item; one of a kind without a table as that kind, which may hide less than all kinds together. Where
     * columns are given, only what has none is counted, on the way.
     */
    private void takeCensus(String told) {
        if (census.isEmpty()) {
            return;
        }
        if (!kind.equals(told)) {
            census.get().add(item, told);
        } else if (layouts.get(table).given()) {
            if (last.counted == null) {
                last.counted = census.get().census().kind(kind);
            }
            last.counted.addRecord();
        } else {
            census.get().addFresh(item, told, tape);
        }
    }

    /** Counts what of a sound item fits no column, by its pointer; all of a kind without a table counts as one. */
    private void countDrift(String told) {
        if (!kind.equals(told) || !plan.tables().get(table).inferred()) {
            drift.add(told);
            return;
        }
        for (ShreddedRow row : rows) {
            for (int i = 0; i < row.rescued(); i++) {
                row.count(i, driftByTable[row.table()], tape, numbers);
            }
        }
        if (longKey != null) {
            byte[] pointer = longKey.pointer;
            driftByTable[table].addAt(
                    pointer, 0, pointer.length, longKey.shape, tape, notation.payload(longKeyValue), numbers);
        }
    }

    /** The item's rows, its main row first. */
    public List<ShreddedRow> rows() {
        return rows;
    }

    /** What was met in all items so far. */
    public UnitCensus counted() {
        return new UnitCensus(census.map(CensusTaker::census).orElseGet(Census::new), drift);
    }

    /** Number of the last item's main table; −1 when it is so broken that it has none. */
    public int table() {
        return table;
    }

    /** Why the last item was quarantined. */
    public String reason() {
        return reason;
    }

    /** The last item's key attributes as DynamoDB JSON, empty where they cannot be told or must not be seen. */
    public String key(List<KeyAttribute> keys) {
        boolean readable = table >= 0 || plan.redactions().isEmpty();
        if (!readable || !tape.error().isEmpty() || !tape.isObject(0)) {
            return "";
        }
        StringBuilder key = new StringBuilder();
        for (int name = 1; name < tape.next(0); name = tape.next(name + 1)) {
            String attribute = tape.isText(name) ? tape.text(name) : "";
            if (keys.stream().anyMatch(k -> k.name().equals(attribute))) {
                key.append(key.isEmpty() ? "{" : ",")
                        .append(utf8(tape.rawStart(name), tape.rawEnd(name)))
                        .append(':')
                        .append(utf8(tape.rawStart(name + 1), tape.rawEnd(name + 1)));
            }
        }
        return key.isEmpty() ? "" : key.append('}').toString();
    }

    private String utf8(int from, int to) {
        return new String(tape.input(), from, to - from, StandardCharsets.UTF_8);
    }

    /** The last item as it may be kept: verbatim, or without what its kind hides; nothing where that cannot be told. */
    public byte[] kept(byte[] buffer, int offset, int length) {
        if (tape == redactedTape) {
            return Arrays.copyOfRange(tape.input(), tape.start(0), tape.end(0));
        }
        // Of an item too broken to tell its kind nobody knows what is to be hidden.
        boolean verbatim = table >= 0 || plan.redactions().isEmpty();
        return verbatim ? Arrays.copyOfRange(buffer, offset, offset + length) : new byte[0];
    }

    private ShreddedRow row(int number) {
        List<ShreddedRow> free = pool.get(number);
        int next = used[number]++;
        if (next == free.size()) {
            free.add(new ShreddedRow(number, layouts.get(number)));
        }
        ShreddedRow row = free.get(next);
        row.clear();
        rows.add(row);
        return row;
    }

    private void fields(PathNode node, ShreddedRow row, int map) {
        PathNode before = null;
        for (int name = map + 1; name < tape.next(map); name = tape.next(name + 1)) {
            PathNode field = field(node, before, name);
            if (field == null) {
                unknown(node, row, name);
            } else {
                before = field;
                value(field, row, name + 1);
            }
        }
    }

    /**
     * Finds a name's node. Items of a kind have their attributes in the same order mostly: a guess is compared where a
     * search would hash.
     */
    private PathNode field(PathNode map, PathNode before, int name) {
        PathNode guess = before == null ? map.first : before.follower;
        int number = tape.nameNumber(name);
        if (guess != null && number != 0 && guess.nameNumber == number && guess.numbering == tape) {
            return guess;
        }
        PathNode field = guess != null && tape.is(name, guess.name) ? guess : field(map, name);
        if (field != null && number != 0) {
            field.nameNumber = number;
            field.numbering = tape;
        }
        if (field != null && before == null) {
            map.first = field;
        } else if (field != null) {
            before.follower = field;
        }
        return field;
    }

    private void plainFields(PathNode node, ShreddedRow row, int map) {
        if (lastCounts) {
            findLast(node, map);
        }
        PathNode before = null;
        for (int name = map + 1; name < tape.next(map); name = tape.next(name + 1)) {
            PathNode field = field(node, before, name);
            if (field == null) {
                unnamed(node, row, name);
                continue;
            }
            before = field;
            if (field.isStranger) {
                strange(field, row, name + 1);
            } else {
                plainField(field, row, name, map);
            }
        }
    }

    /** A name may stand twice in plain JSON: all but the last are kept beside it. */
    private void plainField(PathNode field, ShreddedRow row, int name, int map) {
        if (lastCounts) {
            if (field.last == name) {
                plainValue(field, row, name + 1);
            } else {
                rest(row, field.pointer, -1, name + 1);
            }
            return;
        }
        long here = reads << Integer.SIZE | map;
        if (field.seen == here) {
            repeats = true;
        } else {
            field.seen = here;
            plainValue(field, row, name + 1);
        }
    }

    private void findLast(PathNode node, int map) {
        for (int name = map + 1; name < tape.next(map); name = tape.next(name + 1)) {
            PathNode field = field(node, name);
            if (field != null) {
                field.last = name;
            }
        }
    }

    private void plainValue(PathNode node, ShreddedRow row, int value) {
        SourceType type = Notation.plain(tape, value);
        if (type == SourceType.N && (node.column >= 0 || node.given.length > 0)) {
            numbers.scan(tape.input(), tape.start(value), tape.end(value));
        }
        if (node.given.length > 0) {
            givenValue(node, row, value, type);
            return;
        }
        boolean fits = type == node.shape && !(type.isContainer() && tape.next(value) == value + 1);
        if (fits && node.column >= 0) {
            column(node, row, value);
        } else if (fits && node.table >= 0) {
            elements(node, row, type, value);
        } else if (fits && type == SourceType.M) {
            plainFields(node, row, value);
        } else {
            rest(row, node.pointer, -1, value);
        }
    }

    @SuppressWarnings("EnumOrdinal") // by an array: this runs once per value
    private void givenValue(PathNode node, ShreddedRow row, int value, SourceType type) {
        if (type == SourceType.NULL) {
            return;
        }
        boolean fits = true;
        for (Conversion[] given : node.given) {
            Conversion conversion = given[type.ordinal()];
            fits &= conversion != null && conversion.put(row.cells(), tape, value, numbers);
        }
        if (type == SourceType.M && node.shape == SourceType.M) {
            plainFields(node, row, value);
        } else if (!fits) {
            rest(row, node.pointer, -1, value);
        }
    }

    /** Keeps a value whose name has no node, and gives it one while there are few. */
    private void unnamed(PathNode map, ShreddedRow row, int name) {
        if (strangers < MAX_STRANGERS && !tape.isEscaped(name)) {
            strangers++;
            PathNode stranger = new PathNode(RowLayout.pointer(map.pointer, tape.text(name)), tape.utf8(name), map);
            stranger.isStranger = true;
            stranger.covered = isCovered(map);
            map.fields.put(stranger.name, stranger);
            strange(stranger, row, name + 1);
        } else if (!row.layout().given()) {
            rest(row, map.pointer, name, name + 1);
        } else if (!isCovered(map)) {
            if (census.isPresent() && !lastCounts) {
                unnamedAt(map, census.get()).addField(tape, name, notation, numbers);
            }
            if (row.layout().keepsRest()) {
                keep(row, map.pointer, name, name + 1);
            }
        }
    }

    private void strange(PathNode stranger, ShreddedRow row, int value) {
        if (!row.layout().given()) {
            rest(row, stranger.pointer, -1, value);
        } else if (!stranger.covered) {
            if (census.isPresent() && !lastCounts) {
                unnamedAt(stranger, census.get()).addValue(tape, value, notation, numbers);
            }
            if (row.layout().keepsRest()) {
                keep(row, stranger.pointer, -1, value);
            }
        }
    }

    private static boolean isCovered(PathNode map) {
        PathNode node = map;
        while (node != null && !node.covered) {
            node = node.above;
        }
        return node != null;
    }

    private PathCensus unnamedAt(PathNode node, CensusTaker taker) {
        if (node.unnamed == null) {
            node.unnamed = node.above == null
                    ? taker.census().kind(kind)
                    : unnamedAt(node.above, taker).field(new String(node.name, StandardCharsets.UTF_8));
        }
        return node.unnamed;
    }

    private void unknown(PathNode map, ShreddedRow row, int name) {
        if (tape.isText(name) && Items.valueProblem(tape, name + 1, numbers) == null) {
            rest(row, map.pointer, name, name + 1);
        } else {
            sound = false;
        }
    }

    private PathNode field(PathNode node, int name) {
        if (!tape.isEscaped(name)) {
            return node.fields.find(tape.input(), tape.start(name), tape.end(name));
        }
        if (!tape.isText(name)) {
            return null;
        }
        byte[] utf8 = tape.utf8(name);
        return node.fields.find(utf8, 0, utf8.length);
    }

    /**
     * Puts a value where it belongs. Whether it is sound is seen on the way: to look at all of an item first and at all
     * of it again costs a sixth of the time.
     */
    private void value(PathNode node, ShreddedRow row, int value) {
        SourceType type = Items.type(tape, value);
        int payload = SourceType.payload(value);
        boolean fits = type == node.shape;
        boolean empty = type != null && type.isContainer() && tape.next(payload) == payload + 1;
        if (fits && !empty && node.column < 0 && type == SourceType.M && tape.isObject(payload)) {
            fields(node, row, payload);
        } else if (fits && !empty && node.table >= 0 && type == SourceType.L && tape.isArray(payload)) {
            elements(node, row, type, payload);
        } else if (type == null || Items.payloadProblem(tape, type, payload, numbers) != null) {
            sound = false;
        } else if (!fits || empty) {
            rest(row, node.pointer, -1, value);
        } else if (node.column >= 0) {
            column(node, row, value);
        } else if (node.table >= 0) {
            elements(node, row, type, payload);
        } else {
            rest(row, node.pointer, -1, value);
        }
    }

    private void column(PathNode node, ShreddedRow row, int value) {
        boolean fits = node.conversion.put(row.cells(), tape, value, numbers);
        if (!fits && node.key) {
            longKey = node;
            longKeyValue = value;
            reason = "the key " + new String(node.pointer, 1, node.pointer.length - 1, StandardCharsets.UTF_8)
                    + " does not fit its column: it needs another type, by schema pin or a refresh";
        } else if (!fits) {
            rest(row, node.pointer, -1, value);
        }
    }

    private void elements(PathNode list, ShreddedRow parent, SourceType type, int payload) {
        PathNode element = list.element;
        int index = 0;
        for (int e = payload + 1; e < tape.next(payload); e = tape.next(e)) {
            ShreddedRow row = row(list.table);
            setIndexes(row, parent, index++);
            if (isPlain) {
                plainValue(element, row, e);
            } else if (!type.isSet()) {
                value(element, row, e);
            } else {
                if (type == SourceType.NS) {
                    numbers.scan(tape.input(), tape.start(e), tape.end(e));
                }
                boolean fits = element.column >= 0 && element.conversion.putPayload(row.cells(), tape, e, numbers);
                if (!fits) {
                    setElementRest(row, type.element(), e);
                }
            }
            row.close();
        }
    }

    /** A row's place in its list, after those of its parent. */
    private void setIndexes(ShreddedRow row, ShreddedRow parent, long index) {
        int[] own = row.layout().indexes();
        int[] above = parent.layout().indexes();
        for (int i = 0; i < above.length; i++) {
            row.cells().put(own[i], parent.cells(), above[i]);
        }
        row.cells().putLong(own[above.length], index);
    }

    /** Gives the child rows the keys of the main row, which are known by now. */
    private void shareKeys(ShreddedRow main) {
        for (int r = 1; r < rows.size(); r++) {
            ShreddedRow child = rows.get(r);
            int[] places = child.layout().keys();
            for (int i = 0; i < places.length; i++) {
                child.cells().put(places[i], main.cells(), main.layout().keys()[i]);
            }
            if (child.layout().file() >= 0) {
                child.cells()
                        .put(child.layout().file(), main.cells(), main.layout().file());
            }
        }
    }

    /** Keeps a value that does not fit; {@code name} is its name token where no node knows it, else −1. */
    private void rest(ShreddedRow row, byte[] pointer, int name, int value) {
        int from = row.rest().length() + 2;
        int to = keep(row, pointer, name, value);
        if (!isVoid(value)) {
            row.stray(from, to, notation.of(tape, value), notation.payload(value));
        }
    }

    /** Keeps a value beside the columns; returns where its pointer ends. */
    private int keep(ShreddedRow row, byte[] pointer, int name, int value) {
        openRest(row);
        row.rest().add(pointer);
        if (name >= 0) {
            step(row.rest(), name);
        }
        int to = row.rest().length();
        row.rest().add('"').add(':').add(tape.input(), tape.rawStart(value), tape.rawEnd(value));
        return to;
    }

    /** Whether nothing is there that could have a column: a NULL, an empty list, a map of nothing else. */
    private boolean isVoid(int value) {
        SourceType type = notation.of(tape, value);
        int payload = notation.payload(value);
        int end = tape.next(payload);
        if (type == SourceType.M) {
            int name = payload + 1;
            while (name < end && isVoid(name + 1)) {
                name = tape.next(name + 1);
            }
            return name >= end;
        }
        return type == SourceType.NULL || (type == SourceType.L && end == payload + 1);
    }

    private void setElementRest(ShreddedRow row, SourceType type, int element) {
        openRest(row);
        row.rest().ascii("\":{\"" + type.name() + "\":");
        row.rest()
                .add(tape.input(), tape.rawStart(element), tape.rawEnd(element))
                .add('}');
        row.stray(0, 0, type, element);
    }

    private static void openRest(ShreddedRow row) {
        row.rest().add(row.rest().length() == 0 ? '{' : ',').add('"');
    }

    /** Writes one more step of a pointer: the name as it stands, unless it holds what a pointer escapes. */
    private void step(Bytes out, int name) {
        byte[] input = tape.input();
        boolean plain = !tape.isEscaped(name);
        for (int i = tape.start(name); plain && i < tape.end(name); i++) {
            plain = input[i] != '~' && input[i] != '/';
        }
        if (plain) {
            out.add('/').add(input, tape.start(name), tape.end(name));
        } else {
            out.add(RowLayout.pointer(new byte[0], tape.text(name)));
        }
    }
}
