package dev.millrace.dynamodb;

import static dev.millrace.dynamodb.CannedDynamoDb.page;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.config.AttributePath;
import dev.millrace.config.TableSettings;
import dev.millrace.landing.WideRows;
import dev.millrace.run.DataFile;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitManifest;
import dev.millrace.sample.ShopSample;
import dev.millrace.schema.Census;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.CensusUnits;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.Inference;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.SourceType;
import dev.millrace.storage.Versioned;
import dev.millrace.table.Column;
import dev.millrace.testing.Rebuild;
import dev.millrace.testing.SharedSpark;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedSpark.class)
class SpoolSourceTest {
    private static final List<KeyAttribute> KEYS = List.of(new KeyAttribute("PK", SourceType.S));
    private static final List<KeyAttribute> SHOP_KEYS =
            List.of(new KeyAttribute("PK", SourceType.S), new KeyAttribute("SK", SourceType.S));
    private static final KindRule BY_TYPE = new KindRule.ByAttribute("EntityType");
    private static final KindRule ONE = new KindRule.Single("shop");
    private static final String PHASE = "infer-schema";

    @TempDir
    private Path root;

    private Runs runs;

    @BeforeEach
    void open() {
        runs = Runs.at(root);
    }

    private CensusUnits censusUnits(
            Spool spool, KindRule rule, List<KeyAttribute> keys, Map<String, TableSettings> tables) {
        CensusTaker.Settings settings =
                new CensusTaker.Settings(rule, ShredPlan.redactions(tables), keys, BigDecimal.ONE);
        return new CensusUnits(
                runs.storage(), "job/runs/r/census/", runs.commits(), PHASE, new SpooledItems(spool), settings);
    }

    private static ShredPlan plan(
            Census census, KindRule rule, Map<String, TableSettings> tables, ShredPlan.Expiry expiry) {
        return ShredPlan.of(Inference.infer(census, DataSchema.none(KEYS), false), rule, tables, expiry);
    }

    private static Census census(KindRule rule, String... items) {
        CensusTaker taker = new CensusTaker(new CensusTaker.Settings(rule, Map.of(), KEYS, BigDecimal.ONE));
        for (String item : items) {
            byte[] bytes = item.getBytes(StandardCharsets.UTF_8);
            taker.add(bytes, 0, bytes.length);
        }
        return taker.census();
    }

    private List<Row> rows(SparkSession spark, Spool spool, List<PlannedUnit> units, ShredPlan plan) {
        return SpoolSource.rows(spark, new SpoolSource.Read(spool, units, KEYS, plan, counted(plan)))
                .collectAsList();
    }

    /** What is counted on the way. */
    private CensusFiles counted(ShredPlan plan) {
        CensusTaker.Settings settings =
                new CensusTaker.Settings(plan.rule(), plan.redactions(), KEYS, BigDecimal.ONE, plan.expiry());
        return new CensusFiles(runs.storage(), "job/runs/r/census/extract/", settings);
    }

    /** A row's own columns by name. */
    private static Map<String, Object> values(Row wide) {
        int table = wide.getInt(0);
        Row own = wide.getStruct(2 + table);
        Map<String, Object> values = new HashMap<>();
        for (String name : own.schema().fieldNames()) {
            values.put(name, own.getAs(name));
        }
        for (int i = 2; i < wide.size(); i++) {
            assertThat(wide.isNullAt(i)).isEqualTo(i != 2 + table);
        }
        return values;
    }

    private static TableSettings dropping(String attribute) {
        return new TableSettings(
                Optional.empty(),
                Map.of(),
                Map.of(),
                List.of(new AttributePath(List.of(attribute))),
                List.of(),
                Map.of());
    }

    private static TableSettings hashing(String attribute) {
        return new TableSettings(
                Optional.empty(),
                Map.of(),
                Map.of(),
                List.of(),
                List.of(new AttributePath(List.of(attribute))),
                Map.of());
    }

