package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Outcome;
import dev.millrace.run.RunStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of items that hold what the data-schema does not. */
class ContractTest {
    @TempDir
    private Path folder;

    private static final List<String> BEFORE = List.of(
            "{\"id\": {\"N\": \"1\"}, \"t\": {\"S\": \"Order\"}, \"total\": {\"N\": \"1.5\"}, \"text\": {\"S\": \"a\"}, "
                    + "\"address\": {\"M\": {\"city\": {\"S\": \"Faro\"}}}, \"on\": {\"S\": \"2026-01-31\"}, "
                    + "\"lines\": {\"L\": [{\"M\": {\"qty\": {\"N\": \"1\"}}}]}, \"tags\": {\"NS\": [\"1\"]}}",
            "{\"id\": {\"N\": \"2\"}, \"t\": {\"S\": \"Order\"}, \"none\": {\"NULL\": true}, \"empty\": {\"L\": []}}");

    /** All that is drift beside what is none: NULLs, empty lists and maps, what vanishes. */
    private static final List<String> AFTER = List.of(
            "{\"id\": {\"N\": \"1\"}, \"t\": {\"S\": \"Order\"}, \"total\": {\"N\": \"123456.789\"}, \"text\": {\"NULL\": true}, "
                    + "\"address\": {\"S\": \"unknown\"}, \"on\": {\"S\": \"someday\"}, \"lines\": {\"M\": {}}}",
            "{\"id\": {\"N\": \"2\"}, \"t\": {\"S\": \"Order\"}, \"total\": {\"S\": \"free\"}, \"a.b/c\": {\"S\": \"new\"}, "
                    + "\"address\": {\"M\": {\"zip\": {\"N\": \"1\"}, \"city\": {\"L\": []}}}, "
                    + "\"lines\": {\"L\": [{\"M\": {\"qty\": {\"S\": \"two\"}, \"more\": {\"BOOL\": true}}}, {\"S\": \"x\"}]}}",
            "{\"id\": {\"N\": \"3\"}, \"t\": {\"S\": \"Order\"}, \"a.b/c\": {\"BS\": [\"AA==\"]}, \"tags\": {\"NS\": [\"2\", \"0.5\"]}, "
                    + "\"lines\": {\"SS\": [\"x\"]}, \"empty\": {\"M\": {}}}",
            "{\"id\": {\"N\": \"4\"}, \"t\": {\"S\": \"Order\"}, \"a.b/c\": {\"S\": \"new\"}}",
            "{\"id\": {\"N\": \"5\"}, \"t\": {\"S\": \"Refund\"}, \"total\": {\"S\": \"part of the kind's drift\"}}",
            "{\"id\": {\"N\": \"6\"}, \"t\": {\"S\": \"Refund\"}}",
            "{\"id\": {\"N\": \"7\"}}");

