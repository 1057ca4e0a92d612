package dev.millrace.job;

import dev.millrace.dynamodb.Spool;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.LandingManifests;
import dev.millrace.run.Commit;
import dev.millrace.run.DataFile;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.PhaseRecord;
import dev.millrace.run.PhaseState;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A job that ran once, alone and to its end: what any other job on the same table has to come to, whatever happened to
 * it on the way. Rows are compared by DuckDB, each counted; manifests, ledger and record by their figures.
 */
final class Undisturbed {
    private static final String QUARANTINE = "_quarantine";

    private final ShopJob job;

    Undisturbed(ShopJob job) {
        this.job = job;
    }

    /** Runs a job for the first time. */
    static Undisturbed run(ShopJob job) {
        ShopJob.Ended ended = job.run();
        if (ended.exitCode() != 0) {
            throw new AssertionError(ended.output());
        }
        return new Undisturbed(job);
    }

    /** How the last result of a job differs from this one, a sentence each. Empty when all is as it should be. */
    List<String> differences(ShopJob other) {
        List<String> found = new ArrayList<>();
        compareLedger(other, found);
        if (!found.isEmpty()) {
            return found;
        }
        RunStore mine = last(job);
        RunStore run = last(other);
        if (run.end().map(end -> end.outcome() != Outcome.DONE).orElse(true)) {
            found.add("run " + run.id() + " is not done: " + run.end());
        }
        boolean infers = other.store().runs().size() == 1;
        for (String phase : List.of(Spool.PHASE, Phase.INFER_SCHEMA.label(), Phase.EXTRACT.label())) {
            // A later run has the data-schema of an earlier one.
            if (infers || !phase.equals(Phase.INFER_SCHEMA.label())) {
                compare("units of " + phase, units(mine, phase), units(run, phase), found);
            }
        }
        requireFiles(other, run, found);
        compareLanding(mine, run, found);
        for (Phase phase : ShopJob.PHASES) {
            compare("phase " + phase.label(), phase(mine, phase), phase(run, phase), found);
        }
        // Whatever was tried twice is counted once.
        compare("the census", census(job), census(other), found);
        compare("the census's run", run.id().value(), other.census().run(), found);
        compareRecords(mine.record().orElseThrow(), run.record(), found);
        compareRows(other, mine, run, found);
        found.addAll(leftovers(other));
        return found;
    }

    private static RunStore last(ShopJob of) {
        return of.store().run(of.store().ledger().last().orElseThrow().run());
    }

    private static void compare(String what, Object expected, Object actual, List<String> found) {
        if (!expected.equals(actual)) {
            found.add(what + " should be " + expected + ", but is " + actual);
        }
    }

    /** Numbers without gaps, each run once; the counts of the last are those of an undisturbed run. */
    private void compareLedger(ShopJob other, List<String> found) {
        List<Commit> commits = other.commits();
        if (commits.isEmpty()) {
            found.add("nothing was committed");
            return;
        }
        Set<RunId> runs = new HashSet<>();
        for (int i = 0; i < commits.size(); i++) {
            if (commits.get(i).n() != i + 1 || !runs.add(commits.get(i).run())) {
                found.add("the ledger has gaps, or a run twice: " + commits);
            }
        }
        compare(
                "the last commit",
                job.commits().get(0).counts(),
                commits.get(commits.size() - 1).counts(),
                found);
    }

    /** Rows and counts by unit and table. */
    private static Map<String, String> units(RunStore run, String phase) {
        Map<String, String> units = new TreeMap<>();
        for (UnitManifest unit : run.units().committed(phase)) {
            Map<String, Long> rows = unit.files().stream()
                    .collect(Collectors.groupingBy(
                            DataFile::table, TreeMap::new, Collectors.summingLong(DataFile::rows)));
            units.put(unit.unit(), rows + " " + new TreeMap<>(unit.counts()));
        }
        return units;
    }

    /** Each file that a unit names is there, as it was when it was named. */
    private static void requireFiles(ShopJob other, RunStore run, List<String> found) {
        Storage storage = other.storage();
        List<String> phases = new ArrayList<>(List.of(Phase.INFER_SCHEMA.label(), Phase.EXTRACT.label()));
        if (other.keepsSpool()) {
            phases.add(Spool.PHASE);
        }
        for (String phase : phases) {
            for (UnitManifest unit : run.units().committed(phase)) {
                for (DataFile file : unit.files()) {
                    Optional<StoredFile> stored = storage.stat(file.path());
                    boolean same = stored.filter(
                                    s -> s.bytes() == file.bytes() && s.etag().equals(file.etag()))
                            .isPresent();
                    if (!same) {
                        found.add("not as unit " + unit.unit() + " names it: " + file + ", but " + stored);
                    }
                }
            }
        }
    }

    /** The landing's manifests name what the units name, and count as those of an undisturbed run. */
    private static void compareLanding(RunStore mine, RunStore run, List<String> found) {
        Map<String, Set<DataFile>> named = new HashMap<>();
        for (UnitManifest unit : run.units().committed(Phase.EXTRACT.label())) {
            unit.files()
                    .forEach(file -> named.computeIfAbsent(file.table(), none -> new HashSet<>())
                            .add(file));
        }
        for (String table : mine.phase(Phase.EXTRACT).orElseThrow().counts().keySet()) {
            LandedTable expected = landed(mine, table);
            LandedTable actual = landed(run, table);
            compare("the landing of " + table, expected.definition(), actual.definition(), found);
            compare("the landing of " + table, expected.counts(), actual.counts(), found);
            compare(
                    "the landing's files of " + table,
                    named.getOrDefault(table, Set.of()),
                    Set.copyOf(actual.files()),
                    found);
        }
    }

