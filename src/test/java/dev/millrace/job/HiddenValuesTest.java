package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.ZstdInputStream;
import dev.millrace.run.RunStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the job file says about kinds and their tables, and that what it hides is nowhere. */
class HiddenValuesTest {
    private static final String TABLE = "hidden-values";

    /** In values that are dropped or hashed, and in no others. */
    private static final List<String> SECRETS =
            List.of("CARD-4711", "ada@example.com", "Hidden Street", "SKU-77", "8675309");

    private static final String KINDS_BY_PATTERNS =
            "{patterns: {Customer: {PK: \"C#*\", SK: \"PROFILE\"}, Order: {PK: \"C#*\", SK: \"ORDER#*\"}}}";

    @TempDir
    private Path folder;

    @BeforeAll
    static void fill() {
        Items.table(TABLE, List.of("PK:S", "SK:S"), List.of("""
                        {"PK": {"S": "C#1"}, "SK": {"S": "PROFILE"}, "EntityType": {"S": "Customer"}, "name": {"S": "Ada"},
                         "email": {"S": "ada@example.com"}, "card": {"S": "CARD-4711"}, "pin": {"N": "8675309"},
                         "address": {"M": {"street": {"S": "Hidden Street 1"}, "city": {"S": "Porto"}}}}""", """
                        {"PK": {"S": "C#2"}, "SK": {"S": "PROFILE"}, "EntityType": {"S": "Customer"},
                         "email": {"L": [{"S": "ada@example.com"}]}, "card": {"M": {"no": {"S": "CARD-4711"}}},
                         "pin": {"NULL": true}, "address": {"S": "unknown"}}""", """
                        {"PK": {"S": "C#1"}, "SK": {"S": "ORDER#1"}, "EntityType": {"S": "Order"}, "total": {"N": "12.5"},
                         "created_at": {"S": "2026-03-04T23:30:00Z"}, "placed": {"N": "1767225600"},
                         "lines": {"L": [{"M": {"sku": {"S": "SKU-77"}, "qty": {"N": "2"}}}, {"M": {"sku": {"S": "SKU-77"}}}]},
                         "tags": {"SS": ["b", "a"]}}""", """
                        {"PK": {"S": "C#1"}, "SK": {"S": "ORDER#2"}, "EntityType": {"S": "Order"}, "total": {"N": "7.125"},
                         "created_at": {"S": "2026-03-05T00:30:00Z"}, "placed": {"S": "never"}}""", """
                        {"PK": {"S": "C#2"}, "SK": {"S": "ORDER#3"}, "EntityType": {"S": "Order"}, "total": {"N": "-3"},
                         "placed": {"N": "1767225601"}}""", """
                        {"PK": {"S": "X#1"}, "SK": {"S": "?"}, "card": {"S": "CARD-4711"}, "email": {"S": "ada@example.com"},
                         "lines": {"L": [{"M": {"sku": {"S": "SKU-77"}}}]}, "pin": {"N": "8675309"},
                         "address": {"M": {"street": {"S": "Hidden Street 1"}}}, "seen": {"BOOL": true}}"""));
    }