    @Test
    void givesRowsOfAllKindsFromWhichTheItemsCanBeRebuilt(SparkSession spark) {
        List<String> items = ShopSample.items(3, 400).map(DynamoDbJson::write).toList();
        List<String> first = items.subList(0, 150);
        List<String> second = items.subList(150, items.size());
        try (CannedDynamoDb server =
                new CannedDynamoDb(page("", first.toArray(String[]::new)), page("", second.toArray(String[]::new)))) {
            Spool spool = runs.spool(server.access(), List.of("PK"));
            List<PlannedUnit> units = Spool.units(2, "");
            CensusUnits counting = censusUnits(spool, BY_TYPE, SHOP_KEYS, Map.of());
            counting.run(spark, units);
            assertThat(counting.merged().toJson())
                    .isEqualTo(census(BY_TYPE, items.toArray(String[]::new)).toJson());
            assertThat(runs.commits().committed(PHASE))
                    .extracting(unit -> unit.files().get(0).rows())
                    .containsExactlyInAnyOrder(150L, (long) second.size());

            DataSchema schema = Inference.infer(counting.merged(), DataSchema.none(SHOP_KEYS), false);
            ShredPlan plan = ShredPlan.of(schema, BY_TYPE, Map.of(), ShredPlan.Expiry.NEVER);
            List<List<Map<String, Object>>> byTable = new ArrayList<>();
            plan.tables().forEach(t -> byTable.add(new ArrayList<>()));
            for (Row wide : rows(spark, spool, units, plan)) {
                byTable.get(wide.getInt(0)).add(values(wide));
            }
            List<JsonNode> expected = items.stream().map(Rebuild::canonical).toList();
            assertThat(new Rebuild(plan, byTable).items()).containsExactlyInAnyOrderElementsOf(expected);
            assertThat(plan.tables().stream().filter(ShredPlan.Table::isMain)).hasSize(6);
            // Inference and rows together have asked once for each unit.
            assertThat(server.requests()).hasSize(2);
        }
    }

    @Test
    void setsItemsApartThatCannotBeUnderstood(SparkSession spark) {
        String good = "{\"PK\":{\"S\":\"g\"},\"n\":{\"N\":\"1\"}}";
        String noNumber = "{\"PK\":{\"S\":\"b\"},\"n\":{\"N\":\"abc\"}}";
        String noType = "{\"PK\":{\"S\":\"c\"}, \"n\":{\"Q\":\"1\"}}";
        String noItem = "7";
        try (CannedDynamoDb server = new CannedDynamoDb(page("", good, noNumber, good, noType, noItem, good))) {
            ShredPlan plan = plan(census(ONE, good), ONE, Map.of(), ShredPlan.Expiry.NEVER);
            List<Row> rows = rows(spark, runs.spool(server.access(), List.of("PK")), Spool.units(1, ""), plan);
            assertThat(rows).extracting(row -> row.getInt(0)).containsExactly(0, 1, 0, 1, 1, 0);
            assertThat(values(rows.get(1)))
                    .isEqualTo(quarantined(
                            2, "{\"PK\":{\"S\":\"b\"}}", "an N that is no number in attribute n", noNumber));
            assertThat(values(rows.get(3)))
                    .isEqualTo(quarantined(4, "{\"PK\":{\"S\":\"c\"}}", "an unknown type Q in attribute n", noType));
            assertThat(values(rows.get(4)))
                    .isEqualTo(quarantined(5, null, "an item must be an object of attributes", noItem));
        }
    }

    private static Map<String, Object> quarantined(long line, String key, String reason, String item) {
        Map<String, Object> row = new HashMap<>();
        SpoolSource.QUARANTINE.columns().stream().map(Column::name).forEach(name -> row.put(name, null));
        row.put("table_name", "shop");
        row.put("unit", "s00001-of-00001");
        row.put("line", line);
        row.put("key", key);
        row.put("reason", reason);
        row.put("item", item);
        return row;
    }

    /** Lines that a scan never writes, but a damaged or foreign file may hold. */
    @Test
    void setsLinesApartThatHoldNoItem(SparkSession spark) {
        String good = "{\"PK\":{\"S\":\"g\"},\"n\":{\"N\":\"1\"}}";
        String text = "{\"Item\":" + good + "}\nnon\u00ffsense\n{\"Item\":}\n\n{\"Item\":" + good + "}\n";
        commitForeign(text.getBytes(StandardCharsets.ISO_8859_1), 4);
        try (CannedDynamoDb server = new CannedDynamoDb(page(""))) {
            ShredPlan plan = plan(census(ONE, good), ONE, Map.of(), ShredPlan.Expiry.NEVER);
            List<Row> rows = rows(spark, runs.spool(server.access(), List.of("PK")), Spool.units(1, ""), plan);
            assertThat(rows).extracting(row -> row.getInt(0)).containsExactly(0, 1, 1, 0);
            String reason = "a line of the spool is not of the form {\"Item\":…}";
            Map<String, Object> binary = values(rows.get(1));
            assertThat((byte[]) binary.put("item_bytes", null))
                    .isEqualTo("non\u00ffsense".getBytes(StandardCharsets.ISO_8859_1));
            assertThat(binary).isEqualTo(quarantined(2, null, reason, null));
            assertThat(values(rows.get(2))).isEqualTo(quarantined(3, null, reason, "{\"Item\":}"));

            CensusUnits counting = censusUnits(runs.spool(server.access(), List.of("PK")), ONE, KEYS, Map.of());
            counting.run(spark, Spool.units(1, ""));
            assertThat(counting.merged().toJson())
                    .isEqualTo(census(ONE, good, good).toJson());
            assertThat(server.requests()).isEmpty();
        }
    }

