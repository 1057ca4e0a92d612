package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.schema.DataSchema;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code schema show}, {@code diff} and {@code pin}, after runs of a job. */
class SchemaCommandsTest {
    private static final String LINE = System.lineSeparator();

    @TempDir
    private Path folder;

    private static String item(int id, String attributes) {
        return "{\"id\": {\"N\": \"" + id + "\"}" + (attributes.isEmpty() ? "" : ", " + attributes) + "}";
    }

    private static Path job(Trial trial, String table, String tables) {
        return trial.job("job", """
                job: commanded
                source: {dynamodb: {table: %s, endpoint: $SERVER, segments: 2}}
                schema: {refresh: 7d}
                tables: {"%s": {name: things%s}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/live.duckdb}, schema: w}
                """.formatted(table, table, tables));
    }

    /** A table of four items, a run, then more of another kind, and another run. */
    private Path grown(Trial trial, String table) {
        Items.table(
                table,
                List.of("id:N"),
                List.of(
                        item(1, "\"total\": {\"N\": \"1\"}, \"status\": {\"N\": \"1\"}, \"code\": {\"S\": \"a\"}"),
                        item(2, "\"total\": {\"N\": \"2\"}, \"tags\": {\"SS\": [\"x\"]}, \"email\": {\"S\": \"a@b\"}"),
                        item(3, "\"address\": {\"M\": {\"city\": {\"S\": \"Faro\"}}}, \"was\": {\"BOOL\": true}"),
                        item(
                                4,
                                "\"total\": {\"S\": \"free\"}, \"lines\": {\"L\": [{\"M\": {\"qty\": {\"N\": \"1\"}}}]}")));
        Path job = job(trial, table, ", types: {total: \"decimal(9,2)\"}, rename: {code: label}, hash: [email]");
        trial.succeed(job);
        Items.put(
                table,
                List.of(
                        item(
                                3,
                                "\"address\": {\"S\": \"none\"}, \"coupon\": {\"S\": \"X\"}, \"code\": {\"B\": \"AA==\"}"),
                        item(5, "\"status\": {\"S\": \"paid\"}, \"total\": {\"N\": \"12345678901234567890.5\"}"),
                        item(
                                6,
                                "\"status\": {\"S\": \"open\"}, \"lines\": {\"L\": [{\"S\": \"x\"}, {\"M\": {\"qty\": {\"N\": \"1.5\"}}}]}")));
        trial.later(Duration.ofDays(1));
        trial.succeed(job);
        return job;
    }

    private static String lines(String... lines) {
        return String.join(LINE, lines) + LINE;
    }

