package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.SourceType;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
 * @param capacity what can be read from it at once
 * @param id no other table has it, also none of the same name; DynamoDB Local has none, there it is the time of creation
 * @param isLocal whether DynamoDB Local serves it, which has no capacity to share
 */
public record TableDescription(
        List<KeyAttribute> keys, long bytes, long items, TableCapacity capacity, String id, boolean isLocal) {
    private static final long SMALL_TABLE = 1L << 20;
    private static final long SEGMENT_BYTES = 128L << 20;
    private static final int SEGMENTS_PER_TASK = 4;
    private static final int MAX_SEGMENTS = 1_000_000;
    private static final double UNIT_BYTES = 4096;
    private static final long PAGE_BYTES = 1L << 20;
    /** What DynamoDB Local writes for the region into ARNs. */
    private static final String LOCAL = "arn:aws:dynamodb:ddblocal:";

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
            return ask(access, client);
        } catch (SdkException e) {
            throw DynamoDbClients.told(access, "", e);
        }
    }

    /** Asks, and lets the SDK's failures through. */
    static TableDescription ask(TableAccess access, DynamoDbClient client) {
        var table = client.describeTable(r -> r.tableName(access.table())).table();
        if (table.tableStatus() == TableStatus.CREATING || table.tableStatus() == TableStatus.DELETING) {
            throw Fault.world(access + " is " + table.tableStatusAsString() + ": try again when it is ACTIVE");
        }
        List<KeyAttribute> keys = keys(table);
        String id = Optional.ofNullable(table.tableId())
                .or(() -> Optional.ofNullable(table.creationDateTime()).map(Instant::toString))
                .orElse("");
        boolean isLocal = table.tableArn() != null && table.tableArn().startsWith(LOCAL);
        return new TableDescription(
                keys, table.tableSizeBytes(), table.itemCount(), TableCapacity.of(table), id, isLocal);
    }

    /** A table's keys, partition key first. */
    static List<KeyAttribute> keys(software.amazon.awssdk.services.dynamodb.model.TableDescription table) {
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
        return keys;
    }

    /** Refuses to go on with what was planned for another table of the same name. */
    void requireId(String planned, TableAccess access) {
        if (!id.equals(planned)) {
            throw Fault.world(access + " is another table than the run was planned for (its id is " + id + ", not "
                    + planned
                    + "): it was deleted and created anew. The two are not mixed: run the same command again, "
                    + "which begins a new run");
        }
    }

    /** What reading the whole table costs: half a unit for 4 KB, twice that when it is strongly consistent. */
    public double readUnits(boolean consistent) {
        return Math.ceil(bytes / UNIT_BYTES) * (consistent ? 1 : 0.5);
    }

    /** Into how many pages a scan of so many segments comes. */
    public long pages(int segments) {
        return segments * Math.max(1, (bytes / segments + PAGE_BYTES - 1) / PAGE_BYTES);
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
