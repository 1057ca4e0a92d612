package dev.millrace.schema;

import java.util.List;
import java.util.Optional;

/**
 * The data-schemas of all kinds of a source, in one version.
 *
 * @param version counts from 1; 0 is the empty schema before the first inference
 * @param keys the source's key attributes, partition key first
 * @param entities sorted by kind
 */
public record DataSchema(int version, List<KeyAttribute> keys, List<EntitySchema> entities) {
    public DataSchema {
        keys = List.copyOf(keys);
        entities = List.copyOf(entities);
    }

    /** What is known before anything was read. */
    public static DataSchema none(List<KeyAttribute> keys) {
        return new DataSchema(0, keys, List.of());
    }

    public Optional<EntitySchema> entity(String kind) {
        return entities.stream().filter(e -> e.kind().equals(kind)).findFirst();
    }
}
