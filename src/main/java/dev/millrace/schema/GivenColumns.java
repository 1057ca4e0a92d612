package dev.millrace.schema;

import dev.millrace.config.DeclaredType;
import dev.millrace.config.TableSettings;
import dev.millrace.schema.EntityColumn.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Tables whose columns the job file gives: nothing is inferred for them, and they have no child tables. */
public final class GivenColumns {
    private GivenColumns() {}

    /** A data-schema with the tables that settings give in place of what it knows of their kinds. */
    static DataSchema over(DataSchema schema, Map<String, TableSettings> settings) {
        List<EntitySchema> entities = new ArrayList<>(schema.entities());
        entities.removeIf(e -> isGiven(settings.get(e.kind())));
        Names names = new Names(Set.of());
        entities.forEach(e -> names.keep(e.name()));
        settings.forEach((kind, table) -> {
            if (table.isGiven()) {
                entities.add(entity(kind, names.claim(List.of(kind)), table, schema.notation()));
            }
        });
        entities.sort(Comparator.comparing(EntitySchema::kind));
        return new DataSchema(schema.version(), schema.notation(), schema.keys(), entities);
    }

    /** The kinds whose columns settings give. */
    public static Set<String> kinds(Map<String, TableSettings> settings) {
        return settings.entrySet().stream()
                .filter(kind -> kind.getValue().isGiven())
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** A data-schema without what it knows of kinds whose columns settings give. */
    static DataSchema inferred(DataSchema schema, Map<String, TableSettings> settings) {
        List<EntitySchema> entities = new ArrayList<>(schema.entities());
        entities.removeIf(e -> isGiven(settings.get(e.kind())));
        return new DataSchema(schema.version(), schema.notation(), schema.keys(), entities);
    }

    /** For a table whose columns are given, what was met that has none: a line for each path. */
    static List<String> unnamed(CountedTable table) {
        List<String> lines = new ArrayList<>();
        addUnnamed(List.of(), table.rows(), lines);
        return lines;
    }

    private static void addUnnamed(List<String> path, PathCensus map, List<String> lines) {
        map.fields().forEach((name, met) -> {
            List<String> at = new ArrayList<>(path);
            at.add(name);
            if (met.total() == 0) {
                addUnnamed(at, met, lines);
                return;
            }
            String values = Arrays.stream(SourceType.values())
                    .filter(type -> met.count(type) > 0)
                    .map(type -> Words.count(met.count(type), "value") + " of type " + type)
                    .collect(Collectors.joining(", "));
            lines.add(Words.place(at) + ": met " + values);
        });
    }

    private static boolean isGiven(TableSettings settings) {
        return settings != null && settings.isGiven();
    }

    private static EntitySchema entity(String kind, String name, TableSettings settings, Notation notation) {
        List<EntityColumn> columns = new ArrayList<>(Inference.ofFile(notation));
        settings.given()
                .forEach((column, given) -> columns.add(new EntityColumn(
                        column,
                        Role.GIVEN,
                        given.from().names(),
                        SourceType.S,
                        given.type().type(),
                        encoding(given.type()),
                        false,
                        given.type().pattern().orElse(""))));
        columns.add(Inference.rest(notation));
        return new EntitySchema(kind, name, List.of(new EntityTable("", -1, List.of(), SourceType.M, columns)));
    }

    private static Encoding encoding(DeclaredType type) {
        return switch (type.reading()) {
            case PLAIN, ISO -> Encoding.PLAIN;
            case EPOCH_MILLIS -> Encoding.EPOCH_MILLIS;
            case EPOCH_SECONDS -> Encoding.EPOCH_SECONDS;
            case PATTERN -> Encoding.PATTERN;
        };
    }
}
