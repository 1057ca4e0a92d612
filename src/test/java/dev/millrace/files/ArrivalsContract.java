package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.config.FileSource.OnChange;
import dev.millrace.config.FolderPattern;
import dev.millrace.config.Location;
import dev.millrace.fault.Fault;
import dev.millrace.files.Arrival.Reason;
import dev.millrace.run.Commit;
import dev.millrace.run.JobStore;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.Plan;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What of a source is new, run after run, on each kind of storage. */
abstract class ArrivalsContract {
    private static final Duration LOOKBACK = Duration.ofDays(3);
    private static final Duration RELIST = Duration.ofDays(1);

    private final Random random = new Random(5);
    private Storage source;
    private Storage staging;
    private Instant now = Instant.parse("2026-11-21T08:05:00Z");
    private String pattern = "{yyyy}/{MM}/{dd}/{HH}";
    private OnChange onChange = OnChange.REPROCESS;

    /** A new empty folder. */
    abstract Storage storage();

    /** How often something is repeated that has little to do with the storage; fewer where each request takes long. */
    int times(int many, int few) {
        return many;
    }

    @BeforeEach
    void folders() {
        source = storage();
        staging = storage();
        source.put("2026/keep", new byte[0]);
    }

    @Test
    void takesEachFileOnce() {
        write("2026/11/21/06/a.gz", "2026/11/21/07/b.gz", "2026/11/20/23/c.gz");
        assertThat(taken()).containsExactly("2026/11/20/23/c.gz", "2026/11/21/06/a.gz", "2026/11/21/07/b.gz");
        commit(find());
        assertThat(taken()).isEmpty();
        write("2026/11/21/07/d.gz");
        assertThat(taken()).containsExactly("2026/11/21/07/d.gz");
    }

    @Test
    void whatIsNotCommittedIsNewToTheNextRun() {
        write("2026/11/21/07/a.gz");
        plan(find());
        assertThat(taken()).containsExactly("2026/11/21/07/a.gz");
    }

    @Test
    void listsOnlyFoldersOfTheLookbackUntilARelistIsDue() {
        write("2026/11/21/07/a.gz");
        Arrivals first = find();
        assertThat(first.isWhole()).isTrue();
        commit(first);
        write("2026/11/18/08/in.gz", "2026/11/18/07/out.gz", "2025/12/31/23/old.gz", "2026/12/01/00/ahead.gz");
        Arrivals second = find();
        assertThat(second.isWhole()).isFalse();
        assertThat(paths(second)).containsExactly("2026/11/18/08/in.gz", "2026/12/01/00/ahead.gz");
        assertThat(second.listed()).isEqualTo(3);
        assertThat(second.late()).isEqualTo(1);
        commit(second);
        now = now.plus(RELIST);
        Arrivals third = find();
        assertThat(third.isWhole()).isTrue();
        assertThat(paths(third)).containsExactly("2025/12/31/23/old.gz", "2026/11/18/07/out.gz");
        assertThat(third.late()).isEqualTo(2);
        commit(third);
        assertThat(find().isWhole()).isFalse();
    }

    @Test
    void aListingThatIsNotCommittedIsRepeated() {
        write("2020/01/01/00/a.gz");
        plan(find());
        assertThat(find().isWhole()).isTrue();
        assertThat(taken()).containsExactly("2020/01/01/00/a.gz");
    }

    @Test
    void aClockThatWasWrongOnceDoesNotPutOffTheNextRelist() {
        Instant right = now;
        now = Instant.parse("2050-01-01T00:00:00Z");
        write("2026/11/21/07/a.gz");
        commit(find());
        now = right;
        write("2026/10/01/00/b.gz");
        assertThat(taken()).containsExactly("2026/10/01/00/b.gz");
    }

    @Test
    void aRewrittenFileIsReadAgainAndItsRowsReplaced() {
        write("2026/11/21/07/a.gz", "2026/11/21/07/b.gz");
        commit(find());
        source.put("2026/11/21/07/a.gz", "other".getBytes(StandardCharsets.UTF_8));
        Arrivals arrivals = find();
        assertThat(arrivals.files()).extracting(Arrival::reason).containsExactly(Reason.CHANGED);
        Plan plan = plan(arrivals);
        assertThat(units(plan).replaced(plan.units())).containsExactly("2026/11/21/07/a.gz");
        commit(plan, arrivals);
        assertThat(taken()).isEmpty();
    }

