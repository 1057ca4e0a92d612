package dev.millrace.schema;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.millrace.json.JsonTape;
import dev.millrace.schema.EntityColumn.Role;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Turns items into rows: of the main table of their kind, and of a child table per element of their lists and sets.
 *
 * <p>What fits no column goes to the row's {@code _rest}: a JSON object from JSON pointer (RFC 6901), relative to the
 * row's item or element, to the value as DynamoDB JSON. From columns, child rows and {@code _rest} the item can be
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

    /** A row of one table. */
    public static final class Row {
        private final int table;
        private final Layout layout;
        private final Object[] values;
        private final Bytes rest = new Bytes();
        private Stray[] strays = new Stray[0];
        private int rescued;

        private record Stray(int from, int to, SourceType type, int payload) {}

        private Row(int table, Layout layout) {
            this.table = table;
            this.layout = layout;
            this.values = new Object[layout.columns()];
        }

        /** Number of its table in the plan. */
        public int table() {
            return table;
        }

        /** Spark's internal values in the order of the table's columns; not to be changed or kept. */
        public Object[] values() {
            return values;
        }

        /** How many of its values did not fit; NULLs, empty lists and maps of nothing else do not count. */
        public int rescued() {
            return rescued;
        }

        private void clear() {
            Arrays.fill(values, null);
            rest.clear();
            rescued = 0;
        }

        /** Notes a value in {@code rest} that did not fit: the places of its pointer, its type, the token inside. */
        private void stray(int from, int to, SourceType type, int payload) {
            if (strays.length <= rescued) {
                strays = Arrays.copyOf(strays, Math.max(4, strays.length * 2));
            }
            strays[rescued++] = new Stray(from, to, type, payload);
        }

        private void count(int number, PathCensus drift, JsonTape tape, NumberScan numbers) {
            Stray stray = strays[number];
            drift.addAt(rest.array(), stray.from, stray.to, stray.type, tape, stray.payload, numbers);
        }
    }

    /** What is done with the value at a path. */
    private static final class Node {
        /** JSON text of the pointer to it, without quotes. */
        private final byte[] pointer;

        /** Its attribute's name as UTF-8. */
        private final byte[] name;

        private SourceType shape = SourceType.NULL;
        private int column = -1;
        private boolean key;
        private Conversion conversion;
        private final NameTable<Node> fields = new NameTable<>();
        private int table = -1;
        private Node element;

        /** The field that stood first the last time. */
        private Node first;

        /** The field that followed the last time. */
        private Node follower;

        private Node(byte[] pointer, byte[] name) {
            this.pointer = pointer;
            this.name = name;
        }
    }

    /** A table's fixed columns, by place. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Layout(int columns, int[] keys, int[] indexes, int rest, Node root) {}

    private final ShredPlan plan;
    private final KindRule.Kinds kinds;
    private final List<Layout> layouts = new ArrayList<>();
    private final Map<String, Integer> mainTables = new HashMap<>();
    private final Map<String, Redaction.Redactor> redactors = new HashMap<>();
    private final Optional<CensusTaker> census;
    private final Drift drift = new Drift();
    private final PathCensus[] driftByTable;
    private final ExpiryCheck expiry;
    private final NumberScan numbers = new NumberScan();
    private final JsonTape itemTape = new JsonTape();
    private final JsonTape redactedTape = new JsonTape();
    private final List<Row> rows = new ArrayList<>();
    private final List<List<Row>> pool = new ArrayList<>();
    private final int[] used;

    private JsonTape tape = itemTape;
    private String kind = KindRule.UNKNOWN;
    private String reason = "";
    private boolean sound;
    private int table = -1;
    private Node longKey;
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
        this.kinds = plan.rule().reader();
        this.expiry = new ExpiryCheck(plan.expiry());
        this.driftByTable = plan.tables().stream()
                .map(planned -> drift.table(planned.definition().name()))
                .toArray(PathCensus[]::new);
        this.used = new int[plan.tables().size()];
        for (int i = 0; i < used.length; i++) {
            ShredPlan.Table planned = plan.tables().get(i);
            if (planned.isMain()) {
                mainTables.put(planned.kind(), i);
            }
            pool.add(new ArrayList<>());
            layouts.add(layout(planned));
        }
        for (int i = 0; i < used.length; i++) {
            if (!plan.tables().get(i).isMain()) {
                attach(i);
            }
        }
        plan.tables().stream().map(ShredPlan.Table::kind).distinct().forEach(k -> {
            Redaction redaction = plan.redaction(k);
            if (!redaction.isNone()) {
                redactors.put(k, redaction.redactor());
            }
        });
    }

    private static Layout layout(ShredPlan.Table planned) {
        List<EntityColumn> columns = planned.source().columns();
        List<Integer> keys = new ArrayList<>();
        List<Integer> indexes = new ArrayList<>();
        int rest = -1;
        Node root = new Node(new byte[0], new byte[0]);
        root.shape = SourceType.M;
        for (int i = 0; i < columns.size(); i++) {
            EntityColumn column = columns.get(i);
            switch (column.role()) {
                case PARENT_KEY -> keys.add(i);
                case INDEX -> indexes.add(i);
                case REST -> rest = i;
                case KEY, VALUE -> {
                    if (column.role() == Role.KEY) {
                        keys.add(i);
                    }
                    Node node = at(root, column.path());
                    node.shape = column.source();
                    node.column = i;
                    node.key = column.role() == Role.KEY;
                    node.conversion = new Conversion(column.source(), column.encoding(), column.type());
                }
            }
        }
        return new Layout(columns.size(), array(keys), array(indexes), rest, root);
    }

    private static int[] array(List<Integer> places) {
        return places.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Makes a child table the place for the elements of its list. */
    private void attach(int child) {
        ShredPlan.Table planned = plan.tables().get(child);
        Node list = at(layouts.get(planned.parent()).root(), planned.source().path());
        list.shape = planned.source().container();
        list.table = child;
        list.element = layouts.get(child).root();
    }

    /** The node of a path; the maps on the way to it become maps. */
    private static Node at(Node root, List<String> path) {
        Node node = root;
        for (String name : path) {
            byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
            Node next = node.fields.find(utf8, 0, utf8.length);
            if (next == null) {
                node.shape = SourceType.M;
                next = new Node(pointer(node.pointer, name), utf8);
                node.fields.put(utf8, next);
            }
            node = next;
        }
        return node;
    }

    private static byte[] pointer(byte[] parent, String name) {
        String step = "/" + name.replace("~", "~0").replace("/", "~1");
        byte[] json = JsonStringEncoder.getInstance().quoteAsUTF8(step);
        byte[] pointer = Arrays.copyOf(parent, parent.length + json.length);
        System.arraycopy(json, 0, pointer, parent.length, json.length);
        return pointer;
    }

    /** Reads one item: the bytes of an object of attributes, as DynamoDB JSON. */
    public Outcome read(byte[] buffer, int offset, int length) {
        rows.clear();
        Arrays.fill(used, 0);
        kind = KindRule.UNKNOWN;
        reason = "";
        table = -1;
        longKey = null;
        tape = itemTape;
        if (!itemTape.parse(buffer, offset, offset + length)) {
            reason = "not JSON: " + itemTape.error() + " at byte " + (itemTape.errorOffset() - offset);
            return Outcome.QUARANTINED;
        }
        if (!itemTape.isObject(0) || !itemTape.isWhole()) {
            return unsound();
        }
        String told = kinds.kindOf(itemTape, 0);
        // A kind without a table appeared after the data-schema was inferred.
        boolean isNew = !mainTables.containsKey(told);
        kind = isNew ? KindRule.UNKNOWN : told;
        Integer main = mainTables.get(kind);
        if (main == null) {
            throw new IllegalStateException("No table for items of unknown kind");
        }
        table = main;
        Redaction.Redactor redactor = redactors.get(kind);
        if (redactor != null) {
            if (Items.problem(itemTape, 0, numbers) != null) {
                return unsound();
            }
            Bytes redacted = redactor.redact(itemTape, 0);
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
        Row row = row(main);
        sound = true;
        fields(layouts.get(main).root(), row, 0);
        if (!sound) {
            return unsound();
        }
        takeCensus(told);
        countDrift(told);
        if (!reason.isEmpty()) {
            rows.clear();
            return Outcome.QUARANTINED;
        }
        completeRest(row);
        shareKeys(row);
        return Outcome.ROWS;
    }

    /** An item that cannot be decoded has neither kind nor rows. */
    private Outcome unsound() {
        String problem = Items.problem(itemTape, 0, numbers);
        reason = problem == null ? "something follows the item" : problem;
        kind = KindRule.UNKNOWN;
        table = -1;
        rows.clear();
        return Outcome.QUARANTINED;
    }

    /** Counts a sound item; one of a kind without a table as that kind, which may hide less than all kinds together. */
    private void takeCensus(String told) {
        if (census.isPresent() && kind.equals(told)) {
            census.get().addFresh(itemTape, told, tape);
        } else if (census.isPresent()) {
            census.get().add(itemTape, told);
        }
    }

    /** Counts what of a sound item fits no column, by its pointer; all of a kind without a table counts as one. */
    private void countDrift(String told) {
        if (!kind.equals(told) || !plan.tables().get(table).inferred()) {
            drift.add(told);
            return;
        }
        for (Row row : rows) {
            for (int i = 0; i < row.rescued; i++) {
                row.count(i, driftByTable[row.table], tape, numbers);
            }
        }
        if (longKey != null) {
            byte[] pointer = longKey.pointer;
            driftByTable[table].addAt(
                    pointer, 0, pointer.length, longKey.shape, tape, SourceType.payload(longKeyValue), numbers);
        }
    }

    /** The item's rows, its main row first. */
    public List<Row> rows() {
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

    private Row row(int number) {
        List<Row> free = pool.get(number);
        int next = used[number]++;
        if (next == free.size()) {
            free.add(new Row(number, layouts.get(number)));
        }
        Row row = free.get(next);
        row.clear();
        rows.add(row);
        return row;
    }

    private void fields(Node node, Row row, int map) {
        // Items of a kind have their attributes in the same order mostly: a guess is compared where a search would
        // hash.
        Node before = null;
        for (int name = map + 1; name < tape.next(map); name = tape.next(name + 1)) {
            Node guess = before == null ? node.first : before.follower;
            Node field = guess != null && tape.is(name, guess.name) ? guess : field(node, name);
            if (field == null) {
                unknown(node, row, name);
                continue;
            }
            if (before == null) {
                node.first = field;
            } else {
                before.follower = field;
            }
            before = field;
            value(field, row, name + 1);
        }
    }

    private void unknown(Node map, Row row, int name) {
        if (tape.isText(name) && Items.valueProblem(tape, name + 1, numbers) == null) {
            rest(row, map.pointer, name, name + 1);
        } else {
            sound = false;
        }
    }

    private Node field(Node node, int name) {
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
    private void value(Node node, Row row, int value) {
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

    private void column(Node node, Row row, int value) {
        Object converted = node.conversion.ofValue(tape, value, numbers);
        if (converted != Conversion.MISFIT) {
            row.values[node.column] = converted;
        } else if (node.key) {
            longKey = node;
            longKeyValue = value;
            reason = "the key " + new String(node.pointer, 1, node.pointer.length - 1, StandardCharsets.UTF_8)
                    + " does not fit its column: it needs another type, by schema pin or a refresh";
        } else {
            rest(row, node.pointer, -1, value);
        }
    }

    private void elements(Node list, Row parent, SourceType type, int payload) {
        Node element = list.element;
        int index = 0;
        for (int e = payload + 1; e < tape.next(payload); e = tape.next(e)) {
            Row row = row(list.table);
            setIndexes(row, parent, index++);
            if (!type.isSet()) {
                value(element, row, e);
            } else {
                if (type == SourceType.NS) {
                    numbers.scan(tape.input(), tape.start(e), tape.end(e));
                }
                Object converted =
                        element.column < 0 ? Conversion.MISFIT : element.conversion.ofPayload(tape, e, numbers);
                if (converted == Conversion.MISFIT) {
                    setElementRest(row, type.element(), e);
                } else {
                    row.values[element.column] = converted;
                }
            }
            completeRest(row);
        }
    }

    /** A row's place in its list, after those of its parent. */
    private void setIndexes(Row row, Row parent, long index) {
        int[] own = row.layout.indexes();
        int[] above = parent.layout.indexes();
        for (int i = 0; i < above.length; i++) {
            row.values[own[i]] = parent.values[above[i]];
        }
        row.values[own[above.length]] = index;
    }

    private static void completeRest(Row row) {
        if (row.rest.length() > 0) {
            row.rest.add('}');
            row.values[row.layout.rest()] = UTF8String.fromBytes(row.rest.toArray());
        }
    }

    /** Gives the child rows the keys of the main row, which are known by now. */
    private void shareKeys(Row main) {
        for (int r = 1; r < rows.size(); r++) {
            Row child = rows.get(r);
            int[] places = child.layout.keys();
            for (int i = 0; i < places.length; i++) {
                child.values[places[i]] = main.values[main.layout.keys()[i]];
            }
        }
    }

    /** Keeps a typed value; {@code name} is its name token where no node knows it, else −1. */
    private void rest(Row row, byte[] pointer, int name, int value) {
        openRest(row);
        int from = row.rest.length();
        row.rest.add(pointer);
        if (name >= 0) {
            step(row.rest, name);
        }
        int to = row.rest.length();
        row.rest.ascii("\":").add(tape.input(), tape.start(value), tape.end(value));
        if (!isVoid(value)) {
            row.stray(from, to, SourceType.of(tape, value), SourceType.payload(value));
        }
    }

    /** Whether nothing is there that could have a column: a NULL, an empty list, a map of nothing else. */
    private boolean isVoid(int value) {
        SourceType type = SourceType.of(tape, value);
        int payload = SourceType.payload(value);
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

    private void setElementRest(Row row, SourceType type, int element) {
        openRest(row);
        row.rest.ascii("\":{\"" + type.name() + "\":");
        row.rest.add(tape.input(), tape.rawStart(element), tape.rawEnd(element)).add('}');
        row.stray(0, 0, type, element);
    }

    private static void openRest(Row row) {
        row.rest.ascii(row.rest.length() == 0 ? "{\"" : ",\"");
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
            out.add(pointer(new byte[0], tape.text(name)));
        }
    }
}
