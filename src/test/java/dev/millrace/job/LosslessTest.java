package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.sample.ShopSample;
import dev.millrace.sample.WorkbenchModel;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.Rebuild;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every item of a table can be put together again from what a job made of it. */
class LosslessTest {
    private static final int LONGEST_ITEM = 400 << 10;

    private static final String MODEL = """
            {"ModelName": "Reading Room", "DataModel": [
              {"TableName": "reading-room",
               "KeyAttributes": {"PartitionKey": {"AttributeName": "PK", "AttributeType": "S"},
                                 "SortKey": {"AttributeName": "SK", "AttributeType": "S"}},
               "TableFacets": [
                 {"FacetName": "Book", "TableData": [
                   {"PK": {"S": "b1"}, "SK": {"S": "BOOK#1"}, "Pages": {"N": "12"}, "By": {"L": [{"S": "a"}, {"S": "b"}]}},
                   {"PK": {"S": "b2"}, "SK": {"S": "BOOK#2"}, "Pages": {"N": "1E+2"}, "Cover": {"B": "AQI="}}]},
                 {"FacetName": "Loan", "TableData": [
                   {"PK": {"S": "b1"}, "SK": {"S": "LOAN#1"}, "Open": {"BOOL": true}, "Tags": {"SS": ["x", "y"]}},
                   {"PK": {"S": "b1"}, "SK": {"S": "LOAN#2"}, "Open": {"BOOL": false}, "Note": {"NULL": true}}]}]},
              {"TableName": "readers",
               "KeyAttributes": {"PartitionKey": {"AttributeName": "id", "AttributeType": "N"}},
               "TableData": [
                 {"id": {"N": "1"}, "M": {"M": {"M": {"S": "a map with a key M"}}}},
                 {"id": {"N": "2"}, "list": {"L": [{"N": "1"}, {"L": []}, {"M": {}}]}}]}]}
            """;

    @TempDir
    private Path folder;