    private static Path job(Trial trial, String name, String contract) {
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: contract-%1$s, endpoint: $SERVER, segments: 2}}
                schema: {kind: t, refresh: 7d, contract: %2$s}
                tables: {Order: {name: orders, types: {"on": date}, rename: {text: label}}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w}
                """.formatted(name, contract));
    }

    private Path drifted(Trial trial, String name, String contract) {
        Items.table("contract-" + name, List.of("id:N"), BEFORE);
        Path job = job(trial, name, contract);
        trial.succeed(job);
        Items.put("contract-" + name, AFTER);
        return job;
    }

    @Test
    void freezeRefusesARunAndNamesAllThatDrifted() {
        Trial trial = new Trial(folder);
        Path job = drifted(trial, "frozen", "freeze");
        OpenJob open = trial.open(job);
        String live = trial.query(open, "SELECT run FROM _millrace.version").get(0);
        // Old or not: a frozen data-schema is never inferred anew.
        trial.later(Duration.ofDays(30));
        Trial.Ended refused = trial.run(job);
        RunStore run = trial.run(open);
        assertThat(refused.code()).as(refused.err()).isEqualTo(3);
        assertThat(refused.err().lines())
                .containsExactly(
                        "The contract refused run " + run.id() + "; nothing was committed. Its items hold what "
                                + "data-schema version 1 does not (schema.contract: freeze):",
                        "orders: attribute a\\.b/c is new: met 2 values of type S",
                        "orders: attribute a\\.b/c is new: met 1 value of type BS",
                        "orders: attribute address is a map with columns: met 1 value of type S",
                        "orders: attribute address.zip is new: met 1 value of type N",
                        "orders: attribute lines is table orders__lines: met 1 value of type SS",
                        "orders: column on is date: met 1 value that it cannot hold",
                        "orders: column total holds type N: met 1 value of type S",
                        "orders: column total is decimal(2,1): met 1 number of up to 6 digits before the point and 3 after it",
                        "orders__lines: the element is a map with columns: met 1 value of type S",
                        "orders__lines: attribute more is new: met 1 value of type BOOL",
                        "orders__lines: column qty holds type N: met 1 value of type S",
                        "orders__tags: column value is bigint: met 1 number of up to 1 digit after the point",
                        "kind Refund: no table: met 2 items",
                        "items of which no kind can be told: no table: met 1 item",
                        "Mend the items; or take this over: scripts/millrace schema diff " + job + ", then schema pin "
                                + job + "; or let this run pass: scripts/millrace accept " + run.id()
                                + " --gate contract --reason TEXT");
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(run.end().orElseThrow().rules()).contains(List.of("contract"));
        assertThat(open.store().ledger().commits()).hasSize(1);
        assertThat(open.schemas().census().orElseThrow().commit()).isEqualTo(1);
        assertThat(trial.query(open, "SELECT run FROM _millrace.version")).containsExactly(live);

        // The refused run's items are those that diff and pin look at.
        assertThat(Trial.command("schema", "diff", job.toString()).out())
                .contains("counted by run " + run.id() + ", which was refused")
                .contains("+ a_b_c string: attribute a\\.b/c, of type S in 2 rows (50 %)")
                .contains("Nothing is taken over by itself (schema.contract: freeze).");

        Trial.Ended accepted = Trial.command(
                "accept", run.id().value(), "--job", job.toString(), "--gate", "contract", "--reason", "just once");
        assertThat(accepted.code()).as(accepted.err()).isZero();
        assertThat(trial.liveRows(open)).containsExactly("_unknown|3", "orders|4", "orders__lines|2", "orders__tags|2");
        assertThat(
                        trial.query(
                                open,
                                "SELECT id, total, label, \"on\"::VARCHAR, list_sort(json_keys(_rest)) FROM w.orders ORDER BY id"))
                .containsExactly(
                        "1|null|null|null|[/address, /lines, /on, /text, /total]",
                        "2|null|null|null|[/a.b~1c, /address/city, /address/zip, /total]",
                        "3|null|null|null|[/a.b~1c, /empty, /lines]",
                        "4|null|null|null|[/a.b~1c]");
        // Once: the next run is refused again; and even an accepted run does not change the data-schema.
        trial.later(Duration.ofDays(30));
        assertThat(trial.run(job).code()).isEqualTo(3);
        assertThat(open.schemas().latest().orElseThrow().schema().version()).isEqualTo(1);
    }

    @Test
    void aFrozenJobGoesOnOnceItsDriftIsPinned() {
        Trial trial = new Trial(folder);
        Items.table("contract-pinned", List.of("id:N"), BEFORE.subList(0, 1));
        Path job = job(trial, "pinned", "freeze");
        trial.succeed(job);
        Items.put(
                "contract-pinned",
                List.of(
                        "{\"id\": {\"N\": \"12345678901234567890\"}, \"t\": {\"S\": \"Order\"}, \"new\": {\"S\": \"x\"}}",
                        "{\"id\": {\"N\": \"5\"}, \"t\": {\"S\": \"Refund\"}}"));
        Trial.Ended refused = trial.run(job);
        assertThat(refused.code()).isEqualTo(3);
        // An item that is quarantined for its key's sake is drift too.
        assertThat(refused.err())
                .contains(
                        "orders: column id is bigint: met 1 number of up to 20 digits\n",
                        "orders: attribute new is new: met 1 value of type S\n",
                        "kind Refund: no table: met 1 item\n");
        Trial.Ended pinned = Trial.command("schema", "pin", job.toString());
        assertThat(pinned.code()).as(pinned.err()).isZero();
        assertThat(trial.succeed(job).out()).contains("schema     version 2\n");
        OpenJob open = trial.open(job);
        assertThat(trial.liveRows(open)).containsExactly("orders|2", "orders__lines|1", "orders__tags|1", "refund|1");
        assertThat(trial.query(open, "SELECT id, new, _rest FROM w.orders ORDER BY id"))
                .containsExactly("1|null|null", "12345678901234567890|x|null");
    }

    @Test
    void rescueKeepsAllDriftAsideAndTheSchemaAsItIs() {
        Trial trial = new Trial(folder);
        Path job = drifted(trial, "rescued", "rescue");
        OpenJob open = trial.open(job);
        trial.later(Duration.ofDays(30));
        trial.succeed(job);
        trial.later(Duration.ofDays(30));
        assertThat(trial.succeed(job).out()).contains("schema     version 1\n");
        assertThat(open.schemas().latest().orElseThrow().schema().version()).isEqualTo(1);
        assertThat(trial.liveRows(open)).containsExactly("_unknown|3", "orders|4", "orders__lines|2", "orders__tags|2");
        assertThat(trial.query(open, "SELECT id, _rest FROM w._unknown ORDER BY id"))
                .containsExactly(
                        "5|{\"/t\":{\"S\":\"Refund\"},\"/total\":{\"S\":\"part of the kind's drift\"}}",
                        "6|{\"/t\":{\"S\":\"Refund\"}}",
                        "7|null");
    }
}