    private static Path job(Trial trial, String name, String schema, String staging) {
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: hidden-values, endpoint: $SERVER, segments: 2}}
                schema: {%2$s}
                tables:
                  Customer:
                    name: people
                    drop: [card, address.street]
                    hash: [email, pin]
                  Order:
                    name: orders
                    hash: [lines.sku]
                    types: {total: "decimal(9,2)", placed: epoch-seconds}
                    rename: {created_at: created}
                    columns: {day: {sql: to_date(created)}, next_day: {sql: "date_add(day, 1)"}}
                staging: {at: $HERE/staging%3$s}
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w}
                """.formatted(name, schema, staging));
    }

    @Test
    void tablesAreAsTheJobFileSaysAndHiddenValuesAreNowhere() throws IOException {
        Trial trial = new Trial(folder);
        Path job = job(trial, "by-attribute", "kind: EntityType", "");
        Trial.Ended ended = trial.succeed(job);
        OpenJob open = trial.open(job);
        assertThat(trial.liveRows(open))
                .containsExactly(
                        "_unknown|1", "_unknown__lines|1", "orders|3", "orders__lines|2", "orders__tags|2", "people|2");
        assertThat(trial.query(
                        open, "SELECT pk, total, created, placed, day, next_day, _rest FROM w.orders ORDER BY sk"))
                .containsExactly(
                        "C#1|12.50|2026-03-04T23:30:00Z|2026-01-01 00:00:00|2026-03-04|2026-03-05|null",
                        "C#1|null|2026-03-05T00:30:00Z|null|2026-03-05|2026-03-06|"
                                + "{\"/placed\":{\"S\":\"never\"},\"/total\":{\"N\":\"7.125\"}}",
                        "C#2|-3.00|null|2026-01-01 00:00:01|null|null|null");
        assertThat(trial.query(
                        open,
                        "SELECT name, email = sha256('ada@example.com'), pin = sha256('8675309'), address__city FROM w.people "
                                + "WHERE pk = 'C#1'"))
                .containsExactly("Ada|true|true|Porto");
        assertThat(trial.query(open, "SELECT email IS NOT NULL, pin, _rest FROM w.people WHERE pk = 'C#2'"))
                .containsExactly("true|null|{\"/address\":{\"S\":\"unknown\"},\"/pin\":{\"NULL\":true}}");
        assertThat(trial.query(open, "SELECT sku = sha256('SKU-77'), qty FROM w.orders__lines ORDER BY _index"))
                .containsExactly("true|2", "true|null");
        // Of an item of no known kind all is hidden that is hidden in any kind.
        assertThat(trial.query(open, "SELECT email = sha256('ada@example.com'), seen FROM w._unknown"))
                .containsExactly("true|true");
        RunStore run = trial.run(open);
        assertThat(open.staging().list(run.path("spool/"))).isEmpty();
        assertThat(run.record().orElseThrow().tables())
                .containsOnlyKeys("_unknown", "orders", "orders__lines", "orders__tags", "people", "_unknown__lines");
        assertNowhere(trial, open);
        assertThat(SECRETS).noneMatch(secret -> ended.out().contains(secret));
    }

    @Test
    void patternsTellKindsAndListsMayBeJson() throws IOException {
        Trial trial = new Trial(folder);
        trial.variable("SPOOL_KEY", Base64.getEncoder().encodeToString(new byte[32]));
        Path job = job(
                trial,
                "by-patterns",
                "lists: json, kind: " + KINDS_BY_PATTERNS,
                ", spool: encrypt, spool-key: \"${env:SPOOL_KEY}\"");
        trial.succeed(job);
        OpenJob open = trial.open(job);
        assertThat(trial.liveRows(open)).containsExactly("_unknown|1", "orders|3", "people|2");
        assertThat(trial.query(
                        open,
                        "SELECT lines->>'$[0].sku' = sha256('SKU-77'), len(lines::JSON[]), tags FROM w.orders "
                                + "WHERE sk = 'ORDER#1'"))
                .containsExactly("true|2|[\"a\",\"b\"]");
        // The spool stays, and tells nothing.
        assertThat(open.staging().list(trial.run(open).path("spool/")))
                .anyMatch(file -> file.path().endsWith(".json.zst.enc"));
        assertNowhere(trial, open);
    }

    @Test
    void aFileThatKeepsTheSpoolHoldsTheValues() throws IOException {
        // The search finds what is there: without this, the tests above would prove nothing.
        Trial trial = new Trial(folder);
        Path job = trial.job("open", """
                job: open
                source: {dynamodb: {table: hidden-values, endpoint: $SERVER, segments: 2}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/open.duckdb}, schema: w}
                """);
        trial.succeed(job);
        TreeSet<String> found = new TreeSet<>();
        for (String place : places(trial, trial.open(job))) {
            found.add(place.replaceAll(".*(\\.duckdb|\\.parquet|\\.json\\.zst).*", "$1"));
        }
        assertThat(found).contains(".duckdb", ".parquet", ".json.zst");
        assertThat(trial.liveRows(trial.open(job))).contains("hidden_values|6", "hidden_values__lines|3");
    }

    private void assertNowhere(Trial trial, OpenJob open) throws IOException {
        assertThat(places(trial, open)).isEmpty();
    }

    /** Every file and live table in which a secret can be read, raw or decompressed. */
    private List<String> places(Trial trial, OpenJob open) throws IOException {
        List<String> places = new ArrayList<>();
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(Files::isRegularFile).toList();
        }
        assertThat(files).anyMatch(file -> file.endsWith("record.json"));
        for (Path file : files) {
            addIfTold(places, file.toString(), text(file));
            if (file.toString().endsWith(".parquet")) {
                addIfTold(
                        places, file.toString(), String.join("\n", trial.query(open, "SELECT * FROM '" + file + "'")));
            }
        }
        for (String table : trial.liveRows(open)) {
            String name = table.substring(0, table.indexOf('|'));
            addIfTold(
                    places,
                    Trial.live(open) + " " + name,
                    String.join("\n", trial.query(open, "SELECT * FROM w.\"" + name + "\"")));
        }
        return places;
    }

    private static void addIfTold(List<String> places, String place, String text) {
        SECRETS.stream().filter(text::contains).forEach(secret -> places.add(place + ": " + secret));
    }

    private static String text(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        boolean zstd = bytes.length > 4 && bytes[0] == 0x28 && bytes[1] == (byte) 0xB5 && bytes[2] == 0x2F;
        boolean gzip = bytes.length > 2 && bytes[0] == 0x1F && bytes[1] == (byte) 0x8B;
        if (zstd) {
            bytes = new ZstdInputStream(new ByteArrayInputStream(bytes)).readAllBytes();
        } else if (gzip) {
            bytes = new GZIPInputStream(new ByteArrayInputStream(bytes)).readAllBytes();
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
