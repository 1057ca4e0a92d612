package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.SourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.TableStatus;

/**
 * A table as DynamoDB describes it.
 *
 * @param keys partition key first
 * @param bytes its size; DynamoDB counts it anew about every six hours
 * @param items their number, of the same age
 */
public record TableDescription(List<KeyAttribute> keys, long bytes, long items) {
    private static final long SMALL_TABLE = 1L << 20;
    private static final long SEGMENT_BYTES = 128L << 20;
    private static final int SEGMENTS_PER_TASK = 4;
    private static final int MAX_SEGMENTS = 1_000_000;

    public TableDescription {
        keys = List.copyOf(keys);
    }

    /**
     * Asks for a table's description.
     *
     * @throws Fault of kind WORLD that names table, region and endpoint when it is missing or cannot be reached
     */
    public static TableDescription load(TableAccess access) {
        try (DynamoDbClient client = DynamoDbClients.open(access)) {
            return load(access, client);
        }
    }

    static TableDescription load(TableAccess access, DynamoDbClient client) {
        try {
            var table = client.describeTable(r -> r.tableName(access.table())).table();
            if (table.tableStatus() == TableStatus.CREATING || table.tableStatus() == TableStatus.DELETING) {
                throw Fault.world(access + " is " + table.tableStatusAsString() + ": try again when it is ACTIVE");
            }
            List<KeyAttribute> keys = new ArrayList<>();
            for (KeyType part : List.of(KeyType.HASH, KeyType.RANGE)) {
                table.keySchema().stream()
                        .filter(k -> k.keyType() == part)
                        .map(KeySchemaElement::attributeName)
                        .forEach(name -> keys.add(new KeyAttribute(
                                name,
                                SourceType.valueOf(table.attributeDefinitions().stream()
                                        .filter(d -> d.attributeName().equals(name))
                                        .findFirst()
                                        .orElseThrow()
                                        .attributeTypeAsString()))));
            }
            return new TableDescription(keys, table.tableSizeBytes(), table.itemCount());
        } catch (SdkException e) {
            throw DynamoDbClients.told(access, "", e);
        }
    }

    /**
     * Into how many segments a scan is cut: more than there are tasks, so that a slow one does not hold up the end.
     *
     * @param tasks that run at once
     * @param declared in the job file
     */
    public int segments(int tasks, OptionalInt declared) {
        if (declared.isPresent()) {
            return declared.getAsInt();
        }
        if (bytes < SMALL_TABLE) {
            return Math.max(1, tasks);
        }
        long bySize = (bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES;
        return (int) Math.min(MAX_SEGMENTS, Math.max((long) SEGMENTS_PER_TASK * tasks, bySize));
    }
}