    @Test
    void aRewrittenFileIsRefusedOnceWhereItMustNotChange() {
        onChange = OnChange.QUARANTINE;
        write("2026/11/21/07/a.gz");
        commit(find());
        source.put("2026/11/21/07/a.gz", "other".getBytes(StandardCharsets.UTF_8));
        Arrivals arrivals = find();
        assertThat(arrivals.files()).extracting(Arrival::reason).containsExactly(Reason.REFUSED);
        assertThat(arrivals.files().get(0).reason().text()).contains("changed after it had been read");
        Plan plan = plan(arrivals);
        assertThat(units(plan).replaced(plan.units())).isEmpty();
        commit(plan, arrivals);
        assertThat(taken()).isEmpty();
        assertThat(ledger().coverage(folder()).refused()).isEqualTo(1);
    }

    @Test
    void rangesAndRepetition() {
        write("2026/11/19/05/a.gz", "2026/11/20/06/b.gz", "2026/11/21/07/c.gz");
        commit(find());
        write("2026/11/20/23/d.gz", "2026/11/21/00/e.gz", "2026/02/30/00/f.gz");
        TimeRange day = TimeRange.parse(Optional.of("2026-11-20"), Optional.of("2026-11-21"));
        assertThat(paths(search().find(ledger(), now, day, false))).containsExactly("2026/11/20/23/d.gz");
        Arrivals again = search().find(ledger(), now, day, true);
        assertThat(again.files())
                .extracting(arrival -> arrival.file().path() + " " + arrival.reason())
                .containsExactly("2026/11/20/06/b.gz AGAIN", "2026/11/20/23/d.gz NEW");
        assertThat(again.isWhole()).isFalse();
        assertThat(paths(search().find(ledger(), now, TimeRange.ALL, true))).hasSize(6);
        TimeRange since = TimeRange.parse(Optional.of("2026-11-20T23:30"), Optional.empty());
        assertThat(paths(search().find(ledger(), now, since, true)))
                .containsExactly("2026/11/20/23/d.gz", "2026/11/21/00/e.gz", "2026/11/21/07/c.gz");
        assertThat(paths(search().named(List.of("2026/11/21/07/c.gz", "2026/11/19/05/a.gz", "gone"), now)))
                .containsExactly("2026/11/19/05/a.gz", "2026/11/21/07/c.gz");
    }

    @Test
    void whereFoldersTellNoTimeAllIsListedAndFilesAreOfTheirLastWrite() {
        pattern = "";
        write("a.json", "deep/b.json");
        Arrivals arrivals = find();
        assertThat(paths(arrivals)).containsExactly("2026/keep", "a.json", "deep/b.json");
        commit(arrivals);
        write("deep/c.json");
        assertThat(taken()).containsExactly("deep/c.json");
        TimeRange past = TimeRange.parse(Optional.empty(), Optional.of("2001-01-01"));
        assertThat(search().find(ledger(), now, past, true).isEmpty()).isTrue();
        Instant written = source.stat("a.json").orElseThrow().modified();
        TimeRange today = new TimeRange(Optional.of(written.minusSeconds(60)), Optional.of(written.plusSeconds(600)));
        assertThat(paths(search().find(ledger(), now, today, true))).contains("a.json", "deep/b.json", "deep/c.json");
    }

    @Test
    void othersTemporaryFilesAndFoldersAreNotOfTheSource() {
        write(
                "2026/11/21/07/_SUCCESS",
                "2026/11/21/07/.a.gz.crc",
                "2026/11/21/07/_temporary/0/b.gz",
                "2026/11/21/x7/c.gz",
                "2026/11/21/d.gz",
                "2026/11/tmp/07/e.gz",
                "2026/11/21/07/below/f.gz");
        assertThat(taken()).containsExactly("2026/11/21/07/below/f.gz");
        assertThat(paths(new ArrivalSearch(new SourceFolder(source, at(), "?.gz"), LOOKBACK, RELIST, onChange)
                        .find(ledger(), now, TimeRange.ALL, false)))
                .containsExactly("2026/11/21/07/below/f.gz");
        assertThat(paths(new ArrivalSearch(new SourceFolder(source, at(), "*.json"), LOOKBACK, RELIST, onChange)
                        .find(ledger(), now, TimeRange.ALL, false)))
                .isEmpty();
    }

