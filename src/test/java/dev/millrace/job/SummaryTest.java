package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SummaryTest {
    private static final Summary SHOP = new Summary(
            List.of(
                    new Summary.Table("company", 40, 40, 0, 0, 0, 0, 8, 21_000),
                    new Summary.Table("order", 9_000, 8_993, 1, 0, 6, 12, 8, 812_345),
                    new Summary.Table("order__lines", 22_514, 22_514, 0, 0, 0, 0, 8, 1_204_000)),
            List.of(
                    Map.entry("run", "2026-11-21T07-00-00Z-k3f9"),
                    Map.entry("took", "24.6 s"),
                    Map.entry("replaced", "SHOP, 3 tables"),
                    Map.entry("files at", "data/staging/shop/runs/2026-11-21T07-00-00Z-k3f9/"),
                    Map.entry("record", "data/staging/shop/runs/2026-11-21T07-00-00Z-k3f9/record.json")),
            List.of("scripts/millrace sql jobs/shop.yaml \"select count(*) from order\""));

    @Test
    void alignsTablesFactsAndCommands() {
        assertThat(SHOP.text(Terminal.NONE)).isEqualTo("""
                table           read  written  quarantined  expired  rescued  files     size
                ----------------------------------------------------------------------------
                company           40       40            0        0        0      8  21.0 KB
                order          9,000    8,993            1        6       12      8   812 KB
                order__lines  22,514   22,514            0        0        0      8   1.2 MB
                ----------------------------------------------------------------------------
                total         31,554   31,547            1        6       12     24   2.0 MB
                every row accounted for: 31,554 read = 31,547 written + 1 quarantined + 6 expired

                run       2026-11-21T07-00-00Z-k3f9
                took      24.6 s
                replaced  SHOP, 3 tables
                files at  data/staging/shop/runs/2026-11-21T07-00-00Z-k3f9/
                record    data/staging/shop/runs/2026-11-21T07-00-00Z-k3f9/record.json

                try next
                  scripts/millrace sql jobs/shop.yaml "select count(*) from order"
                """);
    }

    @Test
    void drawsLinesWhereTheTerminalCan() {
        assertThat(SHOP.text(new Terminal(true, true, 100, true))
                        .lines()
                        .skip(1)
                        .findFirst())
                .hasValue("─".repeat(76));
    }

    @Test
    void namesTablesThatDoNotBalance() {
        Summary lost = new Summary(
                List.of(
                        new Summary.Table("a", 10, 10, 0, 0, 0, 0, 1, 1),
                        new Summary.Table("b", 10, 9, 0, 0, 0, 0, 1, 1)),
                List.of(),
                List.of());
        assertThat(lost.text(Terminal.NONE)).contains("ROWS MISSING OR INVENTED in b: 20 read against 19 written");
    }

    @Test
    void noticesWhatOneTableLostAndAnotherInvented() {
        Summary swapped = new Summary(
                List.of(
                        new Summary.Table("a", 10, 11, 0, 0, 0, 0, 1, 1),
                        new Summary.Table("b", 10, 9, 0, 0, 0, 0, 1, 1)),
                List.of(),
                List.of());
        assertThat(swapped.text(Terminal.NONE))
                .contains("ROWS MISSING OR INVENTED in a, b: 20 read against 20 written");
    }

    @Test
    void fitsAHundredColumnsAndNeverCutsAName() {
        String name = "a_name_as_long_as_postgresql_allows_it_to_be_63_bytes__________";
        long many = 999_999_999 / 4;
        String text = new Summary(
                        List.of(
                                new Summary.Table(name, 4 * many, many, many, many, many, many, 999_999, 131_900_000),
                                new Summary.Table("b", 0, 0, 0, 0, 0, 0, 0, 0)),
                        List.of(),
                        List.of())
                .text(Terminal.NONE);
        assertThat(text).contains(name + "\n");
        assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
    }

    @Test
    void saysOnlyTheFactsOfAPhaseWithoutTables() {
        assertThat(new Summary(List.of(), List.of(Map.entry("run", "r")), List.of()).text(Terminal.NONE))
                .isEqualTo("run  r\n");
    }
}
