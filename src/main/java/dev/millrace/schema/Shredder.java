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
        private final Object[] values;
        private final Bytes rest = new Bytes();
        private final List<Integer> indexes = new ArrayList<>();
        private int rescued;

        private Row(int table, int columns) {
            this.table = table;
            this.values = new Object[columns];
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
            indexes.clear();
            rescued = 0;
        }
    }

    /** What is done with the value at a path. */
    private static final class Node {
        /** JSON text of the pointer to it, without quotes. */
        private final byte[] pointer;

        private SourceType shape = SourceType.NULL;
        private int column = -1;
        private boolean key;
        private Conversion conversion;
        private final NameTable<Node> fields = new NameTable<>();
        private int table = -1;
        private Node element;

        private Node(byte[] pointer) {
            this.pointer = pointer;
        }
    }

    /** A table's fixed columns, by place. */
    private record Layout(List<Integer> keys, List<Integer> indexes, int rest, Node root) {}

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
    private int table = -1;
    private boolean isStranger;

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
        Node root = new Node(new byte[0]);
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
        return new Layout(keys, indexes, rest, root);
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
                next = new Node(pointer(node.pointer, name));
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
        tape = itemTape;
        if (!itemTape.parse(buffer, offset, offset + length)) {
            reason = "not JSON: " + itemTape.error() + " at byte " + (itemTape.errorOffset() - offset);
            return Outcome.QUARANTINED;
        }
        String problem = Items.problem(itemTape, 0, numbers);
        if (problem == null && !itemTape.isWhole()) {
            problem = "something follows the item";
        }
        if (problem != null) {
            reason = problem;
            return Outcome.QUARANTINED;
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
        isStranger = isNew || !plan.tables().get(main).inferred();
        Redaction.Redactor redactor = redactors.get(kind);
        if (redactor != null) {
            Bytes redacted = redactor.redact(itemTape, 0);
            if (!redactedTape.parse(redacted.array(), 0, redacted.length())) {
                throw new IllegalStateException("Redaction broke an item: " + redactedTape.error());
            }
            tape = redactedTape;
        }
        if (isNew && census.isPresent()) {
            // Its own kind may hide less than all kinds together.
            census.get().add(itemTape, told);
        }
        if (expiry.isExpired(tape)) {
            return Outcome.EXPIRED;
        }
        if (!isNew && census.isPresent()) {
            census.get().addFresh(itemTape, told, tape);
        }
        if (isStranger) {
            drift.add(told);
        }
        Row row = row(main);
        Node root = layouts.get(main).root();
        fields(root, row, 0, row);
        if (!reason.isEmpty()) {
            rows.clear();
            return Outcome.QUARANTINED;
        }
        finish(row);
        return Outcome.ROWS;
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
            free.add(
                    new Row(number, plan.tables().get(number).source().columns().size()));
        }
        Row row = free.get(next);
        row.clear();
        rows.add(row);
        return row;
    }

    private void fields(Node node, Row row, int map, Row main) {
        for (int name = map + 1; name < tape.next(map); name = tape.next(name + 1)) {
            Node field;
            if (tape.isEscaped(name)) {
                byte[] utf8 = tape.utf8(name);
                field = node.fields.find(utf8, 0, utf8.length);
            } else {
                field = node.fields.find(tape.input(), tape.start(name), tape.end(name));
            }
            if (field == null) {
                rest(row, node.pointer, name, name + 1);
            } else {
                value(field, row, name + 1, main);
            }
        }
    }

    private void value(Node node, Row row, int value, Row main) {
        SourceType type = SourceType.of(tape, value);
        int payload = SourceType.payload(value);
        boolean empty = (type == SourceType.M || type == SourceType.L) && tape.next(payload) == payload + 1;
        if (type != node.shape || empty) {
            rest(row, node.pointer, -1, value);
        } else if (node.column >= 0) {
            Object converted = node.conversion.ofValue(tape, value);
            if (converted != Conversion.MISFIT) {
                row.values[node.column] = converted;
            } else if (node.key) {
                countDrift(row, node.pointer, 0, node.pointer.length, type, payload);
                reason = "the key " + new String(node.pointer, 1, node.pointer.length - 1, StandardCharsets.UTF_8)
                        + " does not fit its column: it needs another type, by schema pin or a refresh";
            } else {
                rest(row, node.pointer, -1, value);
            }
        } else if (type == SourceType.M) {
            fields(node, row, payload, main);
        } else if (node.table >= 0) {
            elements(node, row, type, payload, main);
        } else {
            rest(row, node.pointer, -1, value);
        }
    }

    private void elements(Node list, Row parent, SourceType type, int payload, Row main) {
        Node element = list.element;
        int index = 0;
        for (int e = payload + 1; e < tape.next(payload); e = tape.next(e)) {
            Row row = row(list.table);
            row.indexes.addAll(parent.indexes);
            row.indexes.add(index++);
            if (!type.isSet()) {
                value(element, row, e, main);
            } else {
                Object converted = element.column < 0 ? Conversion.MISFIT : element.conversion.ofPayload(tape, e);
                if (converted == Conversion.MISFIT) {
                    setElementRest(row, type.element(), e);
                } else {
                    row.values[element.column] = converted;
                }
            }
            finish(row);
        }
    }

    /** Completes the columns that come from no attribute of the row itself. The main row's keys are known by the end. */
    private void finish(Row row) {
        Layout layout = layouts.get(row.table);
        for (int i = 0; i < layout.indexes().size(); i++) {
            row.values[layout.indexes().get(i)] = row.indexes.get(i).longValue();
        }
        if (row.rest.length() > 0) {
            row.rest.add('}');
            row.values[layout.rest()] = UTF8String.fromBytes(row.rest.toArray());
        }
        if (plan.tables().get(row.table).isMain()) {
            for (Row child : rows) {
                Layout childLayout = layouts.get(child.table);
                for (int i = 0; child != row && i < layout.keys().size(); i++) {
                    child.values[childLayout.keys().get(i)] =
                            row.values[layout.keys().get(i)];
                }
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
            row.rescued++;
            countDrift(row, row.rest.array(), from, to, SourceType.of(tape, value), SourceType.payload(value));
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

    /** Counts what fits no column, by its pointer; all of an item of an unknown kind counts as one. */
    private void countDrift(Row row, byte[] pointer, int from, int to, SourceType type, int payload) {
        if (!isStranger) {
            driftByTable[row.table].addAt(pointer, from, to, type, tape, payload, numbers);
        }
    }

    private void setElementRest(Row row, SourceType type, int element) {
        openRest(row);
        row.rest.ascii("\":{\"" + type.name() + "\":");
        row.rest.add(tape.input(), tape.rawStart(element), tape.rawEnd(element)).add('}');
        row.rescued++;
        countDrift(row, row.rest.array(), 0, 0, type, element);
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
