package dev.millrace.sample;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ResourceInUseException;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/**
 * A table made by this room. The table {@code millrace-samples} beside it says what it holds, so that a table of
 * somebody else that has the same name is never touched. (DynamoDB Local has no tags.)
 */
final class SampleTable {
    static final String CATALOGUE = "millrace-samples";

    private static final String NAME = "table_name";
    private static final String CONTENT = "content";
    /** The table's creation time: another table that has taken the name since has another. */
    private static final String CREATED = "created";

    private final DynamoDbClient client;
    private final String name;

    SampleTable(DynamoDbClient client, String name) {
        this.client = client;
        this.name = name;
    }

    static AttributeDefinition attribute(String name, ScalarAttributeType type) {
        return AttributeDefinition.builder()
                .attributeName(name)
                .attributeType(type)
                .build();
    }

    static KeySchemaElement key(String name, KeyType type) {
        return KeySchemaElement.builder().attributeName(name).keyType(type).build();
    }

    boolean exists() {
        return created(name).isPresent();
    }

    /** What we made of the table; none when it is missing or is not ours. */
    Optional<String> content() {
        Optional<String> created = created(name);
        if (created.isEmpty() || created(CATALOGUE).isEmpty()) {
            return Optional.empty();
        }
        Map<String, AttributeValue> entry = client.getItem(
                        request -> request.tableName(CATALOGUE).key(entry()).consistentRead(true))
                .item();
        // Without a time its maker ended between writing the entry and creating the table.
        boolean ours = entry.containsKey(CONTENT)
                && (!entry.containsKey(CREATED) || entry.get(CREATED).s().equals(created.get()));
        return ours ? Optional.of(entry.get(CONTENT).s()) : Optional.empty();
    }

    /** Creates the table; that another process has just done so is no failure. */
    void create(List<AttributeDefinition> attributes, List<KeySchemaElement> keys, String content) {
        createIfMissing(CATALOGUE, List.of(attribute(NAME, ScalarAttributeType.S)), List.of(key(NAME, KeyType.HASH)));
        Map<String, AttributeValue> announced = entry();
        announced.put(CONTENT, AttributeValue.fromS(content));
        client.putItem(request -> request.tableName(CATALOGUE).item(announced));
        createIfMissing(name, attributes, keys);
        setContent(content);
    }

    void setContent(String content) {
        Map<String, AttributeValue> entry = entry();
        entry.put(CONTENT, AttributeValue.fromS(content));
        entry.put(CREATED, AttributeValue.fromS(created(name).orElseThrow()));
        client.putItem(request -> request.tableName(CATALOGUE).item(entry));
    }

    void delete() {
        client.deleteTable(request -> request.tableName(name));
        client.waiter().waitUntilTableNotExists(request -> request.tableName(name));
    }

    private void createIfMissing(String table, List<AttributeDefinition> attributes, List<KeySchemaElement> keys) {
        try {
            client.createTable(request -> request.tableName(table)
                    .attributeDefinitions(attributes)
                    .keySchema(keys)
                    .billingMode(BillingMode.PAY_PER_REQUEST));
        } catch (ResourceInUseException e) {
            // It is there: that is what we want.
        }
        client.waiter().waitUntilTableExists(request -> request.tableName(table));
    }

    private Optional<String> created(String table) {
        try {
            return Optional.of(client.describeTable(request -> request.tableName(table))
                    .table()
                    .creationDateTime()
                    .toString());
        } catch (ResourceNotFoundException e) {
            return Optional.empty();
        }
    }

    private Map<String, AttributeValue> entry() {
        return new HashMap<>(Map.of(NAME, AttributeValue.fromS(name)));
    }
}
