package dev.millrace.schema;

import dev.millrace.config.DeclaredType;
import dev.millrace.config.Nearest;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.schema.EntityColumn.Role;
import dev.millrace.table.ColumnType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Makes the next version of a data-schema as a person wants it. */
public final class Pins {
    private static final String TYPES = "a type of DynamoDB: "
            + Arrays.stream(SourceType.values())
                    .filter(type -> type != SourceType.NULL)
                    .map(SourceType::name)
                    .collect(Collectors.joining(", "))
            + "; or a column's: string, bigint, double, boolean, binary, date, timestamp, json, epoch-millis, "
            + "epoch-seconds, decimal(18,2)";

    private final DataSchema schema;
    private final DataSchema proposed;
    private final Census census;
    private final Map<String, TableSettings> settings;

    /**
     * Begins.
     *
     * @param schema the newest version
     * @param census what its items are by now
     * @param settings of the job file, for names
     * @param listsAsJson as for {@link Inference#infer}
     */
    public Pins(DataSchema schema, Census census, Map<String, TableSettings> settings, boolean listsAsJson) {
        this.schema = schema;
        this.census = census;
        this.settings = settings;
        this.proposed = Inference.propose(census.without(GivenColumns.kinds(settings)), schema, listsAsJson);
    }

    /** The version that takes over everything which {@link SchemaDiff#against} shows; empty where that is nothing. */
    public Optional<DataSchema> all() {
        return proposed.entities().equals(schema.entities()) ? Optional.empty() : Optional.of(proposed);
    }

    /**
     * The version with columns pinned; empty where they are pinned so already.
     *
     * @param pins each {@code TABLE.COLUMN=TYPE}
     * @throws Fault of kind USER with every mistake
     */
    public Optional<DataSchema> with(List<String> pins) {
        List<String> mistakes = new ArrayList<>();
        DataSchema pinned = schema.next(schema.entities());
        for (String pin : pins) {
            try {
                pinned = with(pinned, pin);
            } catch (Fault mistake) {
                mistakes.add("Invalid pin: " + pin + ": " + mistake.getMessage());
            }
        }
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
        return pinned.entities().equals(schema.entities()) ? Optional.empty() : Optional.of(pinned);
    }

    private DataSchema with(DataSchema from, String pin) {
        int equals = pin.indexOf('=');
        int dot = pin.indexOf('.');
        if (dot < 1 || equals < dot + 2 || equals == pin.length() - 1) {
            throw Fault.user("must be TABLE.COLUMN=TYPE, for example orders.total=decimal(18,2)");
        }
        CountedTable table = table(from, pin.substring(0, dot));
        String name = pin.substring(dot + 1, equals);
        EntityColumn column = find(table, name).orElseGet(() -> proposed(table, name));
        return replaced(from, table, pinned(table, column, pin.substring(equals + 1)));
    }

    private CountedTable table(DataSchema from, String name) {
        List<CountedTable> tables = CountedTable.of(GivenColumns.over(from, settings), census, settings);
        Optional<CountedTable> found =
                tables.stream().filter(t -> t.name().equals(name)).findFirst();
        found.filter(t -> t.table().isGiven()).ifPresent(given -> {
            throw Fault.user("the job file gives the columns of table " + name + ": change tables."
                    + given.entity().kind() + ".columns there");
        });
        boolean isProposed = CountedTable.of(proposed, census, settings).stream()
                .anyMatch(t -> t.name().equals(name));
        return found.orElseThrow(() -> Fault.user(
                isProposed
                        ? "table " + name + " is not in version " + schema.version()
                                + " yet: pin without columns takes it over"
                        : "no table " + name + ": "
                                + remedy(
                                        name,
                                        tables.stream().map(CountedTable::name).toList())));
    }

    private static Optional<EntityColumn> find(CountedTable table, String name) {
        return table.columns().stream()
                .filter(c -> table.nameOf(c).equals(name) || c.name().equals(name))
                .findFirst();
    }

