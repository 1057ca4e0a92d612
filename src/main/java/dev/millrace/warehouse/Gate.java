package dev.millrace.warehouse;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.TableCounts;
import dev.millrace.table.Column;
import dev.millrace.table.TableDefinition;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The checks between upload and replace. It changes nothing. */
public final class Gate {
    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);
    private static final String ROWS = "rows";

    private Gate() {}

    /**
     * Checks a run's staging.
     *
     * @param landed all tables that were uploaded
     * @param items what became of the source's items in the run as a whole, for {@code max-quarantine}
     * @throws Fault USER when a rule names a table or column that the run does not have, all of them at once
     */
    public static List<GateResult> check(
            Warehouse warehouse, Load load, List<LandedTable> landed, TableCounts items, GateRules rules) {
        requireNames(load.tables(), rules);
        List<ColumnSet> notNull = new ArrayList<>();
        new TreeMap<>(rules.notNull())
                .forEach((table, columns) -> columns.forEach(c -> notNull.add(columnSet(load, table, List.of(c)))));
        List<ColumnSet> unique = new ArrayList<>();
        new TreeMap<>(rules.unique())
                .forEach((table, sets) -> sets.forEach(set -> unique.add(columnSet(load, table, set))));
        Counts counts = warehouse.check(load, notNull, unique);

        List<GateResult> results = new ArrayList<>();
        results.addAll(rows(load, landed, counts));
        results.add(quarantined(items, rules));
        results.addAll(shrink(counts, rules.maxShrink()));
        new TreeMap<>(rules.minRows()).forEach((name, least) -> {
            String table = name(load, name);
            long rows = counts.stagingRows().get(table);
            results.add(new GateResult("min-rows", table, "at least " + least, Long.toString(rows), rows >= least));
        });
        for (ColumnSet set : notNull) {
            results.add(
                    none("not-null", set, "rows without a value", counts.nulls().get(set)));
        }
        for (ColumnSet set : unique) {
            results.add(none("unique", set, "repeated rows", counts.duplicates().get(set)));
        }
        return List.copyOf(results);
    }

    /**
     * Throws a gate fault that names every check that failed and is not accepted, one a line.
     *
     * @param isAccepted whether a person lets the run pass a rule, by its name
     */
    public static void requirePassed(Load load, List<GateResult> results, Predicate<String> isAccepted) {
        List<GateResult> failed = results.stream()
                .filter(r -> !r.passed() && !(canBeAccepted(r) && isAccepted.test(r.name())))
                .toList();
        if (!failed.isEmpty()) {
            List<String> rules = failed.stream().allMatch(Gate::canBeAccepted)
                    ? failed.stream().map(GateResult::name).distinct().sorted().toList()
                    : List.of();
            throw Fault.gate(
                    rules,
                    "The gate refused run " + load.run() + "; live is as it was:" + System.lineSeparator()
                            + failed.stream()
                                    .map(GateResult::toString)
                                    .collect(Collectors.joining(System.lineSeparator())));
        }
    }

    /** All but the count of rows: what misses some, or has some twice, is never right. */
    private static boolean canBeAccepted(GateResult result) {
        return !result.rule().equals(ROWS);
    }

    private static List<GateResult> rows(Load load, List<LandedTable> landed, Counts counts) {
        List<GateResult> results = new ArrayList<>();
        for (TableDefinition table : load.tables()) {
            Optional<LandedTable> manifest = landed.stream()
                    .filter(l -> l.name().equalsIgnoreCase(table.name()))
                    .findFirst();
            long expected = manifest.map(LandedTable::rows).orElse(0L);
            long actual = counts.stagingRows().get(table.name());
            results.add(new GateResult(
                    ROWS, table.name(), expected + " as in the manifest", Long.toString(actual), expected == actual));
        }
        return results;
    }

    /** The only check that asks nothing of the warehouse. */
    public static GateResult quarantined(TableCounts items, GateRules rules) {
        BigDecimal max = rules.maxQuarantine();
        BigDecimal in = BigDecimal.valueOf(items.in());
        BigDecimal quarantined = BigDecimal.valueOf(items.quarantined());
        boolean passed = quarantined.compareTo(in.multiply(max)) <= 0;
        String share = items.in() == 0 ? "" : " (" + percent(quarantined.divide(in, 6, RoundingMode.UP)) + ")";
        return new GateResult(
                "max-quarantine",
                "*",
                "at most " + percent(max) + " of " + items.in() + " rows",
                items.quarantined() + share,
                passed);
    }

    private static List<GateResult> shrink(Counts counts, BigDecimal max) {
        List<GateResult> results = new ArrayList<>();
        if (max.compareTo(BigDecimal.ONE) == 0) {
            return results;
        }
        Map<String, Long> staging = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        staging.putAll(counts.stagingRows());
        new TreeMap<>(counts.liveRows()).forEach((table, live) -> {
            // A table that the run no longer has shrinks to nothing.
            long rows = staging.getOrDefault(table, 0L);
            BigDecimal least = BigDecimal.valueOf(live)
                    .multiply(BigDecimal.ONE.subtract(max))
                    .setScale(0, RoundingMode.CEILING);
            boolean passed = rows >= least.longValueExact();
            String found = staging.containsKey(table) ? Long.toString(rows) : "no such table";
            results.add(new GateResult(
                    "max-shrink",
                    table,
                    "at least " + least + " (" + percent(max) + " below live's " + live + ")",
                    found,
                    passed));
        });
        return results;
    }

    private static GateResult none(String rule, ColumnSet set, String what, long found) {
        return new GateResult(
                rule + " (" + String.join(", ", set.columns()) + ")",
                set.table(),
                "0 " + what,
                Long.toString(found),
                found == 0);
    }

    private static String percent(BigDecimal share) {
        return share.multiply(HUNDRED).stripTrailingZeros().toPlainString() + " %";
    }

    /**
     * Refuses rules for what is not there; told as soon as the tables are known.
     *
     * @param tables that a run brings
     * @throws Fault USER when a rule names another table, or a column that its table does not have, all of them at once
     */
    public static void requireNames(List<TableDefinition> tables, GateRules rules) {
        List<String> mistakes = new ArrayList<>();
        new TreeMap<>(rules.minRows())
                .keySet()
                .forEach(table -> addMistakes(mistakes, tables, "min-rows", table, List.of()));
        new TreeMap<>(rules.notNull())
                .forEach((table, columns) -> addMistakes(mistakes, tables, "not-null", table, columns));
        new TreeMap<>(rules.unique())
                .forEach((table, sets) -> sets.forEach(set -> addMistakes(mistakes, tables, "unique", table, set)));
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
    }

    private static void addMistakes(
            List<String> mistakes, List<TableDefinition> tables, String rule, String name, List<String> columns) {
        Optional<TableDefinition> table =
                tables.stream().filter(t -> t.name().equalsIgnoreCase(name)).findFirst();
        if (table.isEmpty()) {
            mistakes.add("Invalid gate: " + rule + ": no table " + name + ": the run has "
                    + tables.stream().map(TableDefinition::name).sorted().collect(Collectors.joining(", ")));
            return;
        }
        for (String column : columns) {
            if (table.get().column(column).isEmpty()) {
                mistakes.add("Invalid gate: " + rule + ": no column " + column + " in table "
                        + table.get().name() + ": it has "
                        + table.get().columns().stream().map(Column::name).collect(Collectors.joining(", ")));
            }
        }
    }

    /** The names as the definitions write them. */
    private static ColumnSet columnSet(Load load, String table, List<String> columns) {
        TableDefinition definition = load.table(table).orElseThrow();
        return new ColumnSet(
                definition.name(),
                columns.stream()
                        .map(c -> definition.column(c).orElseThrow().name())
                        .toList());
    }

    private static String name(Load load, String table) {
        return load.table(table).orElseThrow().name();
    }
}
