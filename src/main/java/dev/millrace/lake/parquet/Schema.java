package dev.millrace.lake.parquet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The columns of a file, and the bytes that tell of them, which are taken over as they are. */
final class Schema {
    private static final int REQUIRED = 0;
    private static final int REPEATED = 2;
    private static final int DEEPEST = 256;

    private final byte[] raw;
    private final List<Element> elements = new ArrayList<>();
    private final List<LeafColumn> leaves = new ArrayList<>();
    private int next;

    /** @param raw the list of schema elements in a footer, with its header */
    private Schema(byte[] raw) {
        this.raw = raw;
    }

    static Schema parse(byte[] raw) {
        Schema schema = new Schema(raw);
        // The header of a list needs a field before it to be read.
        byte[] field = new byte[raw.length + 1];
        field[0] = 0x19;
        System.arraycopy(raw, 0, field, 1, raw.length);
        ThriftReader in = new ThriftReader(field, 0, field.length);
        in.field(0);
        int count = in.list();
        for (int i = 0; i < count; i++) {
            schema.elements.add(Element.read(field, in));
        }
        if (schema.elements.isEmpty()) {
            throw new CorruptBytes("the schema is empty");
        }
        Element root = schema.element();
        for (int i = 0; i < root.children; i++) {
            schema.addNode(List.of(), 0, 0);
        }
        if (schema.next != schema.elements.size()) {
            throw new CorruptBytes("the schema has nodes that belong to none");
        }
        return schema;
    }

    byte[] raw() {
        return raw;
    }

    List<LeafColumn> leaves() {
        return leaves;
    }

    /** The path of the first column that another schema has otherwise, or empty where all are alike. */
    Optional<String> difference(Schema other) {
        if (Arrays.equals(raw, other.raw)) {
            return Optional.empty();
        }
        // Not the root: its name is the writer's.
        for (int i = 1; i < Math.max(elements.size(), other.elements.size()); i++) {
            if (i >= elements.size() || i >= other.elements.size()) {
                return Optional.of(
                        (i < elements.size() ? elements : other.elements).get(i).path());
            }
            Element here = elements.get(i);
            Element there = other.elements.get(i);
            if (!Arrays.equals(here.raw, there.raw)) {
                // Behind a column that only one of them has all others are shifted.
                return Optional.of(has(there) && !other.has(here) ? here.path() : there.path());
            }
        }
        return Optional.empty();
    }

    private boolean has(Element element) {
        return elements.stream().anyMatch(other -> other.path().equals(element.path()));
    }

    private Element element() {
        if (next == elements.size()) {
            throw new CorruptBytes("the schema ends early");
        }
        return elements.get(next++);
    }

    private void addNode(List<String> parent, int definition, int repetition) {
        if (parent.size() > DEEPEST) {
            throw new CorruptBytes("the schema is nested more than " + DEEPEST + " deep");
        }
        Element element = element();
        element.names.addAll(parent);
        element.names.add(element.name);
        int maxDefinition = definition + (element.repetition == REQUIRED ? 0 : 1);
        int maxRepetition = repetition + (element.repetition == REPEATED ? 1 : 0);
        if (element.type < 0) {
            for (int i = 0; i < element.children; i++) {
                addNode(element.names, maxDefinition, maxRepetition);
            }
        } else {
            leaves.add(element.leaf(maxDefinition, maxRepetition));
        }
    }

    /** A node of the schema's tree. */
    private static final class Element {
        private static final int DECIMAL = 5;
        private static final int FIRST_UNSIGNED = 11;
        private static final int LAST_UNSIGNED = 14;
        private static final int INTERVAL = 21;
        private static final int LOGICAL_DECIMAL = 5;
        private static final int LOGICAL_INTEGER = 10;
        private static final int LOGICAL_UNKNOWN = 11;
        private static final int LOGICAL_UUID = 14;

        private byte[] raw;
        private final List<String> names = new ArrayList<>();
        private String name = "";
        private int type = -1;
        private int length;
        private int repetition;
        private int children;
        private int converted = -1;
        private int logical;
        private boolean isUnsigned;

        static Element read(byte[] bytes, ThriftReader in) {
            Element element = new Element();
            int from = in.position();
            for (int id = in.field(0); id != 0; id = in.field(id)) {
                switch (id) {
                    case 1 -> element.type = in.i32();
                    case 2 -> element.length = in.i32();
                    case 3 -> element.repetition = in.i32();
                    case 4 -> element.name = in.text();
                    case 5 -> element.children = in.i32();
                    case 6 -> element.converted = in.i32();
                    case 10 -> element.readLogicalType(in);
                    default -> in.skip();
                }
            }
            element.raw = Arrays.copyOfRange(bytes, from, in.position());
            return element;
        }

        private void readLogicalType(ThriftReader in) {
            in.struct();
            for (int kind = in.field(0); kind != 0; kind = in.field(kind)) {
                logical = kind;
                if (kind != LOGICAL_INTEGER) {
                    in.skip();
                    continue;
                }
                in.struct();
                for (int id = in.field(0); id != 0; id = in.field(id)) {
                    if (id == 2) {
                        isUnsigned = !in.bool();
                    } else {
                        in.skip();
                    }
                }
            }
        }

        String path() {
            return String.join(".", names);
        }

        LeafColumn leaf(int maxDefinition, int maxRepetition) {
            PhysicalType physical = PhysicalType.of(type);
            boolean isFixed = physical == PhysicalType.FIXED_LEN_BYTE_ARRAY;
            if (isFixed && length <= 0) {
                throw new CorruptBytes("column " + path() + " has values of " + length + " bytes");
            }
            return new LeafColumn(
                    names,
                    physical,
                    isFixed ? length : physical.bytes(),
                    maxDefinition,
                    maxRepetition,
                    order(physical));
        }

        private ValueOrder order(PhysicalType physical) {
            if (converted == INTERVAL || logical == LOGICAL_UNKNOWN || logical > LOGICAL_UUID) {
                return ValueOrder.NONE;
            }
            boolean unsigned = isUnsigned || (converted >= FIRST_UNSIGNED && converted <= LAST_UNSIGNED);
            boolean isDecimal = converted == DECIMAL || logical == LOGICAL_DECIMAL;
            return switch (physical) {
                case BOOLEAN -> ValueOrder.BYTES;
                case INT32 -> unsigned ? ValueOrder.UNSIGNED_INT : ValueOrder.INT;
                case INT64 -> unsigned ? ValueOrder.UNSIGNED_LONG : ValueOrder.LONG;
                case INT96 -> ValueOrder.NONE;
                case FLOAT -> ValueOrder.FLOAT;
                case DOUBLE -> ValueOrder.DOUBLE;
                // Writers do not agree on how decimals of different length compare.
                case BYTE_ARRAY -> isDecimal ? ValueOrder.NONE : ValueOrder.BYTES;
                case FIXED_LEN_BYTE_ARRAY -> isDecimal ? ValueOrder.BIG_ENDIAN : ValueOrder.BYTES;
            };
        }
    }
}