    @Test
    void readsTimesInOneName() {
        pattern = "dt={yyyy}-{MM}-{dd}";
        write("dt=2026-11-21/a.gz", "dt=2026-11-01/b.gz", "dt=2026-1-1/c.gz", "dt=2026-11-21x/d.gz");
        assertThat(taken()).containsExactly("dt=2026-11-01/b.gz", "dt=2026-11-21/a.gz");
        commit(find());
        write("dt=2026-11-18/e.gz", "dt=2026-11-17/f.gz");
        assertThat(taken()).containsExactly("dt=2026-11-18/e.gz");
    }

    @Test
    void ofTwoRunsAtOnceOneTakesAFile() {
        write("2026/11/21/06/a.gz");
        Plan first = plan(find());
        write("2026/11/21/07/b.gz");
        Plan second = plan(find());
        Commit winner = commit(second);
        assertThatThrownBy(() -> commit(first))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.kind()).isEqualTo(Fault.Kind.SUPERSEDED))
                .hasMessageContaining("commit " + winner.n() + " has taken file 2026/11/21/06/a.gz");
        assertThat(taken()).isEmpty();
    }

    @Test
    void runsWithoutCommonFilesBothCommit() {
        write("2026/11/21/06/a.gz", "2026/11/21/07/b.gz");
        Plan first = plan(
                search().find(ledger(), now, TimeRange.parse(Optional.empty(), Optional.of("2026-11-21T07")), false));
        Plan second = plan(
                search().find(ledger(), now, TimeRange.parse(Optional.of("2026-11-21T07"), Optional.empty()), false));
        assertThat(commit(second).n()).isEqualTo(1);
        assertThat(commit(first).n()).isEqualTo(2);
        assertThat(commit(second).n()).isEqualTo(1);
        assertThat(taken()).isEmpty();
    }

    /** Another process of the run commits while this one looks whether it may. */
    @Test
    void ofTwoProcessesOfOneRunBothGetItsCommit() {
        write("2026/11/21/06/a.gz");
        Plan plan = plan(find());
        List<Commit> others = new ArrayList<>();
        Storage watched = (Storage) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Storage.class}, (proxy, method, arguments) -> {
                    boolean looks = method.getName().equals("names") && arguments[0].equals("job/inputs/");
                    if (looks && others.isEmpty()) {
                        others.add(commit(plan));
                    }
                    return method.invoke(staging, arguments);
                });
        JobStore store = new JobStore(watched, "job", Clock.fixed(now, ZoneOffset.UTC), random);
        Commit mine = new FileLedger(watched, "job", store.ledger())
                .commit(plan, units(plan), Map.of(), Map.of(), Map.of("fact", "kept"));
        assertThat(others).containsExactly(mine);
    }

    @Test
    void aLateCommitIsRefusedAlsoWhenTheListsAreMerged() {
        write("2026/11/21/06/a.gz");
        Plan late = plan(find());
        commit(find());
        for (int i = 0; i < times(17, 9); i++) {
            write("2026/11/21/07/" + i + ".gz");
            commit(find());
            ledger().compact();
        }
        assertThatThrownBy(() -> commit(late)).isInstanceOf(Fault.class).hasMessageContaining("comes too late");
    }

    @Test
    void compactsItselfAndForgetsNothing() {
        int runs = times(27, 18);
        for (int i = 0; i < runs; i++) {
            write("2026/11/21/07/%d.gz".formatted(i));
            source.put("2026/11/21/07/0.gz", ("version " + i).getBytes(StandardCharsets.UTF_8));
            now = now.plus(RELIST);
            commit(find());
            ledger().compact();
            ledger().compact();
            assertThat(find().isEmpty()).isTrue();
        }
        List<String> names = staging.names("job/inputs/");
        assertThat(names).filteredOn(name -> name.startsWith("snapshot-")).hasSize(2);
        assertThat(names).hasSizeLessThan(20);
        assertThat(known()).hasSize(runs);
        assertThat(known().get("2026/11/21/07/0.gz").commit()).isEqualTo(runs);
        assertThat(known().get("2026/11/21/07/16.gz").commit()).isEqualTo(17);
    }

    /** Also where an earlier version has merged its list before it had come to its end. */
    @Test
    void whatARunThatIsGivenUpHasTakenIsTakenAgain() {
        Commit last = null;
        for (int i = 0; i < 8; i++) {
            write("2026/11/21/07/%d.gz".formatted(i));
            last = commit(plan(find()));
        }
        ledger().compact();
        assertThat(staging.names("job/inputs/")).contains("snapshot-0000000008.jsonl.zst");
        ledger().rememberListing(now);

        ledger().giveBack(last, folder(), false);
        store().run(last.run()).finish(Outcome.ABANDONED, "its lake is gone");

        now = now.plus(LOOKBACK.multipliedBy(2));
        assertThat(find().files())
                .extracting(arrival -> arrival.file().path(), Arrival::reason)
                .containsExactly(tuple("2026/11/21/07/7.gz", Reason.AGAIN));
        // The list of who was given up is merged as such.
        ledger().compact();
        assertThat(taken()).containsExactly("2026/11/21/07/7.gz");
        commit(find());
        ledger().compact();
        assertThat(find().isEmpty()).isTrue();
    }

    @Test
    void aRunWhoseFilesAreGoneIsNotGivenUp() {
        write("2026/11/21/07/a.gz");
        Commit commit = commit(plan(find()));
        source.delete(List.of("2026/11/21/07/a.gz"));
        assertThatThrownBy(() -> ledger().giveBack(commit, folder(), false))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith(
                        "Run " + commit.run() + " cannot be given up: 1 of the files that it has read are gone")
                .hasMessageContaining("the first is 2026/11/21/07/a.gz");
    }

    /** Lists of runs that never committed are not read, whatever becomes of them. */
    @Test
    void onlyWhatACommitNamesCounts() {
        write("2026/11/21/07/a.gz");
        commit(find());
        write("2026/11/21/07/b.gz");
        staging.put("job/inputs/2026-11-21T08-05-00Z-dead.jsonl.zst", new byte[] {1, 2, 3});
        assertThat(taken()).containsExactly("2026/11/21/07/b.gz");
    }

    @Test
    void tellsWhatIsCovered() {
        write("2026/11/20/22/a.gz", "2026/11/20/22/b.gz", "2026/11/20/23/c.gz", "2026/11/21/02/d.gz");
        Arrivals arrivals = find();
        Plan plan = plan(arrivals);
        ledger().commit(
                        plan,
                        units(plan),
                        Map.of("2026/11/20/22/a.gz", 7L, "2026/11/20/23/c.gz", 5L),
                        Map.of(),
                        Map.of());
        ledger().rememberListing(arrivals.at());
        assertThat(ledger().coverage(folder()))
                .isEqualTo(new Coverage(
                        4,
                        source.list("2026/11/").stream()
                                .mapToLong(StoredFile::bytes)
                                .sum(),
                        12,
                        0,
                        Optional.of(Instant.parse("2026-11-20T22:00:00Z")),
                        Optional.of(Instant.parse("2026-11-21T03:00:00Z")),
                        List.of(new Coverage.Gap(
                                Instant.parse("2026-11-21T00:00:00Z"), Instant.parse("2026-11-21T02:00:00Z"))),
                        Optional.of(now)));
    }

    @Test
    void anEmptyFolderIsNoMistake() {
        assertThat(find().isEmpty()).isTrue();
        assertThat(ledger().coverage(folder()).files()).isZero();
    }

    /** Files come, change and are taken in any order, and runs die: each version is taken once, none is left out. */
    @Test
    void anyOrderOfEventsTakesEachVersionOnce() {
        Map<String, String> taken = new HashMap<>();
        for (int i = 0; i < times(40, 8); i++) {
            for (int k = random.nextInt(5); k > 0; k--) {
                String path = "2026/%02d/%02d/%02d/%d.gz"
                        .formatted(
                                10 + random.nextInt(2), 1 + random.nextInt(20), random.nextInt(24), random.nextInt(9));
                source.put(path, ("content " + random.nextLong()).getBytes(StandardCharsets.UTF_8));
            }
            now = now.plus(Duration.ofHours(random.nextInt(12)));
            Arrivals arrivals = find();
            Plan plan = plan(arrivals);
            if (random.nextInt(4) > 0) {
                for (Arrival arrival : arrivals.files()) {
                    String etag = arrival.file().etag();
                    assertThat(taken.put(arrival.file().path(), etag)).isNotEqualTo(etag);
                }
                commit(plan, arrivals);
                ledger().compact();
            }
        }
        now = now.plus(RELIST);
        Arrivals rest = find();
        rest.files()
                .forEach(arrival ->
                        taken.put(arrival.file().path(), arrival.file().etag()));
        Map<String, String> there = new HashMap<>();
        source.list("2026/1").forEach(file -> there.put(file.path(), file.etag()));
        assertThat(taken).isEqualTo(there);
    }

    private void write(String... paths) {
        for (String path : paths) {
            source.put(path, path.getBytes(StandardCharsets.UTF_8));
        }
    }

    private FolderPattern at() {
        List<String> folders = pattern.isEmpty() ? List.of() : List.of(pattern.split("/"));
        return new FolderPattern(new Location(source.root()), folders);
    }

    SourceFolder folder() {
        return new SourceFolder(source, at(), "*");
    }

    private ArrivalSearch search() {
        return new ArrivalSearch(folder(), LOOKBACK, RELIST, onChange);
    }

    Arrivals find() {
        return search().find(ledger(), now, TimeRange.ALL, false);
    }

    private List<String> taken() {
        return paths(find());
    }

    private static List<String> paths(Arrivals arrivals) {
        return arrivals.files().stream().map(arrival -> arrival.file().path()).toList();
    }

    private JobStore store() {
        return new JobStore(staging, "job", Clock.fixed(now, ZoneOffset.UTC), random);
    }

    FileLedger ledger() {
        return new FileLedger(staging, "job", store().ledger());
    }

    private FileUnits units(Plan plan) {
        return new FileUnits(staging, store().run(plan.run()).path("files/"));
    }

    private Plan plan(Arrivals arrivals) {
        RunId run = RunId.startingAt(now, random);
        List<PlannedUnit> units = new FileUnits(staging, store().run(run).path("files/"))
                .plan(arrivals, 1 << 20, 2, arrival -> List.of(FilePart.whole(arrival.file())));
        long last = store().ledger().last().map(Commit::n).orElse(0L);
        return new Plan(
                Plan.FORMAT,
                run,
                "job",
                "{}",
                List.of(Phase.EXTRACT),
                units,
                Optional.empty(),
                Optional.of(now),
                Optional.of(last));
    }

    private Commit commit(Plan plan) {
        return ledger().commit(plan, units(plan), Map.of(), Map.of(), Map.of("fact", "kept"));
    }

    private void commit(Plan plan, Arrivals arrivals) {
        assertThat(commit(plan).facts()).containsEntry("fact", "kept");
        if (arrivals.isWhole()) {
            ledger().rememberListing(arrivals.at());
        }
    }

    private void commit(Arrivals arrivals) {
        commit(plan(arrivals), arrivals);
    }

    private Map<String, KnownFile> known() {
        Map<String, KnownFile> all = new HashMap<>();
        List<String> order = new ArrayList<>();
        try (KnownFiles known = ledger().known()) {
            for (Optional<KnownFile> file = known.next(); file.isPresent(); file = known.next()) {
                all.put(file.get().path(), file.get());
                order.add(file.get().path());
            }
        }
        assertThat(order).containsExactlyElementsOf(new TreeSet<>(order));
        return all;
    }
}
