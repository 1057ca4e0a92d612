package dev.millrace.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What items held that their tables do not: values without a column, of another type than their column's or too wide
 * for it, items of kinds without a table. NULLs, empty lists and maps of nothing else are none of it.
 *
 * <p>Counted exactly, whatever part of the items inference looks at; merges in any order to the same result. Like a
 * census it holds names and figures, never a value, and of many names at one place the same thousand in any order.
 */
public final class Drift {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** By table: a field for each JSON pointer, as JSON text, with what is in {@code _rest} there. */
    private final TreeMap<String, PathCensus> tables = new TreeMap<>();

    /** A field for each kind without a table. */
    private final PathCensus kinds = new PathCensus();

    /** What a table's rows held, to count values in. */
    PathCensus table(String name) {
        return tables.computeIfAbsent(name, none -> new PathCensus());
    }

    /** Counts an item of a kind without a table. */
    void add(String kind) {
        kinds.addItem(kind);
    }

    public boolean isEmpty() {
        return kinds.fields().isEmpty()
                && tables.values().stream().allMatch(t -> t.fields().isEmpty());
    }

    void merge(Drift other) {
        other.tables.forEach((name, table) -> table(name).merge(table));
        kinds.merge(other.kinds);
    }

    ObjectNode tree() {
        ObjectNode json = JSON.createObjectNode();
        ObjectNode byTable = json.putObject("tables");
        tables.forEach((name, table) -> {
            if (!table.fields().isEmpty()) {
                byTable.set(name, table.toJson());
            }
        });
        json.set("kinds", kinds.toJson());
        return json;
    }

    static Drift fromTree(JsonNode json) {
        Drift drift = new Drift();
        json.path("tables")
                .properties()
                .forEach(table -> drift.tables.put(table.getKey(), PathCensus.fromJson(table.getValue())));
        drift.kinds.merge(PathCensus.fromJson(json.path("kinds")));
        return drift;
    }

    /**
     * All of it in words, a line for each place and type, with its count.
     *
     * @param plan that the items were shredded by
     */
    public List<String> lines(ShredPlan plan) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < plan.tables().size(); i++) {
            String name = plan.tables().get(i).definition().name();
            Places places = new Places(plan, i);
            PathCensus table = tables.getOrDefault(name, new PathCensus());
            table.fields().forEach((pointer, met) -> {
                for (SourceType type : SourceType.values()) {
                    if (met.count(type) > 0) {
                        lines.add(name + ": " + places.line(steps(pointer), type, met));
                    }
                }
            });
            if (table.hasOverflow()) {
                lines.add(name + ": more than " + PathCensus.FIELD_LIMIT + " new attributes");
            }
        }
        kinds.fields().forEach((kind, met) -> {
            String what = kind.equals(KindRule.UNKNOWN) ? "items of which no kind can be told" : "kind " + kind;
            lines.add(what + ": no table: met " + Words.count(met.total(), "item"));
        });
        if (kinds.hasOverflow()) {
            lines.add("more than " + PathCensus.FIELD_LIMIT + " kinds have no table");
        }
        return List.copyOf(lines);
    }

    private static List<String> steps(String pointer) {
        try {
            String text = JSON.readValue('"' + pointer + '"', String.class);
            List<String> steps = new ArrayList<>();
            String[] split = text.split("/", -1);
            for (int i = 1; i < split.length; i++) {
                steps.add(split[i].replace("~1", "/").replace("~0", "~"));
            }
            return steps;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Not a pointer: " + pointer, e);
        }
    }

    /** What a table of a plan holds at which path. */
    private record Places(ShredPlan plan, int number) {
        String line(List<String> path, SourceType type, PathCensus met) {
            Optional<EntityColumn> column =
                    values().stream().filter(c -> c.path().equals(path)).findFirst();
            String values = Words.count(met.count(type), "value") + " of type " + type;
            if (column.isPresent()) {
                String name = "column " + column.get().name();
                if (column.get().role() == EntityColumn.Role.GIVEN) {
                    return name + " is " + column.get().type() + ": met " + values + " that it cannot hold";
                }
                return column.get().source() == type
                        ? name + " is " + column.get().type() + ": met " + misfits(type, met)
                        : name + " holds type " + column.get().source() + ": met " + values;
            }
            Optional<String> child = children().stream()
                    .filter(t -> t.source().path().equals(path))
                    .map(t -> t.definition().name())
                    .findFirst();
            String is =
                    child.map(name -> " is table " + name).orElse(isMap(path) ? " is a map with columns" : " is new");
            return Words.place(path) + is + ": met " + values;
        }

        private List<EntityColumn> values() {
            return plan.tables().get(number).source().values();
        }

        private List<ShredPlan.Table> children() {
            return plan.tables().stream().filter(t -> t.parent() == number).toList();
        }

        private static String misfits(SourceType type, PathCensus met) {
            return type == SourceType.N
                    ? Words.count(met.count(type), "number") + " of up to " + Words.digits(met.numbers())
                    : Words.count(met.count(type), "value") + " that it cannot hold";
        }

        private boolean isMap(List<String> path) {
            return values().stream().anyMatch(c -> isBelow(c.path(), path))
                    || children().stream().anyMatch(t -> isBelow(t.source().path(), path));
        }

        private static boolean isBelow(List<String> path, List<String> prefix) {
            return path.size() > prefix.size() && path.subList(0, prefix.size()).equals(prefix);
        }
    }
}