    private void commitForeign(byte[] lines, long items) {
        String path = Runs.FOLDER + "data/foreign.json";
        runs.storage().put(path, lines);
        String etag = runs.storage().stat(path).orElseThrow().etag();
        runs.commits()
                .commit(new UnitManifest(
                        UnitManifest.FORMAT,
                        Spool.PHASE,
                        Spool.units(1, "").get(0).id(),
                        "foreign0",
                        List.of(new DataFile(Spool.TABLE, path, lines.length, items, etag)),
                        Map.of(),
                        Map.of()));
    }

    @Test
    void keepsNothingOfItemsThatMayHoldWhatIsHidden(SparkSession spark) {
        String good = "{\"PK\":{\"S\":\"g\"},\"EntityType\":{\"S\":\"Customer\"},\"card\":{\"S\":\"4111\"},"
                + "\"email\":{\"S\":\"a@b.example\"}}";
        String broken = "{\"PK\":{\"S\":\"4111\"},\"EntityType\":{\"S\":\"Customer\"},\"4111\":{\"N\":\"4111x\"}}";
        String unknown = "{\"PK\":{\"S\":\"u\"},\"card\":{\"S\":\"4111\"},\"email\":{\"S\":\"a@b.example\"},"
                + "\"free\":{\"S\":\"seen\"}}";
        String text = "{\"Item\":" + good + "}\n{\"Item\":" + broken + "}\n4111\n{\"Item\":" + unknown + "}\n";
        commitForeign(text.getBytes(StandardCharsets.UTF_8), 4);
        Map<String, TableSettings> tables =
                Map.of("Customer", dropping("card"), "Order", dropping("4111"), "Event", hashing("email"));
        try (CannedDynamoDb server = new CannedDynamoDb(page(""))) {
            Spool spool = runs.spool(server.access(), List.of("PK"));
            CensusUnits counting = censusUnits(spool, BY_TYPE, KEYS, tables);
            counting.run(spark, Spool.units(1, ""));
            ShredPlan plan = plan(counting.merged(), BY_TYPE, tables, ShredPlan.Expiry.NEVER);
            List<Row> rows = rows(spark, spool, Spool.units(1, ""), plan);
            assertThat(rows).hasSize(4);
            assertThat(rows.toString()).doesNotContain("4111").contains("a@b.example", "seen");
            for (int i = 1; i <= 2; i++) {
                Map<String, Object> row = values(rows.get(i));
                assertThat(row.get("line")).isEqualTo(i + 1L);
                assertThat(row.get("unit")).isEqualTo("s00001-of-00001");
                assertThat(row.get("reason"))
                        .isEqualTo("the item cannot be understood; nothing of it is kept, because the job drops or "
                                + "hashes attributes and its kind cannot be told");
                assertThat(row.get("key")).isNull();
                assertThat(row.get("item")).isNull();
                assertThat(row.get("item_bytes")).isNull();
            }
            // The one of no known kind hides what any kind hides; the customer's email is not hidden by his kind.
            assertThat(rows.get(0).toString()).contains("a@b.example");
            assertThat(rows.get(3).toString()).contains("seen").doesNotContain("a@b.example");
            for (UnitManifest unit : runs.commits().committed(PHASE)) {
                Versioned census =
                        runs.storage().find(unit.files().get(0).path()).orElseThrow();
                assertThat(new String(census.content(), StandardCharsets.UTF_8)).doesNotContain("4111");
            }
        }
    }

    @Test
    void countsExpiredItemsAndLeavesThemOut(SparkSession spark) {
        String fresh = "{\"PK\":{\"S\":\"f\"},\"ttl\":{\"N\":\"2000000001\"}}";
        String expired = "{\"PK\":{\"S\":\"e\"},\"ttl\":{\"N\":\"1999999999\"}}";
        String never = "{\"PK\":{\"S\":\"n\"}}";
        try (CannedDynamoDb server = new CannedDynamoDb(page("", fresh, expired, never))) {
            ShredPlan plan = plan(census(ONE, fresh), ONE, Map.of(), new ShredPlan.Expiry("ttl", 2_000_000_000L));
            List<Row> rows = rows(spark, runs.spool(server.access(), List.of("PK")), Spool.units(1, ""), plan);
            assertThat(rows).extracting(row -> row.getInt(0)).containsExactly(0, WideRows.expired(0), 0);
            assertThat(values(rows.get(0))).containsEntry("pk", "f");
            assertThat(rows.get(1).isNullAt(2)).isTrue();
            assertThat(rows.get(1).isNullAt(3)).isTrue();
            assertThat(values(rows.get(2))).containsEntry("pk", "n");
        }
    }
}
