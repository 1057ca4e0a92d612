package dev.millrace.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.fault.Fault;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;

@ExtendWith(DynamoDbLocal.class)
class WorkbenchModelTest {
    /** The facets overlap in one item, which each shows in part. */
    private static final String LIBRARY = """
            {"ModelName": "My Library", "ModelMetadata": {"Version": "3.0"}, "DataModel": [
              {"TableName": "library-1",
               "KeyAttributes": {"PartitionKey": {"AttributeName": "PK", "AttributeType": "S"},
                                 "SortKey": {"AttributeName": "SK", "AttributeType": "S"}},
               "TableFacets": [
                 {"FacetName": "Book", "TableData": [
                   {"PK": {"S": "b1"}, "SK": {"S": "BOOK#1"}, "Pages": {"N": "12"}, "Doc": {"M": {"M": {"HP": {"N": "50"}}}}},
                   {"PK": {"S": "b2"}, "SK": {"S": "BOOK#2"}, "Pages": {"N": "1E+2"}, "Blob": {"B": "AQI="}}]},
                 {"FacetName": "LoanRecord", "TableData": [
                   {"PK": {"S": "b1"}, "SK": {"S": "LOAN#2026-01-02"}, "Open": {"BOOL": true}, "Tags": {"SS": ["x", "y"]}},
                   {"PK": {"S": "b1"}, "SK": {"S": "LOAN#2026-01-03"}, "Open": {"BOOL": false}, "By": {"NULL": true}}]},
                 {"FacetName": "Nobody", "TableData": []}]},
              {"TableName": "visitors",
               "KeyAttributes": {"PartitionKey": {"AttributeName": "id", "AttributeType": "N"}},
               "TableData": [
                 {"id": {"N": "1"}, "M": {"M": {"M": {"S": "a map with a key M"}}}},
                 {"id": {"N": "2"}, "list": {"L": [{"N": "1"}, {"L": []}, {"M": {}}]}}]}]}
            """;

    @TempDir
    private Path folder;

    @Test
    void readsTablesAndItems() throws IOException {
        WorkbenchModel model = model(LIBRARY);
        assertThat(model.name()).isEqualTo("My Library");
        assertThat(model.tables()).extracting(WorkbenchModel.Table::name).containsExactly("library-1", "visitors");
        WorkbenchModel.Table library = model.tables().get(0);
        assertThat(library.facets()).containsOnlyKeys("Book", "LoanRecord");
        assertThat(library.items()).hasSize(4);
        assertThat(library.items().get(0))
                .containsEntry("Doc", map("HP", AttributeValue.fromN("50")))
                .containsEntry("Pages", AttributeValue.fromN("12"));
        assertThat(model.tables().get(1).items().get(0))
                .containsEntry("M", map("M", AttributeValue.fromS("a map with a key M")));
        assertThat(model.tables().get(1).sortKey()).isEmpty();
    }

    @Test
    void loadsTwiceToTheSameTables(DynamoDbClient client) throws IOException {
        WorkbenchModel model = model(LIBRARY);
        assertThat(model.load(client)).isEqualTo(6);
        client.putItem(request -> request.tableName("visitors").item(Map.of("id", AttributeValue.fromN("99"))));
        assertThat(model.load(client)).isEqualTo(6);
        assertThat(client.scan(request -> request.tableName("visitors")).items())
                .containsExactlyInAnyOrderElementsOf(model.tables().get(1).items());
        assertThat(client.scan(request -> request.tableName("library-1")).items())
                .hasSize(4)
                .contains(model.tables().get(0).items().get(0));
    }