    /** A column that the table does not have yet, but would be given. */
    private EntityColumn proposed(CountedTable table, String name) {
        CountedTable after = CountedTable.of(proposed, census, settings).stream()
                .filter(table::isSame)
                .findFirst()
                .orElseThrow();
        Optional<EntityColumn> fixed = table.table().columns().stream()
                .filter(c -> c.name().equals(name)
                        && (c.role() == Role.PARENT_KEY || c.role() == Role.INDEX || c.role() == Role.REST))
                .findFirst();
        return find(after, name)
                .orElseThrow(() -> Fault.user(
                        fixed.isPresent()
                                ? "the type of column " + name + " is fixed"
                                        + (fixed.get().role() == Role.PARENT_KEY
                                                ? ": it is that of the key in the main table"
                                                : "")
                                : "table " + table.name() + " has no column " + name + ": "
                                        + remedy(
                                                name,
                                                after.columns().stream()
                                                        .map(after::nameOf)
                                                        .toList())));
    }

    private static String remedy(String name, Collection<String> known) {
        return Nearest.to(name, known)
                .map(near -> "did you mean " + near + "?")
                .orElse("there are " + String.join(", ", known));
    }

    private static EntityColumn pinned(CountedTable table, EntityColumn column, String type) {
        PathCensus met = table.at(column);
        List<SourceType> possible =
                column.role() == Role.KEY || !table.countsRows() ? List.of(column.source()) : Inference.SHAPES;
        Optional<SourceType> source =
                Inference.SHAPES.stream().filter(s -> s.name().equals(type)).findFirst();
        if (source.isPresent()) {
            if (!possible.contains(source.get())) {
                throw Fault.user("its values are always of type " + column.source());
            }
            ColumnType own = Inference.scalarType(source.get(), met.numbers());
            return column.pinnedAs(source.get(), own, Inference.encoding(source.get(), met));
        }
        DeclaredType declared =
                DeclaredType.parse(type).orElseThrow(() -> Fault.user("no type " + type + ": must be " + TYPES));
        SourceType most = possible.stream()
                .filter(s -> Conversion.isPossible(s, encoding(declared, s, met), declared.type()))
                .filter(s -> s == column.source() || met.shaped(s) > 0)
                .reduce((a, b) -> preferred(met, column, a, b))
                .orElseThrow(() -> Fault.user("values of type " + column.source() + " cannot become " + declared
                        + (possible.size() == 1 ? "" : ", and of no other type was any met that can")));
        return column.pinnedAs(most, declared.type(), encoding(declared, most, met));
    }

    /** The type of which more values were met; of two alike the column's own. */
    private static SourceType preferred(PathCensus met, EntityColumn column, SourceType a, SourceType b) {
        if (met.shaped(a) == met.shaped(b)) {
            return b == column.source() ? b : a;
        }
        return met.shaped(a) > met.shaped(b) ? a : b;
    }

    private static Encoding encoding(DeclaredType type, SourceType source, PathCensus met) {
        return switch (type.reading()) {
            case PLAIN, ISO -> Inference.encoding(source, met);
            case EPOCH_MILLIS -> Encoding.EPOCH_MILLIS;
            case EPOCH_SECONDS -> Encoding.EPOCH_SECONDS;
            case PATTERN -> throw new IllegalStateException("Pinned column with a pattern: " + type);
        };
    }

    /** The data-schema with a column in place of the one at its path, or added; keys change in child tables too. */
    private static DataSchema replaced(DataSchema schema, CountedTable table, EntityColumn column) {
        List<EntitySchema> entities = new ArrayList<>();
        for (EntitySchema entity : schema.entities()) {
            if (!entity.kind().equals(table.entity().kind())) {
                entities.add(entity);
                continue;
            }
            List<EntityTable> tables = new ArrayList<>();
            for (EntityTable one : entity.tables()) {
                boolean own = one.suffix().equals(table.table().suffix());
                tables.add(
                        own || column.role() == Role.KEY
                                ? one.with(own ? column : column.withRole(Role.PARENT_KEY))
                                : one);
            }
            entities.add(new EntitySchema(entity.kind(), entity.name(), tables));
        }
        return new DataSchema(schema.version(), schema.notation(), schema.keys(), entities);
    }
}
