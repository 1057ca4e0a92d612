package dev.millrace.job;

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

    private final StoredJob job;

    Undisturbed(StoredJob job) {
        this.job = job;
    }

    /** Runs a job for the first time. */
    static Undisturbed run(StoredJob job) {
        StoredJob.Ended ended = job.run();
        if (ended.exitCode() != 0) {
            throw new AssertionError(ended.output());
        }
        return new Undisturbed(job);
    }

    /** How the last result of a job differs from this one, a sentence each. Empty when all is as it should be. */
    List<String> differences(StoredJob other) {
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
        boolean infers = other.store().runs().size() == job.store().runs().size();
        for (String phase : job.unitPhases()) {
            // A later run has the data-schema of an earlier one.
            if (infers || !phase.equals(Phase.INFER_SCHEMA.label())) {
                compare("units of " + phase, units(job, mine, phase), units(other, run, phase), found);
            }
        }
        requireFiles(other, run, found);
        compareLanding(other, mine, run, found);
        for (Phase phase : job.phases()) {
            compare("phase " + phase.label(), phase(job, mine, phase), phase(other, run, phase), found);
        }
        // Whatever was tried twice is counted once.
        compare("the census", census(job), census(other), found);
        compare("the census's run", run.id().value(), other.census().run(), found);
        compareRecords(mine.record().orElseThrow(), run.record(), found);
        compareRows(other, mine, run, found);
        found.addAll(other.leftovers());
        return found;
    }

    private static RunStore last(StoredJob of) {
        return of.store().run(of.store().ledger().last().orElseThrow().run());
    }

    private static void compare(String what, Object expected, Object actual, List<String> found) {
        if (!expected.equals(actual)) {
            found.add(what + " should be " + expected + ", but is " + actual);
        }
    }

    /** Numbers without gaps, each run once; the counts of the last are those of an undisturbed run. */
    private void compareLedger(StoredJob other, List<String> found) {
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
                job.commits().get(job.commits().size() - 1).counts(),
                commits.get(commits.size() - 1).counts(),
                found);
    }

    /** Rows and counts by table of each unit, with the names of units that are named alike everywhere. */
    private static List<String> units(StoredJob of, RunStore run, String phase) {
        List<String> units = new ArrayList<>();
        for (UnitManifest unit : run.units().committed(phase)) {
            Map<String, Long> rows = unit.files().stream()
                    .collect(Collectors.groupingBy(
                            DataFile::table, TreeMap::new, Collectors.summingLong(DataFile::rows)));
            units.add((of.namesUnitsAlike() ? unit.unit() : "") + " " + rows + " " + new TreeMap<>(unit.counts()));
        }
        units.sort(null);
        return units;
    }

    /** Each file that a unit names is there, as it was when it was named. */
    private static void requireFiles(StoredJob other, RunStore run, List<String> found) {
        Storage storage = other.storage();
        for (String phase : other.filePhases()) {
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
    private void compareLanding(StoredJob other, RunStore mine, RunStore run, List<String> found) {
        Map<String, Set<DataFile>> named = new HashMap<>();
        for (UnitManifest unit : run.units().committed(Phase.EXTRACT.label())) {
            unit.files()
                    .forEach(file -> named.computeIfAbsent(file.table(), none -> new HashSet<>())
                            .add(file));
        }
        for (String table : mine.phase(Phase.EXTRACT).orElseThrow().counts().keySet()) {
            LandedTable expected = landed(job, mine, table);
            LandedTable actual = landed(other, run, table);
            compare("the landing of " + table, expected.definition(), actual.definition(), found);
            compare("the landing of " + table, expected.counts(), actual.counts(), found);
            compare(
                    "the landing's files of " + table,
                    named.getOrDefault(table, Set.of()),
                    Set.copyOf(actual.files()),
                    found);
        }
    }

    private static LandedTable landed(StoredJob of, RunStore run, String table) {
        String folder = table.equals(QUARANTINE)
                ? of.name() + "/quarantine/" + run.id() + "/datalake/"
                : of.name() + "/" + table + "/snapshot=" + run.id() + "/datalake/";
        return LandingManifests.read(run.storage(), LandingManifests.folder(folder));
    }

    /** A phase's facts and counts, but for the run's number and what it cost. */
    private static String phase(StoredJob of, RunStore run, Phase phase) {
        Optional<PhaseCommit> commit = run.phase(phase);
        Map<String, String> facts = new TreeMap<>(commit.map(PhaseCommit::facts).orElse(Map.of()));
        facts.keySet().removeAll(List.of(ExtractWork.COMMIT, TableReading.CONSUMED));
        // Paths of the folder are in the files.
        facts.keySet().removeIf(fact -> fact.endsWith(PublishWork.BYTES));
        Map<String, TableCounts> counts =
                new TreeMap<>(commit.map(PhaseCommit::counts).orElse(Map.of()));
        return of.neutral(commit.isPresent() + " " + facts + " " + counts);
    }

    private static String census(StoredJob of) {
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

    private void compareRows(StoredJob other, RunStore mine, RunStore run, List<String> found) {
        try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckDb.createStatement()) {
            compareRows("landing", statement, landing(job, mine), landing(other, run), found);
            compareRows(
                    "what readers see", statement, job.seen(statement, "mine"), other.seen(statement, "other"), found);
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
                List<String> less = rows(statement, b + " EXCEPT ALL " + a);
                List<String> more = rows(statement, a + " EXCEPT ALL " + b);
                if (!less.isEmpty() || !more.isEmpty()) {
                    found.add(
                            where + ", " + table + ": " + some(less) + " are missing, " + some(more) + " are too many");
                }
            }
        }
    }

    private static String some(List<String> rows) {
        return rows.size() + " rows" + (rows.isEmpty() ? "" : ", such as " + rows.get(0) + ",");
    }

    private static List<String> rows(Statement statement, String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (ResultSet rows =
                statement.executeQuery("SELECT CAST(row AS VARCHAR) FROM (" + sql + ") AS row ORDER BY 1")) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }

    /** A select for each table of a run's landing. */
    private static Map<String, String> landing(StoredJob of, RunStore run) throws IOException {
        Map<String, List<String>> files = new TreeMap<>();
        for (UnitManifest unit : run.units().committed(Phase.EXTRACT.label())) {
            for (DataFile file : unit.files()) {
                files.computeIfAbsent(file.table(), none -> new ArrayList<>()).add("'" + local(of, file.path()) + "'");
            }
        }
        Map<String, String> selects = new TreeMap<>();
        files.forEach((table, paths) -> selects.put(
                table, "SELECT " + of.columns(table) + " FROM read_parquet(" + paths + ", hive_partitioning = false)"));
        return selects;
    }

    /** A file on this disk, brought there if it is not. */
    private static Path local(StoredJob of, String path) throws IOException {
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
}
