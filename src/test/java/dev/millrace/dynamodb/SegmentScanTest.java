package dev.millrace.dynamodb;

import static dev.millrace.dynamodb.CannedDynamoDb.error;
import static dev.millrace.dynamodb.CannedDynamoDb.ok;
import static dev.millrace.dynamodb.CannedDynamoDb.page;
import static dev.millrace.dynamodb.CannedDynamoDb.plain;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.dynamodb.CannedDynamoDb.Answer;
import dev.millrace.fault.Fault;
import dev.millrace.run.ReadAccounts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentScanTest {
    /** Tests wait for nothing. */
    static final Patience SHORT = new Patience(3, 3, Duration.ZERO, Duration.ZERO);

    static final ReadBudget UNLIMITED =
            new ReadBudget(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 1, 1, false, 0, 0, false);

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String A = "{\"PK\":{\"S\":\"a\"}}";
    private static final String B = "{\"PK\":{\"S\":\"b\"},\"n\":{\"N\":\"1.50\"}}";
    private static final String C = "{ \"PK\": {\"S\" : \"c\\u0041\"} }";

    @TempDir
    private Path root;

    private final SetTicker ticker = new SetTicker();

    private List<String> scan(CannedDynamoDb server) {
        return scan(server.access(), SHORT);
    }

    private List<String> scan(TableAccess access, Patience patience) {
        return scan(access, patience, UNLIMITED, "");
    }

    private List<String> scan(TableAccess access, Patience patience, ReadBudget budget, String tableId) {
        ReadAccounts reads = Runs.at(root).reads();
        TableScan table = new TableScan(access, List.of("PK"), budget, reads);
        ReadMeter meter = new ReadMeter(budget, reads, 1, ticker);
        List<String> items = new ArrayList<>();
        try (SegmentScan scan = new SegmentScan(
                table, () -> DynamoDbClients.openOnce(access), meter, patience, new Segment(2, 7, tableId))) {
            for (Optional<Page> page = scan.next(); page.isPresent(); page = scan.next()) {
                Page now = page.get();
                for (int i = 0; i < now.items(); i++) {
                    items.add(new String(now.body(), now.start(i), now.end(i) - now.start(i), StandardCharsets.UTF_8));
                }
            }
            assertThat(scan.next()).isEmpty();
        }
        return items;
    }

    private static JsonNode sent(CannedDynamoDb server, int request) throws Exception {
        return JSON.readTree(server.requests().get(request));
    }

    @Test
    void readsPagesInTheirOrderAndItemsVerbatim() throws Exception {
        try (CannedDynamoDb server = new CannedDynamoDb(page("{\"PK\":{\"S\":\"b\"}}", A, B), page("", C))) {
            assertThat(scan(server)).containsExactly(A, B, C);
            assertThat(server.requests()).hasSize(2);
            assertThat(sent(server, 0))
                    .isEqualTo(JSON.readTree("{\"TableName\":\"shop\",\"Segment\":2,\"TotalSegments\":7,"
                            + "\"ConsistentRead\":false,\"ReturnConsumedCapacity\":\"TOTAL\"}"));
            assertThat(sent(server, 1).get("ExclusiveStartKey")).isEqualTo(JSON.readTree("{\"PK\":{\"S\":\"b\"}}"));
        }
    }

    @Test
    void goesOnAfterEmptyPages() {
        try (CannedDynamoDb server =
                new CannedDynamoDb(page("{\"PK\":{\"S\":\"1\"}}"), page("{\"PK\":{\"S\":\"2\"}}"), page("", A))) {
            assertThat(scan(server)).containsExactly(A);
        }
    }

    @Test
    void endsAfterAnEmptyTable() {
        try (CannedDynamoDb server = new CannedDynamoDb(page(""))) {
            assertThat(scan(server)).isEmpty();
            assertThat(server.requests()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"B\":\"AAH/gA==\"}",
                "{\"N\":\"-12345678901234567890123456789012345678\"}",
                "{\"N\":\"1.50E-7\"}",
                "{\"S\":\"\\u00e9\\\"\\\\ \\ud83d\\ude00\"}"
            })
    void sendsTheLastKeyBackAsItCame(String value) throws Exception {
        String key = "{\"PK\":" + value + ",\"s.k \\\"\\u00fc\":{\"S\":\"x\"}}";
        try (CannedDynamoDb server = new CannedDynamoDb(page(key, A), page("", B))) {
            scan(server);
            assertThat(sent(server, 1).get("ExclusiveStartKey")).isEqualTo(JSON.readTree(key));
        }
    }

    @Test
    void projectsByPlaceHoldersAndAlwaysReadsTheKeys() throws Exception {
        try (CannedDynamoDb server = new CannedDynamoDb(page(""))) {
            List<String> projection = List.of("name", "a.b", "PK", "größe \"x\"", "name");
            scan(server.access("shop", projection, true), SHORT);
            JsonNode request = sent(server, 0);
            assertThat(request.get("ProjectionExpression").asText()).isEqualTo("#a0,#a1,#a2,#a3");
            assertThat(request.get("ExpressionAttributeNames"))
                    .isEqualTo(JSON.createObjectNode()
                            .put("#a0", "PK")
                            .put("#a1", "name")
                            .put("#a2", "a.b")
                            .put("#a3", "größe \"x\""));
            assertThat(request.get("ConsistentRead").asBoolean()).isTrue();
        }
    }

    @Test
    void asksAgainForABodyWithAWrongCrc() {
        Answer second = page("", B, C);
        try (CannedDynamoDb server =
                new CannedDynamoDb(page("{\"PK\":{\"S\":\"a\"}}", A), second.withWrongCrc(), second)) {
            assertThat(scan(server)).containsExactly(A, B, C);
            assertThat(server.requests()).hasSize(3);
            assertThat(server.requests().get(2)).isEqualTo(server.requests().get(1));
        }
    }

    @Test
    void asksAgainForABodyThatIsCutOff() {
        Answer page = page("", A, B);
        try (CannedDynamoDb server = new CannedDynamoDb(page.cutAfter(30), page)) {
            assertThat(scan(server)).containsExactly(A, B);
            assertThat(server.requests()).hasSize(2);
        }
    }

    @Test
    void givesUpOnAWrongCrcByName() {
        try (CannedDynamoDb server = new CannedDynamoDb(page("", A).withWrongCrc())) {
            assertThatThrownBy(() -> scan(server))
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith(server.access() + ": segment 2 of 7 failed 3 times, the last time because "
                            + "the CRC32 of the 112 bytes that came is ")
                    .hasMessageEndingWith(", not 1: run the same command again");
            assertThat(server.requests()).hasSize(3);
        }
    }

    @Test
    void givesUpOnABodyThatIsAlwaysCutOff() {
        try (CannedDynamoDb server = new CannedDynamoDb(page("", A, B).cutAfter(30))) {
            assertThatThrownBy(() -> scan(server))
                    .isInstanceOf(Fault.class)
                    .hasMessageContaining("segment 2 of 7 failed 3 times")
                    .hasMessageContaining("the answer broke off: Premature end");
            assertThat(server.requests()).hasSize(3);
        }
    }

    @Test
    void givesUpOnAScanThatGoesInCircles() {
        Answer circle = page("{\"PK\":{\"S\":\"a\"}}", A);
        try (CannedDynamoDb server = new CannedDynamoDb(circle)) {
            assertThatThrownBy(() -> scan(server)).hasMessageContaining("a page ends where it begins, at [PK]");
            assertThat(server.requests()).hasSize(4);
        }
    }

    @Test
    void unpacksAfterCheckingThePackedBytes() {
        Answer page = page("", A, B).zipped();
        try (CannedDynamoDb server = new CannedDynamoDb(page.withWrongCrc(), page)) {
            assertThat(scan(server)).containsExactly(A, B);
            assertThat(server.requests()).hasSize(2);
        }
    }

    @Test
    void asksAgainForWhatCannotBeUnpacked() {
        try (CannedDynamoDb server = new CannedDynamoDb(
                page("", A).with("Content-Encoding", "gzip"), page("", A).zipped())) {
            assertThat(scan(server)).containsExactly(A);
        }
    }

    @Test
    void keepsItsPlaceWhileItIsThrottled() {
        Answer slower = error(400, "ProvisionedThroughputExceededException", "The level of …");
        try (CannedDynamoDb server = new CannedDynamoDb(
                page("{\"PK\":{\"S\":\"a\"}}", A), slower, slower, slower, slower, slower, page("", B))) {
            assertThat(scan(server.access(), Patience.USUAL)).containsExactly(A, B);
            assertThat(server.requests()).hasSize(7);
            assertThat(server.requests().subList(1, 7))
                    .containsOnly(server.requests().get(1));
            assertThat(ticker.seconds()).isBetween(0.05 + 0.1 + 0.2 + 0.4 + 0.8, 2 * (0.05 + 0.1 + 0.2 + 0.4 + 0.8));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ThrottlingException", "RequestLimitExceeded", "ProvisionedThroughputExceededException"})
    void givesUpWhenNothingMovesForTenMinutes(String code) {
        try (CannedDynamoDb server = new CannedDynamoDb(
                page("{\"PK\":{\"S\":\"a\"}}", A), error(400, code, "Rate of requests exceeds the limit"))) {
            assertThatThrownBy(() -> scan(server.access(), Patience.USUAL))
                    .isInstanceOf(Fault.class)
                    .hasMessage(server.access() + ": " + code + ": Rate of requests exceeds the limit (segment 2 of 7, "
                            + "nothing read for 600 s): lower source.dynamodb.read-capacity, give the table more read "
                            + "capacity, or run the same command again later");
            assertThat(ticker.seconds()).isBetween(600.0, 620.0);
            // Pauses grow to ten seconds.
            assertThat(server.requests()).hasSizeBetween(60, 140);
        }
    }

    @Test
    void outlivesErrorsOfTheServer() {
        try (CannedDynamoDb server = new CannedDynamoDb(
                error(500, "InternalServerError", "x"), plain(503, "<html>Busy</html>"), page("", A, B))) {
            assertThat(scan(server)).containsExactly(A, B);
            assertThat(server.requests()).hasSize(3);
        }
    }

    @Test
    void tellsAnErrorWithoutACode() {
        try (CannedDynamoDb server = new CannedDynamoDb(plain(503, "<html>Busy</html>"))) {
            assertThatThrownBy(() -> scan(server))
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith(server.access() + ": HTTP 503")
                    .hasMessageContaining("(segment 2 of 7, attempt 3)");
        }
    }

    @Test
    void doesNotRepeatWhatWillNotPass() {
        try (CannedDynamoDb server =
                new CannedDynamoDb(error(400, "ValidationException", "Two document paths overlap"))) {
            assertThatThrownBy(() -> scan(server))
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith(server.access()
                            + ": ValidationException: Two document paths overlap (segment 2 of 7, attempt 1)");
            assertThat(server.requests()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "{\"Items\":[{\"PK\":{\"S\":\"a\"}}],\"Count\":2}",
                "{\"Items\":[],\"Count\":0}x",
                "{\"Items\":[],\"Count\":0,\"LastEvaluatedKey\":{}}",
                "{\"Items\":[],\"Count\":0,\"LastEvaluatedKey\":null}",
                "{\"Items\":[],\"Count\":0,\"LastEvaluatedKey\":{\"PK\":{}}}",
                "{\"Items\":[],\"Count\":0,\"LastEvaluatedKey\":{\"PK\":{\"B\":\"?\"}}}",
                "{\"Items\":[],\"Count\":0,\"LastEvaluatedKey\":{\"PK\":{\"SS\":\"a\"}}}",
                "{\"Items\":[],\"Count\":0,\"ConsumedCapacity\":{\"CapacityUnits\":true}}",
                "{\"Items\":[],\"Cou"
            })
    void asksAgainForWhatIsNoWholePage(String body) {
        try (CannedDynamoDb server = new CannedDynamoDb(ok(body), page("", A))) {
            assertThat(scan(server)).containsExactly(A);
            assertThat(server.requests()).hasSize(2);
        }
    }
}