    @Test
    void doesNotTouchATableThatCameFromElsewhere(DynamoDbClient client) throws IOException {
        client.createTable(request -> request.tableName("wb-foreign")
                .attributeDefinitions(AttributeDefinition.builder()
                        .attributeName("id")
                        .attributeType("N")
                        .build())
                .keySchema(KeySchemaElement.builder()
                        .attributeName("id")
                        .keyType("HASH")
                        .build())
                .billingMode("PAY_PER_REQUEST"));
        WorkbenchModel model = model(LIBRARY.replace("visitors", "wb-foreign").replace("library-1", "wb-own"));
        assertThatThrownBy(() -> model.load(client))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot load table wb-foreign of " + model.file()
                        + ": a table of that name is there that did not come from a Workbench model;"
                        + " rename it in the model, or delete the other");
        assertThat(client.listTables().tableNames()).doesNotContain("wb-own");
    }

    @Test
    void putsOneItemOfTwoFacetsTogether() throws IOException {
        WorkbenchModel.Table table =
                model(LIBRARY.replace("LOAN#2026-01-02", "BOOK#1")).tables().get(0);
        assertThat(table.items()).hasSize(3);
        assertThat(table.items().get(0)).containsKeys("Pages", "Open");
        assertThat(table.kinds()).isEqualTo(new WorkbenchKinds.One());
    }

    @Test
    void tellsFacetsByTheirKeys() throws IOException {
        WorkbenchModel model = model(LIBRARY);
        assertThat(model.tables().get(0).kinds())
                .isEqualTo(new WorkbenchKinds.ByKey(Map.of(
                        "Book", new WorkbenchKinds.KeyPattern("SK", "BOOK#*"),
                        "LoanRecord", new WorkbenchKinds.KeyPattern("SK", "LOAN#*"))));
        assertThat(model.tables().get(1).kinds()).isEqualTo(new WorkbenchKinds.One());
        assertThat(model.jobFile(model.tables().get(0))).isEqualTo("""
                        # From the table library-1 of the NoSQL Workbench model My Library.
                        job: "workbench-my-library-library-1"
                        source:
                          dynamodb:
                            table: "library-1"
                            endpoint: embedded
                        schema:
                          kind:
                            patterns:
                              Book: {SK: "BOOK#*"}
                              LoanRecord: {SK: "LOAN#*"}
                        tables:
                          Book: {name: book}
                          LoanRecord: {name: loan_record}
                        staging: {at: "data/workbench/my-library/library-1/staging"}
                        warehouse:
                          duckdb: {path: "data/workbench/my-library/warehouse-library-1.duckdb"}
                          schema: library_1
                        """);
        assertThat(model.jobFile(model.tables().get(1))).doesNotContain("kind", "tables");
    }

    @Test
    void tellsFacetsByAnAttribute() throws IOException {
        WorkbenchModel.Table table = model(LIBRARY.replace(
                                "\"SK\": {\"S\": \"BOOK", "\"Kind\": {\"S\": \"B\"}, \"SK\": {\"S\": \"BOOK")
                        .replace("\"SK\": {\"S\": \"LOAN", "\"Kind\": {\"S\": \"yes\"}, \"SK\": {\"S\": \"LOAN"))
                .tables()
                .get(0);
        assertThat(table.kinds())
                .isEqualTo(new WorkbenchKinds.ByAttribute("Kind", Map.of("B", "Book", "yes", "LoanRecord")));
        assertThat(model(LIBRARY).jobFile(table))
                .contains("schema:\n  kind: Kind\n", "  B: {name: book}\n", "  \"yes\": {name: loan_record}\n");
    }

    @ParameterizedTest
    @CsvSource({
        // A shorter beginning would take the other facet's items too.
        "A#B#1, A#B#2, A#C#1, A#C#2, A#B#*, A#C#*",
        "A#1, A#2, INFO, INFO2, , ",
        "A#1, A#2, INFO, INFO, A#*, INFO",
        "#META#1, #META#2, u:1, u:2, #META#*, u:*",
        "A*#1, A*#2, B#1, B#2, , ",
    })
    void findsTheShortestPatternThatIsRight(
            String a1, String a2, String b1, String b2, String patternA, String patternB) throws IOException {
        WorkbenchKinds kinds = model(LIBRARY.replace("BOOK#1", a1)
                        .replace("BOOK#2", a2)
                        .replace("LOAN#2026-01-02", b1)
                        .replace(
                                "{\"PK\": {\"S\": \"b1\"}, \"SK\": {\"S\": \"LOAN#2026-01-03\"}",
                                "{\"PK\": {\"S\": \"b9\"}, \"SK\": {\"S\": \"" + b2 + "\"}"))
                .tables()
                .get(0)
                .kinds();
        if (patternA == null) {
            assertThat(kinds).isEqualTo(new WorkbenchKinds.One());
        } else {
            assertThat(kinds)
                    .isEqualTo(new WorkbenchKinds.ByKey(Map.of(
                            "Book", new WorkbenchKinds.KeyPattern("SK", patternA),
                            "LoanRecord", new WorkbenchKinds.KeyPattern("SK", patternB))));
        }
    }

    @Test
    void writesJobFilesThatYamlReadsBack() throws IOException {
        String facet = "Ünder \\\"way\\\": ${x} # 1";
        WorkbenchModel model = model(LIBRARY.replace("LoanRecord", facet)
                .replace("LOAN#", "${x} \\\" \\\\ \\n#")
                .replace("My Library", "1: Löwe\\n${x}"));
        Map<String, Object> job = new Yaml().load(model.jobFile(model.tables().get(0)));
        assertThat(job.get("job")).isEqualTo("workbench-1-l-we-x-library-1");
        assertThat(job.get("schema"))
                .isEqualTo(Map.of(
                        "kind",
                        Map.of(
                                "patterns",
                                Map.of(
                                        "Book", Map.of("SK", "BOOK#*"),
                                        "Ünder \"way\": ${x} # 1", Map.of("SK", "$${x} \" \\ \n#*")))));
        assertThat(job.get("tables"))
                .isEqualTo(Map.of(
                        "Book", Map.of("name", "book"),
                        "Ünder \"way\": ${x} # 1", Map.of("name", "nder_way_x_1")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"ModelName\" | \"Name\" | ModelName must be a name, not missing",
                "\"DataModel\" | \"Data\" | DataModel must be an array, not missing",
                "\"library-1\" | \"no/good\" | DataModel[0].TableName must be 3 to 255 of letters, digits, _, - and dot, not no/good",
                "\"library-1\" | \"Visitors\" | DataModel has two tables named visitors, case and punctuation aside: rename one",
                "{\"AttributeName\": \"id\", \"AttributeType\": \"N\"} | {\"AttributeName\": \"id\", \"AttributeType\": \"X\"} | DataModel[1].KeyAttributes.PartitionKey.AttributeType must be S, N or B, not X",
                "{\"AttributeName\": \"PK\", \"AttributeType\": \"S\"} | 7 | DataModel[0].KeyAttributes.PartitionKey.AttributeType must be a name, not missing",
                "{\"S\": \"BOOK#2\"} | {\"N\": \"2\"} | DataModel[0].TableFacets[0].TableData[1].SK is the table's key and must be a value of type S, not of type N",
                "{\"S\": \"BOOK#2\"} | {\"S\": \"\"} | DataModel[0].TableFacets[0].TableData[1].SK is the table's key and must not be empty",
                "{\"S\": \"BOOK#2\"} | {\"S\": 2} | DataModel[0].TableFacets[0].TableData[1].SK must be a string, not 2",
                "{\"S\": \"BOOK#2\"} | {\"T\": \"2\"} | DataModel[0].TableFacets[0].TableData[1].SK has the unknown type T: must be one of S, N, B, BOOL, NULL, M, L, SS, NS, BS",
                "{\"N\": \"12\"} | {\"N\": \"twelve\"} | DataModel[0].TableFacets[0].TableData[0].Pages must be a number, not twelve",
                "\"AQI=\" | \"*\" | DataModel[0].TableFacets[0].TableData[1].Blob must be base64, not *",
                "[\"x\", \"y\"] | [] | DataModel[0].TableFacets[1].TableData[0].Tags must not be an empty set: DynamoDB has none",
                "[\"x\", \"y\"] | [\"x\", \"x\"] | DataModel[0].TableFacets[1].TableData[0].Tags[1] stands twice in its set: x",
                "{\"L\": []} | \"l\" | DataModel[1].TableData[1].list[1] must be a typed value, for example {\"S\": \"a\"}, not \"l\"",
                "{\"BOOL\": true} | {\"BOOL\": 1} | DataModel[0].TableFacets[1].TableData[0].Open must be true or false, not 1",
                "{\"id\": {\"N\": \"2\"} | {\"id\": {\"N\": \"1\"}, \"M\": {\"S\": \"\"} | DataModel[1].TableData[1].M differs from another item of the same key 1",
            })
    void namesFileKeyAndValueOfAMistake(String right, String wrong, String message) throws IOException {
        assertThat(LIBRARY).contains(right);
        Path file = write(LIBRARY.replace(right, wrong));
        assertThatThrownBy(() -> WorkbenchModel.read(file))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.kind()).isEqualTo(Fault.Kind.USER))
                .hasMessage("Invalid Workbench model " + file + ": " + message);
    }

    @Test
    void namesALineThatIsNoJson() throws IOException {
        Path file = write("{\n\"ModelName\": nothing}");
        assertThatThrownBy(() -> WorkbenchModel.read(file))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Invalid Workbench model " + file + ":2: Unrecognized token 'nothing'");
        Path missing = folder.resolve("missing.json");
        assertThatThrownBy(() -> WorkbenchModel.read(missing))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot read the Workbench model " + missing
                        + ": no such file; give the path of a .json file exported from NoSQL Workbench");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ChatSystemSchema.json",
                "ComplaintManagementSchema.json",
                "GamePlayerProfilesSchema.json",
                "SocialNetworkSchema.json"
            })
    void loadsRealModels(String name, DynamoDbClient client) {
        Path file = shared().resolve(name);
        assumeTrue(Files.exists(file), () -> file + " is not here");
        WorkbenchModel model = WorkbenchModel.read(file);
        assertThat(model.load(client)).isPositive();
        for (WorkbenchModel.Table table : model.tables()) {
            List<Map<String, AttributeValue>> items =
                    client.scan(request -> request.tableName(table.name())).items();
            assertThat(items.stream().map(table::keyOf))
                    .containsExactlyInAnyOrderElementsOf(
                            table.items().stream().map(table::keyOf).toList());
            assertThat(new Yaml().<Map<String, Object>>load(model.jobFile(table)))
                    .containsKeys("job", "source", "staging", "warehouse");
        }
    }

    @Test
    void tellsThePlayersFacetsByTheirType() {
        Path file = shared().resolve("GamePlayerProfilesSchema.json");
        assumeTrue(Files.exists(file), () -> file + " is not here");
        assertThat(WorkbenchModel.read(file).tables().get(0).kinds())
                .isEqualTo(new WorkbenchKinds.ByAttribute(
                        "Type",
                        Map.of(
                                "Metadata", "Metadata",
                                "Friends", "Friends",
                                "Item", "Items",
                                "Equipment", "Equipments",
                                "Task", "Tasks",
                                "Activity", "Activities")));
    }

    /** Data beside the checkout that is not part of it; worktrees lie one folder deeper. */
    private static Path shared() {
        Path home = Path.of(System.getProperty("millrace.home", "")).toAbsolutePath();
        return Stream.of(home.resolve("../shared/data/dynamodb"), home.resolve("../../shared/data/dynamodb"))
                .filter(Files::isDirectory)
                .findFirst()
                .orElse(home.resolve("../shared/data/dynamodb"));
    }

    private static AttributeValue map(String key, AttributeValue value) {
        return AttributeValue.fromM(Map.of(key, value));
    }

    private WorkbenchModel model(String text) throws IOException {
        return WorkbenchModel.read(write(text));
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("model.json"), text);
    }
}
