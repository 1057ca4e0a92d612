package dev.millrace.schema;

import java.util.List;
import java.util.Optional;

/**
 * The data-schemas of all kinds of a source, in one version.
 *
 * @param version counts from 1; 0 is the empty schema before the first inference
 * @param notation how the source writes its records; those of plain JSON come from files and are known by {@code _row_id}
 * @param keys the source's key attributes, partition key first
 * @param entities sorted by kind
 */
public record DataSchema(int version, Notation notation, List<KeyAttribute> keys, List<EntitySchema> entities) {
    public DataSchema {
        keys = List.copyOf(keys);
        entities = List.copyOf(entities);
    }

    /** What is known of a DynamoDB table before anything was read. */
    public static DataSchema none(List<KeyAttribute> keys) {
        return new DataSchema(0, Notation.DYNAMODB, keys, List.of());
    }

    /** What is known of files before any was read: their records are plain JSON and have no keys. */
    public static DataSchema ofRecords() {
        return new DataSchema(0, Notation.PLAIN, List.of(), List.of());
    }

    DataSchema next(List<EntitySchema> changed) {
        return new DataSchema(version + 1, notation, keys, changed);
    }

    public Optional<EntitySchema> entity(String kind) {
        return entities.stream().filter(e -> e.kind().equals(kind)).findFirst();
    }
}