    @Test
    void showTellsWhatEachColumnHoldsAndHowMuchOfItWasMet() {
        Trial trial = new Trial(folder);
        Path job = grown(trial, "commands-show");
        OpenJob open = trial.open(job);
        Trial.Ended shown = Trial.command("schema", "show", job.toString());
        assertThat(shown.err()).isEmpty();
        assertThat(shown.out())
                .isEqualTo(lines(
                        "job commanded: data-schema version 1 of "
                                + open.schemas()
                                        .latest()
                                        .orElseThrow()
                                        .written()
                                        .truncatedTo(ChronoUnit.SECONDS)
                                + "; counted by run " + trial.run(open).id() + ", commit 2",
                        "",
                        "things: kind commands-show, 6 items",
                        "  column         type          attribute     holds  in      other types  notes",
                        "  -------------  ------------  ------------  -----  ------  -----------  -----------------",
                        "  id             bigint        id            N      100 %                key",
                        "  address__city  string        address.city  S      0 %",
                        "  label          string        code          S      16.7 %  1 B          renamed from code",
                        "  email          string        email         S      16.7 %               hashed",
                        "  status         bigint        status        N      16.7 %  2 S",
                        "  total          decimal(9,2)  total         N      50 %    1 S          declared",
                        "  was            boolean       was           BOOL   0 %",
                        "",
                        "things__lines: elements of lines in things, 3 rows",
                        "  column  type    attribute  holds  in",
                        "  ------  ------  ---------  -----  ------",
                        "  qty     bigint  qty        N      66.7 %",
                        "",
                        "things__tags: elements of tags in things, 1 set",
                        "  column  type    attribute    holds",
                        "  ------  ------  -----------  -----",
                        "  value   string  the element  S",
                        "",
                        "Values of other types, and what has no column, are in _rest. What has changed since: "
                                + "scripts/millrace schema diff " + job));
        assertThat(Trial.command("schema", "show", job.toString(), "things__lines")
                        .out())
                .contains("things__lines: ")
                .doesNotContain("things: ");
        Trial.Ended unknown = Trial.command("schema", "show", job.toString(), "things__line");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).isEqualTo(lines("Unknown table: things__line: did you mean things__lines?"));
    }

    @Test
    void diffTellsWhatTheItemsWouldMakeOfItAndPinTakesItOver() {
        Trial trial = new Trial(folder);
        Path job = grown(trial, "commands-diff");
        OpenJob open = trial.open(job);
        String file = job.toString();
        Trial.Ended diff = Trial.command("schema", "diff", file);
        assertThat(diff.err()).isEmpty();
        assertThat(diff.out().lines().skip(1).toList())
                .isEqualTo(lines(
                                "",
                                "things: kind commands-diff, 6 items",
                                "  ~ status bigint of N → string of S, pinned: 2 values of type S, 1 value of type N",
                                "  ~ total bigint → decimal(21,1): numbers of up to 20 digits before the point and 1 after "
                                        + "it, the job file says decimal(9,2), which wins",
                                "  + coupon string: attribute coupon, of type S in 1 row (16.7 %)",
                                "  ! label holds S: 1 B",
                                "  ! status holds S: 1 N",
                                "  ! total holds N: 1 S",
                                "  ! attribute address holds M: 1 S",
                                "  - address__city: no value any more, before 1",
                                "  - was: no value any more, before 1",
                                "",
                                "things__lines: elements of lines in things, 3 rows",
                                "  ~ qty bigint → decimal(20,1): numbers of up to 1 digit before the point and 1 after it",
                                "  ! the element holds M: 1 S",
                                "",
                                "+ new, ~ changed, ! stays in _rest, - not met any more, and kept",
                                "",
                                "By itself a run takes over what is new or wider, from "
                                        + open.schemas()
                                                .latest()
                                                .orElseThrow()
                                                .written()
                                                .plus(Duration.ofDays(7))
                                                .truncatedTo(ChronoUnit.SECONDS)
                                        + " on (schema.refresh).",
                                "All + and ~ now: scripts/millrace schema pin " + file,
                                "One column: scripts/millrace schema pin " + file + " TABLE.COLUMN=TYPE")
                        .lines()
                        .toList());

        Trial.Ended pinned = Trial.command("schema", "pin", file);
        assertThat(pinned.err()).isEmpty();
        assertThat(pinned.out())
                .startsWith("job commanded: data-schema version 2 is written, from version 1" + LINE)
                .contains("  ~ status bigint of N → string of S, pinned: ", "  + coupon string: ")
                .endsWith("The next run has it: scripts/millrace local " + file + LINE);
        assertThat(Trial.command("schema", "diff", file, "1", "2").out())
                .startsWith("job commanded: data-schema version 1 and version 2" + LINE)
                .contains("  ~ qty bigint → decimal(20,1)");
        Trial.Ended nothing = Trial.command("schema", "pin", file);
        assertThat(nothing.code()).isEqualTo(2);
        assertThat(nothing.err())
                .startsWith("Nothing to pin: version 2 holds all that can have a column of what run "
                        + trial.run(open).id() + ", commit 2 met");

        trial.succeed(job);
        assertThat(trial.query(open, "SELECT id, status, total, coupon FROM w.things ORDER BY id"))
                .containsExactly(
                        "1|null|1.00|null",
                        "2|null|2.00|null",
                        "3|null|null|X",
                        "4|null|null|null",
                        "5|paid|null|null",
                        "6|open|null|null");
        // The job file still wins over the inferred decimal(21,1).
        assertThat(trial.query(open, "SELECT _rest FROM w.things WHERE id = 5"))
                .containsExactly("{\"/total\":{\"N\":\"12345678901234567890.5\"}}");
    }

    @Test
    void aPinnedColumnStaysWhateverIsInferred() {
        Trial trial = new Trial(folder);
        String table = "commands-pinned";
        Items.table(
                table,
                List.of("id:N"),
                List.of(
                        item(1, "\"a\": {\"N\": \"1\"}, \"b\": {\"N\": \"1\"}"),
                        item(2, "\"a\": {\"N\": \"2\"}, \"b\": {\"S\": \"2026-01-31T10:00:00Z\"}")));
        Path job = job(trial, table, "");
        trial.succeed(job);
        OpenJob open = trial.open(job);
        String file = job.toString();
        Trial.Ended pinned =
                Trial.command("schema", "pin", file, "things.id=string", "things.a=decimal(4,1)", "things.b=timestamp");
        assertThat(pinned.err()).isEmpty();
        assertThat(pinned.out())
                .contains(
                        "  ~ id bigint → string, pinned\n",
                        "  ~ a bigint → decimal(4,1), pinned",
                        "  ~ b string → timestamp, pinned\n");
        Items.put(
                table,
                List.of(
                        item(3, "\"a\": {\"N\": \"12345\"}, \"b\": {\"N\": \"3\"}"),
                        item(4, "\"a\": {\"S\": \"x\"}, \"b\": {\"N\": \"4\"}, \"c\": {\"N\": \"5\"}"),
                        item(5, "\"a\": {\"S\": \"y\"}, \"b\": {\"S\": \"no time\"}"),
                        item(6, "\"a\": {\"S\": \"z\"}")));
        trial.succeed(job);
        trial.later(Duration.ofDays(8));
        assertThat(trial.succeed(job).out()).contains("schema     version 3\n");
        assertThat(trial.query(open, "SELECT id, a, b::VARCHAR, c, _rest FROM w.things ORDER BY id"))
                .containsExactly(
                        "1|1.0|null|null|{\"/b\":{\"N\":\"1\"}}",
                        "2|2.0|2026-01-31 10:00:00|null|null",
                        "3|null|null|null|{\"/a\":{\"N\":\"12345\"},\"/b\":{\"N\":\"3\"}}",
                        "4|null|null|5|{\"/a\":{\"S\":\"x\"},\"/b\":{\"N\":\"4\"}}",
                        "5|null|null|null|{\"/a\":{\"S\":\"y\"},\"/b\":{\"S\":\"no time\"}}",
                        "6|null|null|null|{\"/a\":{\"S\":\"z\"}}");
        assertThat(Trial.command("schema", "show", file).out())
                .containsPattern("(?m)^  id +string +id +N +100 % +key, pinned$")
                .containsPattern("(?m)^  a +decimal\\(4,1\\) +a +N +50 % +3 S +pinned$");
        // Another pin moves it, back to what it was as well.
        assertThat(Trial.command("schema", "pin", file, "things.a=S").out())
                .contains("  ~ a decimal(4,1) of N → string of S: 3 values of type S, 3 values of type N");
    }

    @Test
    void pinNamesAllThatIsWrong() {
        Trial trial = new Trial(folder);
        String table = "commands-wrong";
        Items.table(
                table,
                List.of("id:N"),
                List.of(item(1, "\"total\": {\"N\": \"1\"}, \"flag\": {\"BOOL\": true}, \"tags\": {\"SS\": [\"x\"]}")));
        Path job = job(trial, table, "");
        Trial.Ended early = Trial.command("schema", "show", job.toString());
        assertThat(early.code()).isEqualTo(2);
        assertThat(early.err())
                .isEqualTo(
                        lines("Job commanded has no data-schema yet: run it first, by scripts/millrace local " + job));
        trial.succeed(job);
        Items.put(table, List.of(item(2, "\"news\": {\"SS\": [\"x\"]}, \"late\": {\"N\": \"1\"}")));
        trial.succeed(job);

        String types = "must be a type of DynamoDB: S, N, B, BOOL, M, L, SS, NS, BS; or a column's: string, bigint, "
                + "double, boolean, binary, date, timestamp, json, epoch-millis, epoch-seconds, decimal(18,2)";
        String form = "must be TABLE.COLUMN=TYPE, for example orders.total=decimal(18,2)";
        Map<String, String> problems = new LinkedHashMap<>();
        problems.put("things.totl=bigint", "table things has no column totl: did you mean total?");
        problems.put("things.zzzz=bigint", "table things has no column zzzz: there are id, flag, total, late");
        problems.put("thing.total=bigint", "no table thing: did you mean things?");
        problems.put("zzzz.total=bigint", "no table zzzz: there are things, things__tags");
        problems.put(
                "things__news.value=S",
                "table things__news is not in version 1 yet: pin without columns takes it over");
        problems.put("things.total=number", "no type number: " + types);
        problems.put("things.total=decimal(39,1)", "no type decimal(39,1): " + types);
        problems.put(
                "things.flag=bigint",
                "values of type BOOL cannot become bigint, and of no other type was any met that can");
        problems.put("things.id=date", "values of type N cannot become date");
        problems.put("things.id=S", "its values are always of type N");
        problems.put("things._rest=string", "the type of column _rest is fixed");
        problems.put("things__tags._index=string", "the type of column _index is fixed");
        problems.put(
                "things__tags.id=string", "the type of column id is fixed: it is that of the key in the main table");
        problems.put("things__tags.value=binary", "values of type S cannot become binary");
        problems.put("total=bigint", form);
        problems.put("things.total", form);
        problems.put("things.=bigint", form);
        problems.put("things.total=", form);
        List<String> command = new ArrayList<>(List.of("schema", "pin", job.toString()));
        command.addAll(problems.keySet());
        Trial.Ended wrong = Trial.command(command.toArray(String[]::new));
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.err().lines())
                .containsExactlyElementsOf(problems.entrySet().stream()
                        .map(p -> "Invalid pin: " + p.getKey() + ": " + p.getValue())
                        .toList());
        OpenJob open = trial.open(job);
        assertThat(open.schemas().latest().orElseThrow().schema().version()).isEqualTo(1);

        // One column that is new, without the others.
        assertThat(Trial.command("schema", "pin", job.toString(), "things.late=double")
                        .out())
                .contains("  + late double: attribute late, of type N in 1 row (50 %)")
                .doesNotContain("news");
        Trial.Ended again = Trial.command("schema", "pin", job.toString(), "things.late=double");
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).isEqualTo(lines("Nothing to pin: things.late=double is so in version 2 already"));
        trial.succeed(job);
        assertThat(trial.query(open, "SELECT id, late FROM w.things ORDER BY id"))
                .containsExactly("1|null", "2|1.0");

        assertThat(Trial.command("schema", "diff", job.toString(), "1").err())
                .isEqualTo(lines("Invalid versions: 1: give two, or none"));
        assertThat(Trial.command("schema", "diff", job.toString(), "1", "3").err())
                .isEqualTo(lines("Unknown version: 3: there are 1 to 2"));
    }

    @Test
    void aPinThatTheJobFileContradictsIsRefused() {
        Trial trial = new Trial(folder);
        String table = "commands-contradicted";
        Items.table(table, List.of("id:N"), List.of(item(1, "\"at\": {\"N\": \"1\"}")));
        Path job = job(trial, table, ", types: {at: epoch-seconds}");
        trial.succeed(job);
        Trial.Ended refused = Trial.command("schema", "pin", job.toString(), "things.at=S");
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err())
                .isEqualTo(
                        lines("tables.commands-contradicted.types: at: epoch-seconds: values of type S cannot become "
                                + "epoch-seconds"));
        assertThat(trial.open(job).schemas().latest().orElseThrow().schema().version())
                .isEqualTo(1);
    }

    @Test
    void ofTwoPinsAtOnceOneIsTold() {
        Trial trial = new Trial(folder);
        String table = "commands-at-once";
        Items.table(table, List.of("id:N"), List.of(item(1, "\"a\": {\"N\": \"1\"}")));
        Path job = job(trial, table, "");
        trial.succeed(job);
        NewestSchema one = NewestSchema.load(trial.open(job));
        NewestSchema other = NewestSchema.load(trial.open(job));
        one.write(one.pins().with(List.of("things.a=double")).orElseThrow());
        DataSchema late = other.pins().with(List.of("things.a=string")).orElseThrow();
        assertThatThrownBy(() -> other.write(late))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(1))
                .hasMessage("Nothing was pinned: version 2 of the data-schema was written by another at the same time: "
                        + "look at schema show " + job + ", then pin again");
        assertThat(Trial.command("schema", "show", job.toString()).out())
                .containsPattern("(?m)^  a +double +a +N +100 % +pinned$");
    }
}