    private static List<String> hostileItems() {
        List<String> items = new ArrayList<>(List.of(
                item("digits", "\"n\": {\"N\": \"99999999999999999999999999999999999999\"}"),
                item("small", "\"n\": {\"N\": \"1E-130\"}, \"f\": {\"N\": \"9007199254740993\"}"),
                item("large", "\"n\": {\"N\": \"-9.99E+125\"}, \"f\": {\"N\": \"-0.5\"}"),
                item("precise", "\"n\": {\"N\": \"0.12345678901234567890123456789012345678\"}"),
                item(
                        "empty",
                        "\"e\": {\"S\": \"\"}, \"em\": {\"M\": {}}, \"el\": {\"L\": []}, \"nul\": {\"NULL\": true}"),
                item("bytes", "\"b\": {\"B\": \"AAECAwT/\"}, \"eb\": {\"B\": \"\"}"),
                item(
                        "sets",
                        "\"ss\": {\"SS\": [\"b\", \"a\", \"ü,\\\"\"]}, \"ns\": {\"NS\": [\"1.50\", \"-2E+30\"]}, "
                                + "\"bs\": {\"BS\": [\"AAE=\", \"/w==\"]}"),
                item(
                        "names",
                        "\"a.b\": {\"S\": \"dot\"}, \"a b\": {\"S\": \"space\"}, \"a\\\"b\": {\"S\": \"quote\"}, "
                                + "\"a'b\": {\"S\": \"'\"}, \"a/b~c\": {\"N\": \"1\"}, \"漢字\": {\"S\": \"unicode\"}, "
                                + "\"😀\": {\"BOOL\": true}, \"select\": {\"S\": \"word\"}, \"_rest\": {\"S\": \"mine\"}, "
                                + "\"_index\": {\"N\": \"3\"}, \"" + "long".repeat(50) + "\": {\"S\": \"name\"}, "
                                + "\"a\\\\b\": {\"S\": \"\\\\\"}, \"a\\nb\": {\"S\": \"line\"}"),
                item(
                        "case",
                        "\"Name\": {\"S\": \"1\"}, \"name\": {\"S\": \"2\"}, \"NAME\": {\"S\": \"3\"}, "
                                + "\"pk\": {\"S\": \"not the key\"}"),
                item(
                        "text",
                        "\"t\": {\"S\": \" \\u0000\\r\\n\\t,;|\\\"'\\\\N \\u2028😀\\ufeff\"}, "
                                + "\"u\": {\"S\": \"NULL\"}, \"v\": {\"S\": \"\\\\.\"}"),
                item(
                        "lists",
                        "\"l\": {\"L\": [{\"S\": \"x\"}, {\"N\": \"1\"}, {\"M\": {\"a\": {\"S\": \"b\"}}}, "
                                + "{\"L\": [{\"S\": \"y\"}]}, {\"NULL\": true}, {\"M\": {}}, {\"SS\": [\"s\"]}]}"),
                item(
                        "tables",
                        "\"o\": {\"L\": [{\"M\": {\"sku\": {\"S\": \"A\"}, \"p\": {\"L\": [{\"M\": {\"x\": "
                                + "{\"L\": [{\"N\": \"1\"}, {\"N\": \"2.5\"}]}}}]}}}, {\"M\": {\"sku\": {\"N\": \"7\"}}}]}"),
                item("maps", "\"m\": {\"M\": {\"a.b\": {\"M\": {\"c\": {\"N\": \"1\"}}}, \"d\": {\"S\": \"\"}}}"),
                item("deep", "\"deep\": " + "{\"M\": {\"d\": ".repeat(31) + "{\"S\": \"bottom\"}" + "}}".repeat(31)),
                item("deep list", "\"dl\": " + "{\"L\": [".repeat(31) + "{\"N\": \"1\"}" + "]}".repeat(31))));
        List<String> types = List.of(
                "{\"S\": \"1\"}",
                "{\"N\": \"1\"}",
                "{\"B\": \"AQ==\"}",
                "{\"BOOL\": false}",
                "{\"NULL\": true}",
                "{\"M\": {\"S\": {\"N\": \"1\"}}}",
                "{\"L\": [{\"N\": \"1\"}]}",
                "{\"SS\": [\"1\"]}",
                "{\"NS\": [\"1\", \"2\"]}",
                "{\"BS\": [\"AQ==\"]}");
        for (int i = 0; i < types.size(); i++) {
            items.add(item("type " + i, "\"any\": " + types.get(i)));
            items.add(item("in " + i, "\"within\": {\"M\": {\"any\": " + types.get(i) + "}}"));
        }
        String start = "{\"PK\": {\"S\": \"longest\"}, \"big\": {\"S\": \"";
        items.add(start + "x".repeat(LONGEST_ITEM - "PKlongestbig".length()) + "\"}}");
        return items;
    }

    private static String item(String key, String attributes) {
        return "{\"PK\": {\"S\": \"" + key + "\"}, " + attributes + "}";
    }

