package dev.millrace.schema;

import dev.millrace.config.DeclaredType;
import dev.millrace.config.TableSettings;
import dev.millrace.schema.EntityColumn.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tables whose columns the job file gives: nothing is inferred for them, and they have no child tables. */
final class GivenColumns {
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
