package dev.millrace.dynamodb;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.sample.ShopSample;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;

/** What the benchmarks measure on is like what a server sends. */
class CannedPagesTest {
    @TempDir
    private Path folder;

    private static String scan(URI endpoint, String request) throws IOException, InterruptedException {
        HttpRequest post = HttpRequest.newBuilder(endpoint)
                .header("X-Amz-Target", "DynamoDB_20120810.Scan")
                .header("Content-Type", "application/x-amz-json-1.0")
                .header("X-Amz-Date", "20260101T000000Z")
                .header(
                        "Authorization",
                        "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request,"
                                + " SignedHeaders=host, Signature=none")
                .POST(HttpRequest.BodyPublishers.ofString(request))
                .build();
        return HttpClient.newHttpClient()
                .send(post, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
                .body();
    }

    @Test
    void areByteForByteOfTheFormOfDynamoDbLocalsAnswers() throws Exception {
        DynamoDbClient client = DynamoDbLocal.client();
        String table = "canned-pages";
        ShopSample.fillIfMissing(client, table, 3, 400, written -> {});
        // Capacity is that of the items as DynamoDB counts them, not of the JSON: compared without.
        for (String limit : List.of("", ",\"Limit\":150")) {
            String sent = scan(DynamoDbLocal.endpoint(), "{\"TableName\":\"" + table + "\"" + limit + "}");
            ScanResponse read = client.scan(scan -> scan.tableName(table).limit(limit.isEmpty() ? null : 150));
            List<String> items = read.items().stream()
                    .map(CannedPages::hashed)
                    .map(DynamoDbJson::write)
                    .toList();
            JsonNode lastKey = new ObjectMapper().readTree(sent).path("LastEvaluatedKey");
            String made = new String(
                    CannedPages.body(table, items, lastKey.isMissingNode() ? "" : lastKey.toString()),
                    StandardCharsets.UTF_8);
            assertThat(items).hasSize(limit.isEmpty() ? 400 : 150);
            assertThat(made.replaceFirst(",\"ConsumedCapacity\":\\{.*?}", "")).isEqualTo(sent);
        }
    }

    @Test
    void areServedWholeInSegments() throws IOException {
        CannedPages pages = CannedPages.of(folder, 12_000, true);
        Runs runs = Runs.at(folder.resolve("staging"));
        List<String> items = new ArrayList<>();
        try (PageServer server = new PageServer(pages)) {
            TableAccess access =
                    new TableAccess(CannedPages.TABLE, "us-east-1", server.endpoint(), "", "", false, List.of());
            assertThat(TableDescription.load(access).items()).isEqualTo(12_000);
            Spool spool = runs.spool(access, List.of("PK", "SK"));
            Spool.units(CannedPages.SEGMENTS, "").forEach(unit -> items.addAll(Runs.items(spool, spool.obtain(unit))));
        }
        List<String> numbers = new ArrayList<>();
        for (String item : items) {
            new ObjectMapper().readTree(item).findValues("N").forEach(number -> numbers.add(number.asText()));
        }
        assertThat(items).hasSize(12_000).doesNotHaveDuplicates();
        assertThat(numbers).allMatch(number -> number.matches("-?\\d{1,18}"));
        assertThat(Files.readAllLines(pages.plainItems())).hasSize(12_000);
        Map<String, AttributeValue> first =
                ShopSample.items(ShopSample.SEED, 12_000).findFirst().orElseThrow();
        assertThat(items).anyMatch(item -> item.contains(first.get("company_id").s()));
    }
}