    @ParameterizedTest
    @ValueSource(strings = {"parquet", "csv"})
    void rebuildsHostileItems(String format) {
        String table = "lossless.Hostile_" + format;
        List<String> items = hostileItems();
        Items.table(table, List.of("PK:S"), items);
        List<JsonNode> expected = items.stream().map(Rebuild::canonical).toList();
        Items.assertEqual(Items.scan(table), expected, List.of("PK"));

        OpenJob open = runJob(table, format, "");
        if (format.equals("parquet")) {
            Trial trial = new Trial(folder);
            Items.assertEqual(trial.itemsOfLanding(open), expected, List.of("PK"));
        }
        Items.assertEqual(new Trial(folder).itemsOfLive(open), expected, List.of("PK"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"parquet", "csv"})
    void rebuildsItemsWithNumericAndBinaryKeys(String format) {
        String table = "lossless-keys-" + format;
        List<String> items = new ArrayList<>();
        for (String number : List.of("0", "-1", "9007199254740993", "12345678901234567890", "-0.00001")) {
            for (String bytes : List.of("AA==", "/////w==", "AAECAw==")) {
                items.add("{\"n.n\": {\"N\": \"" + number + "\"}, \"Bin\": {\"B\": \"" + bytes
                        + "\"}, \"list\": {\"L\": [{\"M\": {\"q\": {\"N\": \"1\"}, \"tags\": {\"SS\": [\"a\", \"b\"]}}}, "
                        + "{\"M\": {\"q\": {\"S\": \"two\"}}}]}}");
            }
        }
        List<String> keys = List.of("n.n", "Bin");
        Items.table(table, List.of("n.n:N", "Bin:B"), items);
        List<JsonNode> expected = items.stream().map(Rebuild::canonical).toList();
        OpenJob open = runJob(table, format, "");
        Trial trial = new Trial(folder);
        if (format.equals("parquet")) {
            Items.assertEqual(trial.itemsOfLanding(open), expected, keys);
        }
        Items.assertEqual(trial.itemsOfLive(open), expected, keys);
        assertThat(trial.plan(open).tables()).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"parquet", "csv"})
    void rebuildsTheShop(String format) {
        ShopSample.fillIfMissing(DynamoDbLocal.client(), "lossless-shop", 7, 3_000, items -> {});
        List<String> keys = List.of("PK", "SK");
        List<JsonNode> expected = Items.scan("lossless-shop");
        assertThat(expected).hasSize(3_000);
        OpenJob open = runJob("lossless-shop", format, "schema: {kind: EntityType}");
        Trial trial = new Trial(folder);
        if (format.equals("parquet")) {
            Items.assertEqual(trial.itemsOfLanding(open), expected, keys);
        }
        Items.assertEqual(trial.itemsOfLive(open), expected, keys);
        assertThat(trial.query(open, "SELECT count(*) FROM w._unknown")).containsExactly("15");
    }

    private OpenJob runJob(String table, String format, String schema) {
        Trial trial = new Trial(folder);
        Path job = trial.job("job", """
                job: lossless
                source: {dynamodb: {table: "%s", endpoint: $SERVER, segments: 3}}
                %s
                staging: {at: $HERE/staging, format: %s}
                warehouse: {duckdb: {path: $HERE/live.duckdb}, schema: w}
                """.formatted(table, schema, format));
        trial.succeed(job);
        return trial.open(job);
    }

    @Test
    void rebuildsAWorkbenchModel() throws IOException {
        rebuildModel(Files.writeString(folder.resolve("model.json"), MODEL));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ChatSystemSchema.json",
                "ComplaintManagementSchema.json",
                "GamePlayerProfilesSchema.json",
                "SocialNetworkSchema.json"
            })
    void rebuildsRealWorkbenchModels(String name) {
        Path home = Path.of(System.getProperty("millrace.home"));
        // Data beside the checkout that is not part of it; worktrees lie one folder deeper.
        Path file = Stream.of("../shared/data/dynamodb", "../../shared/data/dynamodb")
                .map(shared -> home.resolve(shared).resolve(name))
                .filter(Files::exists)
                .findFirst()
                .orElse(home.resolve(name));
        assumeTrue(Files.exists(file), () -> file + " is not here");
        rebuildModel(file);
    }

    private void rebuildModel(Path file) {
        WorkbenchModel model = WorkbenchModel.read(file);
        model.load(DynamoDbLocal.client());
        for (WorkbenchModel.Table table : model.tables()) {
            String yaml = model.jobFile(table);
            assertThat(yaml).contains("endpoint: embedded");
            Trial trial = new Trial(folder);
            Path job = trial.job(model.jobName(table), yaml.replace("endpoint: embedded", "endpoint: $SERVER"));
            trial.succeed(job);
            OpenJob open = trial.open(job);
            List<String> keys = Stream.concat(Stream.of(table.partitionKey()), table.sortKey().stream())
                    .map(WorkbenchModel.Key::name)
                    .toList();
            List<JsonNode> expected = Items.scan(table.name());
            assertThat(expected).hasSameSizeAs(table.items());
            Items.assertEqual(trial.itemsOfLanding(open), expected, keys);
            Items.assertEqual(trial.itemsOfLive(open), expected, keys);
        }
    }
}