    private static LandedTable landed(RunStore run, String table) {
        String folder = table.equals(QUARANTINE)
                ? "shop/quarantine/" + run.id() + "/datalake/"
                : "shop/" + table + "/snapshot=" + run.id() + "/datalake/";
        return LandingManifests.read(run.storage(), LandingManifests.folder(folder));
    }

    /** A phase's facts and counts, but for the run's number and what it cost. */
    private static String phase(RunStore run, Phase phase) {
        Optional<PhaseCommit> commit = run.phase(phase);
        Map<String, String> facts = new TreeMap<>(commit.map(PhaseCommit::facts).orElse(Map.of()));
        facts.keySet().removeAll(List.of(ExtractWork.COMMIT, TableReading.CONSUMED));
        Map<String, TableCounts> counts =
                new TreeMap<>(commit.map(PhaseCommit::counts).orElse(Map.of()));
        return commit.isPresent() + " " + facts + " " + counts;
    }

    private static String census(ShopJob of) {
        return new String(of.census().census().toJson(), StandardCharsets.UTF_8);
    }

    private static void compareRecords(RunRecord mine, Optional<RunRecord> other, List<String> found) {
        if (other.isEmpty()) {
            found.add("there is no record");
            return;
        }
        compare("the record's outcome", Optional.of(Outcome.DONE), other.get().outcome(), found);
        compare("the record's phases", phases(mine), phases(other.get()), found);
        compare("the record's tables", tables(mine), tables(other.get()), found);
    }

    private static Map<Phase, PhaseState> phases(RunRecord record) {
        return record.phases().stream()
                .collect(Collectors.toMap(PhaseRecord::phase, PhaseRecord::state, (a, b) -> a, TreeMap::new));
    }

    private static Map<String, String> tables(RunRecord record) {
        Map<String, String> tables = new TreeMap<>();
        record.tables()
                .forEach((name, table) -> tables.put(
                        name, table.counts() + ", " + table.files() + " files, schema " + table.schemaVersion()));
        return tables;
    }

    private void compareRows(ShopJob other, RunStore mine, RunStore run, List<String> found) {
        try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckDb.createStatement()) {
            compareRows("landing", statement, landing(job, mine), landing(other, run), found);
            Map<String, String> expected = live(statement, job, "mine");
            Map<String, String> actual = live(statement, other, "other");
            try (ResultSet row = statement.executeQuery("SELECT run FROM other._millrace.version")) {
                row.next();
                compare("live", run.id().value(), row.getString(1), found);
            }
            compareRows("live", statement, expected, actual, found);
        } catch (SQLException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void compareRows(
            String where,
            Statement statement,
            Map<String, String> expected,
            Map<String, String> actual,
            List<String> found)
            throws SQLException {
        compare("the tables of " + where, expected.keySet(), actual.keySet(), found);
        for (String table : actual.keySet()) {
            if (expected.containsKey(table)) {
                String a = actual.get(table);
                String b = expected.get(table);
                long less = number(statement, "SELECT count(*) FROM (" + b + " EXCEPT ALL " + a + ")");
                long more = number(statement, "SELECT count(*) FROM (" + a + " EXCEPT ALL " + b + ")");
                if (less + more > 0) {
                    found.add(where + ", " + table + ": " + less + " rows are missing, " + more + " are too many");
                }
            }
        }
    }

    private static long number(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** A select for each table of the live warehouse. */
    private static Map<String, String> live(Statement statement, ShopJob of, String name) throws SQLException {
        statement.execute("ATTACH '" + of.database() + "' AS " + name + " (READ_ONLY)");
        Map<String, String> selects = new TreeMap<>();
        try (ResultSet rows = statement.executeQuery("SELECT table_name FROM duckdb_tables() WHERE database_name = '"
                + name + "' AND schema_name = 'shop'")) {
            while (rows.next()) {
                String table = rows.getString(1);
                selects.put(table, "SELECT * FROM " + name + ".shop.\"" + table + "\"");
            }
        }
        return selects;
    }

    /** A select for each table of a run's landing. */
    private static Map<String, String> landing(ShopJob of, RunStore run) throws IOException {
        Map<String, List<String>> files = new TreeMap<>();
        for (UnitManifest unit : run.units().committed(Phase.EXTRACT.label())) {
            for (DataFile file : unit.files()) {
                files.computeIfAbsent(file.table(), none -> new ArrayList<>()).add("'" + local(of, file.path()) + "'");
            }
        }
        Map<String, String> selects = new TreeMap<>();
        files.forEach((table, paths) ->
                selects.put(table, "SELECT * FROM read_parquet(" + paths + ", hive_partitioning = false)"));
        return selects;
    }

    /** A file on this disk, brought there if it is not. */
    private static Path local(ShopJob of, String path) throws IOException {
        Optional<Path> here = of.storage().localPath(path);
        if (here.isPresent()) {
            return here.get();
        }
        Path copy = Files.createDirectories(of.folder().resolve("downloads")).resolve(path.replace('/', '~'));
        try (InputStream in = of.storage().open(path)) {
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
        }
        return copy;
    }

    /** Files beside the warehouse that are neither a version that live or rollback needs, nor the lock. */
    private static List<String> leftovers(ShopJob other) {
        List<String> needed = new ArrayList<>(List.of("lock"));
        other.commits().forEach(commit -> needed.add(commit.run() + ".duckdb"));
        try (var entries = Files.list(other.database().resolveSibling("warehouse.duckdb.versions"))) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(entry -> !needed.contains(entry))
                    .sorted()
                    .map(entry -> "left behind beside the warehouse: " + entry)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
