package dev.millrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a job's state promises, on whatever storage. */
abstract class RunContract {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final RunId RUN = new RunId("2026-11-21T07-00-00Z-k3f9");
    private static final RunId OTHER = new RunId("2026-11-21T07-00-01Z-aaaa");
    private static final TableCounts COUNTS = new TableCounts(10, 7, 1, 1, 1, 2);

    final SetClock clock = new SetClock("2026-11-21T07:00:00Z");
    private final Random random = new Random(7);

    /** Empty at first; the same one at every call within a test. */
    abstract Storage staging();

    private static ResolvedJob job(String json) {
        return new ResolvedJob(json, UnaryOperator.identity());
    }

    private JobStore store() {
        return new JobStore(staging(), "shop", clock, random);
    }

    // Units

    @Test
    void ofManyAttemptsAtAUnitOneWins() throws Exception {
        UnitCommits units = store().run(RUN).units();
        List<UnitManifest> seen = together(8, i -> units.commit(manifest("0003", "attempt" + i)));
        assertThat(seen).hasSize(8).containsOnly(seen.get(0));
        assertThat(units.find("extract", "0003")).contains(seen.get(0));
        assertThat(units.find("extract", "0004")).isEmpty();
        assertThat(units.find("infer-schema", "0003")).isEmpty();
        assertThat(seen.get(0).counts()).containsEntry("orders", COUNTS);
    }

    @Test
    void committedUnitsComeInOrder() {
        UnitCommits units = store().run(RUN).units();
        for (String unit : List.of("0010", "0002", "0001")) {
            units.commit(manifest(unit, "a"));
        }
        assertThat(units.committed("extract")).extracting(UnitManifest::unit).containsExactly("0001", "0002", "0010");
        assertThat(units.committed("infer-schema")).isEmpty();
        assertThat(units.units("extract")).containsExactlyInAnyOrder("0001", "0002", "0010");
        assertThat(units.units("infer-schema")).isEmpty();
        assertThat(paths("shop/runs/" + RUN + "/units/extract/")).hasSize(3);
    }

    @Test
    void unitCommitsTravelToTasks() throws Exception {
        UnitCommits units = store().run(RUN).units();
        units.commit(manifest("0001", "a"));
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(wire)) {
            out.writeObject(units);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(wire.toByteArray()))) {
            assertThat(((UnitCommits) in.readObject()).committed("extract")).containsExactly(manifest("0001", "a"));
        }
    }

    // What reading has cost

    private static final ReadAccount.Reader READER = new ReadAccount.Reader("a", "1/1", 2);

    @Test
    void accountsOfManyAtOnceHoldNoMoreThanTheRunMayCost() throws Exception {
        List<List<ReadAccount>> opened = together(6, thread -> {
            ReadAccounts accounts = store().run(RUN).reads();
            List<ReadAccount> mine = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                accounts.open(READER, 10, 30, 325).ifPresent(mine::add);
            }
            return mine;
        });
        List<ReadAccount> all = opened.stream().flatMap(List::stream).toList();
        assertThat(all).extracting(ReadAccount::number).doesNotHaveDuplicates().hasSize(11);
        assertThat(all)
                .extracting(ReadAccount::reserved)
                .containsOnly(30.0, 25.0)
                .containsOnlyOnce(25.0);
        assertThat(store().run(RUN).reads().claimed()).isEqualTo(325);
    }

    @Test
    void whatAnAccountGivesBackIsForOthers() {
        ReadAccounts accounts = store().run(RUN).reads();
        ReadAccount first = accounts.open(READER, 10, 80, 100).orElseThrow();
        assertThat(accounts.open(READER, 21, 50, 100)).isEmpty();
        assertThat(accounts.cost()).isEmpty();
        ReadAccount spent = first.after(30.5, false).after(0, true);
        accounts.write(spent.keeping(9.5));
        ReadAccounts others = store().run(RUN).reads();
        assertThat(others.claimed()).isEqualTo(40);
        ReadAccount second = others.open(READER, 21, 50, 100).orElseThrow();
        assertThat(second.reserved()).isEqualTo(50);
        // More than was set aside: what is spent is spent.
        accounts.write(spent.after(40, false).ended());
        assertThat(others.claimed()).isEqualTo(70.5 + 50);
        assertThat(others.open(READER, 1, 1, 100)).isEmpty();
        assertThat(others.cost()).contains(new ReadCost(70.5, 3, 1, ""));
        assertThat(others.open(READER, 1, 0, Double.POSITIVE_INFINITY)).isPresent();
    }

    // Files

    @Test
    void filesAreJsonThatANewerVersionMayExtend() {
        UnitCommits units = store().run(RUN).units();
        units.commit(manifest("0001", "a"));
        String path = "shop/runs/" + RUN + "/units/extract/0001.json";
        String text = staging().find(path).orElseThrow().utf8();
        assertThat(text.lines().map(String::strip).toList())
                .containsSubsequence(
                        "\"attempt\" : \"a\",",
                        "\"counts\" : {",
                        "\"orders\" : {",
                        "\"duplicates\" : 1,",
                        "\"expired\" : 1,",
                        "\"in\" : 10,",
                        "\"facts\" : {",
                        "\"format\" : 1,",
                        "\"unit\" : \"0001\"")
                .noneMatch(line -> line.contains("alanced"));
        staging().put(path, text.replaceFirst("\\{", "{\"later\": [1],").getBytes(UTF_8));
        assertThat(units.find("extract", "0001")).contains(manifest("0001", "a"));
    }

    @Test
    void aFileThatCannotBeReadIsNamed() {
        UnitCommits units = store().run(RUN).units();
        String path = "shop/runs/" + RUN + "/units/extract/0001.json";
        String uri = staging().uri(path);
        for (String damaged : List.of("{\"format\": 1, \"unit", "", "[]", "{\"format\": 1}", "{\"format\":1} x")) {
            staging().put(path, damaged.getBytes(UTF_8));
            assertThatThrownBy(() -> units.find("extract", "0001"))
                    .as(damaged)
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith("Cannot read " + uri + ": it ")
                    .extracting(failure -> ((Fault) failure).kind())
                    .isEqualTo(Fault.Kind.WORLD);
        }
        staging().put(path, "{\"format\": 2}".getBytes(UTF_8));
        assertThatThrownBy(() -> units.find("extract", "0001"))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot read " + uri
                        + ": it has format 2, this version of Millrace knows up to 1. Use a newer one");
    }

    @Test
    void everyDamagedFileIsNamed() {
        RunStore run = begun();
        for (String path : List.of("plan.json", "end.json", "record.json", "phases/extract.json")) {
            staging().put(run.path(path), "{".getBytes(UTF_8));
        }
        staging().put("shop/commits/0000000001.json", "{".getBytes(UTF_8));
        staging().put("shop/lock.json", "{".getBytes(UTF_8));
        for (Map.Entry<String, Runnable> use : Map.<String, Runnable>of(
                        run.path("plan.json"),
                        run::plan,
                        run.path("end.json"),
                        run::end,
                        run.path("record.json"),
                        run::record,
                        run.path("phases/extract.json"),
                        () -> run.phase(Phase.EXTRACT),
                        "shop/commits/0000000001.json",
                        () -> store().ledger().last(),
                        "shop/lock.json",
                        () -> lock().acquire(RUN, "me", Overlap.SKIP, false))
                .entrySet()) {
            assertThatThrownBy(() -> use.getValue().run())
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith("Cannot read " + staging().uri(use.getKey()) + ": it is damaged (");
        }
    }

    // Runs

    @Test
    void theFirstStarterPlansAndOthersRead() {
        RunStore first = begun();
        assertThat(first.id().value()).startsWith("2026-11-21T07-00-00Z-");
        RunStore second = store().begin(Optional.empty(), HOUR, job("{\"job\":\"shop\"}"), id -> {
            throw new AssertionError("planned twice: " + id);
        });
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.plan())
                .isEqualTo(plan(first.id(), "{\"job\":\"shop\"}", Optional.of(clock.instant()), Optional.of(0L)));
        assertThat(store().runs()).containsExactly(first.id());
        assertThat(first.path("x/y")).isEqualTo("shop/runs/" + first.id() + "/x/y");
    }

    @Test
    void ofManyStartersOfARunOnePlanStands() throws Exception {
        List<Plan> plans = together(
                8,
                i -> store().begin(
                                Optional.of(RUN),
                                HOUR,
                                job("{}"),
                                id -> new Plan(
                                        1, id, "shop", "{}", List.of(), List.of(new PlannedUnit("u" + i, Map.of()))))
                        .plan());
        assertThat(plans).hasSize(8).containsOnly(plans.get(0));
    }

    @Test
    void anUnfinishedRunIsTakenUpWithinItsTime() {
        RunStore first = begun();
        clock.forward(HOUR.minusSeconds(1));
        assertThat(begun().id()).isEqualTo(first.id());
        assertThat(store().unfinished()).map(RunStore::id).contains(first.id());
    }

    @Test
    void anUnfinishedRunPastItsTimeIsAbandonedAndCleaned() {
        RunStore first = begun();
        String snapshot = "shop/orders/snapshot=" + first.id() + "/datalake/0001.parquet";
        String quarantined = "shop/quarantine/" + first.id() + "/0001.json";
        String ofAnother = "shop/orders/snapshot=" + RUN + "/datalake/0001.parquet";
        for (String path : List.of(
                first.path("spool/0001.json.gz"),
                first.path("census/0001.json"),
                first.path("units/extract/0001.json"),
                snapshot,
                quarantined,
                ofAnother)) {
            staging().put(path, new byte[] {1});
        }
        clock.forward(HOUR);
        RunStore second = begun();
        assertThat(second.id()).isGreaterThan(first.id());
        assertThat(first.end())
                .contains(new RunEnd(
                        1,
                        Outcome.ABANDONED,
                        "unfinished for more than PT1H",
                        clock.instant(),
                        Optional.of(List.of())));
        assertThat(paths(first.path(""))).containsExactly(first.path("end.json"), first.path("plan.json"));
        assertThat(paths("shop/orders/")).containsExactly(ofAnother);
        assertThat(paths("shop/quarantine/")).isEmpty();
        assertThat(begun().id()).isEqualTo(second.id());
    }

    @Test
    void anAbandonedRunIsCleanedByTheNextWhenTheFirstWasStopped() {
        RunStore first = begun();
        first.finish(Outcome.ABANDONED, "");
        staging().put(first.path("spool/0001.json.gz"), new byte[] {1});
        begun();
        assertThat(paths(first.path("spool/"))).isEmpty();
    }

    @Test
    void anUnfinishedRunThatIsAtWorkIsNotAbandoned() {
        RunStore first = begun();
        clock.forward(HOUR.multipliedBy(3));
        try (Lease lease = lock().acquire(first.id(), "busy", Overlap.SKIP, false)) {
            assertThat(begun().id()).isEqualTo(first.id());
            assertThat(lease.isLost()).isFalse();
        }
        assertThat(begun().id()).isNotEqualTo(first.id());
    }

    @Test
    void afterARunThatIsDoneANewOneBegins() {
        RunStore stale = begun();
        clock.forward(Duration.ofSeconds(5));
        RunStore done = store().begin(
                        Optional.of(newId()), HOUR, job("{\"job\":\"shop\"}"), id -> plan(id, "{\"job\":\"shop\"}"));
        assertThat(done.finish(Outcome.DONE, "").outcome()).isEqualTo(Outcome.DONE);
        assertThat(done.finish(Outcome.ABANDONED, "too late").outcome()).isEqualTo(Outcome.DONE);
        assertThat(store().unfinished()).isEmpty();
        clock.forward(Duration.ofSeconds(5));
        assertThat(begun().id()).isNotEqualTo(done.id()).isNotEqualTo(stale.id());
    }

    @Test
    void theRunThatIsWantedIsTaken() {
        begun();
        RunStore wanted = store().begin(Optional.of(RUN), HOUR, job("{}"), id -> plan(id, "{}"));
        assertThat(wanted.id()).isEqualTo(RUN);
        assertThat(wanted.plan().run()).isEqualTo(RUN);
        store().abandon(wanted, "by hand");
        assertThatThrownBy(() -> store().begin(Optional.of(RUN), HOUR, job("{}"), id -> plan(id, "{}")))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith(
                        "Invalid run: " + RUN
                                + ": it was abandoned at 2026-11-21T07:00:00Z (by hand); start a new one, for example --run 2026-11-21T07-00-01Z-")
                .extracting(failure -> ((Fault) failure).kind())
                .isEqualTo(Fault.Kind.USER);
    }

    @Test
    void runsOfOneSecondKeepTheirOrder() {
        List<RunId> begun = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            RunStore run = store().begin(Optional.empty(), HOUR, job("{}"), id -> plan(id, "{}"));
            run.finish(Outcome.DONE, "");
            begun.add(run.id());
        }
        assertThat(store().runs()).isEqualTo(begun).doesNotHaveDuplicates();
        assertThat(begun.get(4).start()).isEqualTo(begun.get(0).start().plusSeconds(4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT1H", "P1D"})
    void runsKeepTheirOrderWhenTheClockIsSetBack(Duration back) {
        RunStore done = begun();
        done.finish(Outcome.DONE, "");
        clock.forward(back.negated());
        RunStore next = begun();
        assertThat(next.id().start()).isEqualTo(done.id().start().plusSeconds(1));
        assertThat(next.began()).isEqualTo(clock.instant());
        assertThat(store().unfinished()).map(RunStore::id).contains(next.id());
        clock.forward(HOUR);
        RunStore last = begun();
        assertThat(next.end().orElseThrow().outcome()).isEqualTo(Outcome.ABANDONED);
        last.finish(Outcome.DONE, "");
        clock.forward(Duration.ofDays(1));
        assertThat(begun().id().start()).isEqualTo(clock.instant());
    }

    @Test
    void aNameGivenByHandIsNotFollowedAndHidesNothing() {
        RunId future = new RunId("2036-01-01T00-00-00Z-hand");
        store().begin(Optional.of(future), HOUR, job("{}"), id -> plan(id, "{}"))
                .finish(Outcome.DONE, "");
        RunStore next = begun();
        assertThat(next.id().start()).isEqualTo(clock.instant());
        assertThat(begun().id()).isEqualTo(next.id());
    }

    @Test
    void aRunIsNotFinishedWithAnotherJobFile() {
        String before = "{\"job\":\"shop\",\"warehouse\":{\"schema\":\"a\",\"keep\":2}}";
        RunStore run = store().begin(Optional.empty(), HOUR, job(before), id -> plan(id, before));
        store().begin(
                        Optional.empty(),
                        HOUR,
                        job("{\"warehouse\":{\"keep\":2,\"schema\":\"a\"},\"job\":\"shop\"}"),
                        id -> plan(id, before));
        for (Map.Entry<String, String> now : Map.of(
                        "{\"job\":\"shop\",\"warehouse\":{\"schema\":\"b\",\"keep\":2}}",
                        "warehouse.schema: was \"a\", now \"b\"",
                        "{\"job\":\"shop\",\"warehouse\":{\"schema\":\"a\"}}",
                        "warehouse.keep: was 2, now not set",
                        "{\"every\":\"1h\",\"job\":\"shop\",\"warehouse\":{\"schema\":\"b\"}}",
                        "every: was not set, now \"1h\"")
                .entrySet()) {
            assertThatThrownBy(() -> store().begin(Optional.empty(), HOUR, job(now.getKey()), id -> plan(id, before)))
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith("Run " + run.id() + " was started with another job file: " + now.getValue()
                            + ". Finish it with that file, or start a new run, for example --run ");
        }
    }

    @Test
    void aRunNobodyStartedIsUnknown() {
        assertThatThrownBy(() -> store().run(RUN).plan())
                .isInstanceOf(Fault.class)
                .hasMessage(
                        "Unknown run: " + RUN + ": there is no " + staging().uri("shop/runs/" + RUN + "/plan.json"));
        assertThatThrownBy(() -> store().run(RUN).finish(Outcome.FAILED, "network"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A failed run has not ended: " + RUN + ": network");
    }

    // Gates and what people accept

    @Test
    void aRefusedRunThatIsAcceptedGoesOnAndEndsAgain() {
        RunStore run = begun();
        run.finish(Outcome.REFUSED, "too few", List.of("max-shrink", "unique"));
        assertThat(run.end().orElseThrow().rules()).contains(List.of("max-shrink", "unique"));
        assertThat(run.finish(Outcome.DONE, "").outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(run.accepts("unique")).isFalse();

        clock.forward(Duration.ofDays(2));
        Acceptance mine = run.accept(List.of("max-shrink", "unique"), "we moved", "ada@host");
        assertThat(run.end()).isEmpty();
        assertThat(run.accepts("unique")).isTrue();
        assertThat(run.accepts("min-rows")).isFalse();
        assertThat(run.accepted()).isEqualTo(Map.of("max-shrink", "we moved", "unique", "we moved"));
        // It counts as young from then on, so the next start takes it up.
        assertThat(begun().id()).isEqualTo(run.id());

        run.finish(Outcome.REFUSED, "and too few here", List.of("min-rows"));
        assertThat(run.end().orElseThrow().reason()).isEqualTo("and too few here");
        run.accept(List.of("min-rows"), "we moved this too", "ada@host");
        assertThat(run.accepted().keySet()).containsExactlyInAnyOrder("max-shrink", "min-rows", "unique");
        assertThat(run.finish(Outcome.DONE, "").outcome()).isEqualTo(Outcome.DONE);
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(mine.at()).isEqualTo(clock.instant());
    }

    @Test
    void ofManyWhoAcceptARunOneStands() throws Exception {
        RunStore run = begun();
        run.finish(Outcome.REFUSED, "too few", List.of("max-shrink"));
        List<Acceptance> stands = together(8, i -> run.accept(List.of("max-shrink"), "reason " + i, "me"));
        assertThat(stands).hasSize(8).containsOnly(stands.get(0));
        assertThat(run.accepted()).isEqualTo(Map.of("max-shrink", stands.get(0).reason()));
        assertThat(run.end()).isEmpty();
        assertThat(run.finish(Outcome.DONE, "").outcome()).isEqualTo(Outcome.DONE);
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
    }

    // Lifetimes

    @Test
    void whatBygoneRunsStagedIsRemovedOnce() {
        Duration keep = Duration.ofDays(2);
        RunStore done = staged(begun());
        done.finish(Outcome.DONE, "");
        clock.forward(Duration.ofHours(1));
        RunStore refused = staged(begun());
        refused.finish(Outcome.REFUSED, "too few", List.of("max-shrink"));
        clock.forward(Duration.ofHours(1));
        RunStore neverEnded = staged(begun());
        clock.forward(Duration.ofHours(1));
        RunStore last = staged(store().begin(Optional.of(newId()), HOUR, job("{}"), id -> plan(id, "{}")));
        last.finish(Outcome.DONE, "");

        store().enforceLifetimes(keep, last.id());
        assertThat(stagedFiles()).hasSize(16);

        clock.forward(keep.plusHours(1));
        RunStore current = staged(begun());
        store().enforceLifetimes(keep, current.id());
        // The last that is done keeps what it staged, however old it is: a retry of its quarantine needs it.
        assertThat(stagedFiles())
                .hasSize(8)
                .allMatch(path -> path.contains(last.id().value())
                        || path.contains(current.id().value()));
        for (RunStore old : List.of(done, refused, neverEnded)) {
            assertThat(paths(old.path(""))).contains(old.path("end.json"), old.path("plan.json"));
        }
        assertThat(neverEnded.end().orElseThrow().outcome()).isEqualTo(Outcome.ABANDONED);

        // Who was cleared is not looked at again.
        staging().put(done.path("spool/again"), new byte[] {1});
        store().enforceLifetimes(keep, current.id());
        assertThat(paths(done.path("spool/"))).hasSize(1);
    }

    @Test
    void leftoversAreWhatNoCommitNamesAndWhatBygoneRunsStaged() {
        Duration keep = Duration.ofDays(2);
        RunStore abandoned = begun();
        abandoned.finish(Outcome.ABANDONED, "by hand");
        clock.forward(Duration.ofSeconds(10));
        RunStore open = staged(begun());
        // Its process was still at work.
        staged(abandoned);
        String named = "shop/orders/snapshot=" + open.id() + "/datalake/0001-aaaa.parquet";
        String lost = "shop/orders/snapshot=" + open.id() + "/datalake/0001-bbbb.parquet";
        String spooled = open.path("spool/AWSDynamoDB/x/data/0001-cccc.json.zst");
        staging().put(named, new byte[] {1});
        staging().put(lost, new byte[] {1});
        staging().put(spooled, new byte[] {1});
        staging().put("shop/notes.txt", new byte[] {1});
        staging().put("shop/schema/1.json", new byte[] {1});
        open.units()
                .commit(new UnitManifest(
                        1,
                        "extract",
                        "0001",
                        "aaaa",
                        List.of(new DataFile("orders", named, 1, 1, "e")),
                        Map.of(),
                        Map.of()));
        staging().put("shop/orders/snapshot=" + RUN + "/datalake/0001.parquet", new byte[] {1});

        // Storage tells its own time, which is later than that of this test's clock.
        assertThat(store().leftovers(keep, Duration.ofDays(1))).isEmpty();
        clock.forward(Duration.ofDays(20_000));
        List<Leftover> leftovers = store().leftovers(Duration.ofDays(30_000), Duration.ofDays(1));
        assertThat(leftovers)
                .extracting(leftover -> leftover.file().path())
                .contains(lost, spooled)
                .doesNotContain(named);
        assertThat(leftovers)
                .extracting(Leftover::reason)
                .containsOnly(
                        "run " + abandoned.id() + " was abandoned",
                        "no commit of run " + open.id() + " names it",
                        "run " + RUN + " has no plan");
        assertThat(leftovers.stream().filter(l -> l.reason().startsWith("no commit")))
                .hasSize(6);
        assertThat(leftovers.stream().filter(l -> l.reason().endsWith("was abandoned")))
                .hasSize(4);
        try (Lease lease = lock().acquire(open.id(), "busy", Overlap.SKIP, false)) {
            assertThat(lease.isLost()).isFalse();
            assertThat(store().leftovers(Duration.ofDays(30_000), Duration.ofDays(1)))
                    .noneMatch(leftover -> leftover.reason().contains(open.id().value()));
        }
    }

    @Test
    void whatAnUnfinishedRunTakesForItsInputStays() {
        Duration keep = Duration.ofDays(2);
        RunStore refused = staged(begun());
        refused.finish(Outcome.REFUSED, "too many in quarantine");
        clock.forward(keep.plusHours(1));
        RunStore taking = store().begin(Optional.empty(), HOUR, job("{}"), id -> taking(id, refused.id(), 7));
        assertThat(store().run(taking.id()).plan().input()).contains(new SpooledInput(refused.id(), 7));
        clock.forward(Duration.ofSeconds(10));
        RunStore other = store().begin(Optional.of(newId()), HOUR, job("{}"), id -> plan(id, "{}"));
        other.finish(Outcome.DONE, "");
        store().enforceLifetimes(keep, other.id());
        assertThat(stagedFiles()).hasSize(4);
        clock.forward(Duration.ofDays(20_000));
        assertThat(store().leftovers(keep, Duration.ofDays(1)))
                .noneMatch(leftover -> leftover.reason().startsWith("run "));

        taking.finish(Outcome.DONE, "");
        store().enforceLifetimes(keep, other.id());
        assertThat(stagedFiles()).isEmpty();
    }

    private static Plan taking(RunId id, RunId from, long commit) {
        Plan plan = plan(id, "{}");
        return new Plan(
                plan.format(),
                id,
                plan.job(),
                plan.jobJson(),
                plan.phases(),
                plan.units(),
                Optional.of(new SpooledInput(from, commit)),
                Optional.empty(),
                Optional.of(commit));
    }

    /** Four files in the places where runs stage. */
    private RunStore staged(RunStore run) {
        for (String path : List.of(
                run.path("spool/AWSDynamoDB/x/data/0001.json.zst"),
                run.path("census/0001.json"),
                "shop/orders/snapshot=" + run.id() + "/datalake/0001.parquet",
                "shop/quarantine/" + run.id() + "/datalake/0001.parquet")) {
            staging().put(path, new byte[] {1});
        }
        return run;
    }

    private List<String> stagedFiles() {
        return paths("shop/").stream().filter(path -> path.contains("0001")).toList();
    }

    @Test
    void ofManyCommitsOfAPhaseOneStands() throws Exception {
        RunStore run = begun();
        assertThat(run.phase(Phase.INFER_SCHEMA)).isEmpty();
        List<PhaseCommit> seen = together(
                4,
                i -> run.commitPhase(
                        new PhaseCommit(1, "infer-schema", Map.of("by", "process " + i), Map.of("orders", COUNTS))));
        assertThat(seen).hasSize(4).containsOnly(seen.get(0));
        assertThat(run.phase(Phase.INFER_SCHEMA)).contains(seen.get(0));
        assertThat(run.phase(Phase.EXTRACT)).isEmpty();
    }

    // Ledger

    @Test
    void theLedgerCountsWithoutGaps() throws Exception {
        assertThat(store().ledger().last()).isEmpty();
        List<Commit> commits =
                together(8, i -> store().ledger().append(plan(runOf(i), "{}"), Map.of(), Map.of("i", "" + i)));
        assertThat(commits)
                .extracting(Commit::n)
                .containsExactlyInAnyOrderElementsOf(
                        LongStream.rangeClosed(1, 8).boxed().toList());
        assertThat(store().ledger().commits())
                .containsExactlyInAnyOrderElementsOf(commits)
                .isSortedAccordingTo((a, b) -> Long.compare(a.n(), b.n()));
        assertThat(store().ledger().last()).map(Commit::n).contains(8L);
    }

    @Test
    void aRunCommitsOnce() throws Exception {
        List<Commit> commits = together(
                8, i -> store().ledger().append(plan(runOf(i % 2), "{}"), Map.of("t", COUNTS), Map.of("i", "" + i)));
        assertThat(store().ledger().commits()).hasSize(2).containsAll(commits);
        assertThat(commits)
                .extracting(Commit::run)
                .containsExactly(
                        IntStream.range(0, 8).mapToObj(i -> runOf(i % 2)).toArray(RunId[]::new));
        assertThat(store().ledger()
                        .append(plan(runOf(0), "{}"), Map.of(), Map.of())
                        .counts())
                .containsEntry("t", COUNTS);
    }

    @Test
    void aRunThatComesAfterALaterOneIsSuperseded() {
        Plan first = plan(runOf(1), 0);
        Plan second = plan(runOf(2), 0);
        assertThat(store().ledger().append(second, Map.of(), Map.of()).n()).isEqualTo(1);
        assertThatThrownBy(() -> store().ledger().append(first, Map.of(), Map.of()))
                .isInstanceOf(Fault.class)
                .hasMessage("Run " + runOf(1) + " comes too late: run " + runOf(2)
                        + ", which began after it, has committed already, as number 1. Nothing is lost: that run's"
                        + " data is newer")
                .extracting(failure -> ((Fault) failure).exitCode())
                .isEqualTo(3);
        // An earlier run at the same time supersedes nobody, nor does a later name that had committed before.
        assertThat(store().ledger()
                        .append(plan(runOf(3), 0), Map.of(), Map.of())
                        .n())
                .isEqualTo(2);
        assertThat(store().ledger()
                        .append(plan(runOf(0), 2), Map.of(), Map.of())
                        .n())
                .isEqualTo(3);
        assertThat(store().ledger().commits()).extracting(Commit::run).containsExactly(runOf(2), runOf(3), runOf(0));
    }

    @Test
    void aRunWithANameOfTheFutureFindsItsCommit() {
        Plan future = plan(new RunId("2036-01-01T00-00-00Z-hand"), 0);
        Commit commit = store().ledger().append(future, Map.of(), Map.of());
        store().ledger().append(plan(RUN, 1), Map.of(), Map.of());
        assertThat(store().ledger().append(future, Map.of(), Map.of())).isEqualTo(commit);
        assertThat(store().ledger().commits()).hasSize(2);
    }

    @Test
    void aRunThatTakesAnInputCommitsOnlyRightAfterAnother() throws Exception {
        Ledger ledger = store().ledger();
        ledger.append(plan(RUN, 0), Map.of(), Map.of());
        Plan second = taking(runOf(2), RUN, 1);
        List<Commit> commits = together(8, i -> store().ledger().append(second, Map.of("t", COUNTS), Map.of()));
        assertThat(commits).hasSize(8).containsOnly(ledger.find(2).orElseThrow());
        assertThatThrownBy(() -> ledger.append(taking(runOf(3), RUN, 1), Map.of(), Map.of()))
                .hasMessage(
                        "Run " + runOf(3) + " comes too late: it makes rows of the items of commit 1, and there is a "
                                + "later one: nothing was changed")
                .extracting(failure -> ((Fault) failure).kind())
                .isEqualTo(Fault.Kind.SUPERSEDED);
        assertThat(ledger.append(taking(runOf(3), RUN, 2), Map.of(), Map.of()).n())
                .isEqualTo(3);
        assertThat(ledger.append(second, Map.of(), Map.of()).n()).isEqualTo(2);
        assertThat(ledger.commits()).extracting(Commit::run).containsExactly(RUN, runOf(2), runOf(3));
        assertThat(ledger.find(4)).isEmpty();
    }

    @Test
    void theTenthCommitComesAfterTheNinth() {
        for (int i = 0; i < 11; i++) {
            assertThat(store().ledger()
                            .append(plan(runOf(i), "{}"), Map.of(), Map.of())
                            .n())
                    .isEqualTo(i + 1);
        }
        assertThat(paths("shop/commits/"))
                .startsWith("shop/commits/0000000001.json")
                .endsWith("shop/commits/0000000011.json");
    }

    // Lock

    @Test
    void anotherRunIsToldWhoHoldsTheLock() {
        try (Lease lease = lock().acquire(RUN, "host-1 pid 42", Overlap.SKIP, false)) {
            assertThat(lease.isLost()).isFalse();
            assertThat(lock().heldBy()).contains(RUN);
            for (RunId run : List.of(RUN, OTHER)) {
                assertThatThrownBy(() -> lock().acquire(run, "host-2", Overlap.SKIP, false))
                        .isInstanceOf(Fault.class)
                        .hasMessage("Job shop is held by host-1 pid 42 since 2026-11-21T07:00:00Z, run " + RUN
                                + " (its lease ends at 2026-11-21T07:01:00Z unless it is renewed)."
                                + " Try again later, or let it wait: overlap: wait")
                        .extracting(failure -> ((Fault) failure).exitCode())
                        .isEqualTo(4);
            }
        }
        assertThat(lock().heldBy()).isEmpty();
        lock().acquire(OTHER, "host-2", Overlap.SKIP, false).close();
    }

    @Test
    void aLeaseOfAClockThatIsAheadIsNotWaitedFor() {
        clock.forward(Duration.ofHours(1));
        Lease ahead = lock().acquire(RUN, "host-1", Overlap.SKIP, false);
        clock.forward(Duration.ofHours(-1));
        assertThat(lock().heldBy()).isEmpty();
        try (Lease lease = lock().acquire(OTHER, "host-2", Overlap.SKIP, false)) {
            assertThat(lock().heldBy()).contains(OTHER);
            ahead.renew();
            assertThat(ahead.isLost()).isTrue();
            assertThat(lease.isLost()).isFalse();
        }
        ahead.close();
    }

    @Test
    void aLeaseThatWasLostIsTakenAgainUnlessAnotherHasIt() {
        Lease first = lock().acquire(RUN, "first", Overlap.SKIP, false);
        first.requireHeld();
        clock.forward(Duration.ofMinutes(1));
        first.requireHeld();
        assertThat(first.isLost()).isFalse();
        clock.forward(Duration.ofMinutes(1));
        try (Lease second = lock().acquire(OTHER, "second", Overlap.SKIP, false)) {
            assertThatThrownBy(first::requireHeld)
                    .isInstanceOf(Fault.class)
                    .hasMessage("Run " + RUN + " is left to others: this process held the job until"
                            + " 2026-11-21T07:02:00Z and could not renew that in time. Job shop is held by second since"
                            + " 2026-11-21T07:02:00Z, run " + OTHER + " (its lease ends at 2026-11-21T07:03:00Z unless"
                            + " it is renewed). Try again later, or let it wait: overlap: wait");
            assertThat(second.isLost()).isFalse();
        }
        first.renew();
        first.requireHeld();
        assertThat(lock().heldBy()).contains(RUN);
        first.close();
        assertThat(lock().heldBy()).isEmpty();
    }

    @Test
    void sharesOfARunEnterTogether() {
        try (Lease first = lock().acquire(RUN, "share 1/2", Overlap.SKIP, true)) {
            clock.forward(Duration.ofSeconds(1));
            Lease second = lock().acquire(RUN, "share 2/2", Overlap.SKIP, true);
            assertThatThrownBy(() -> lock().acquire(OTHER, "x", Overlap.SKIP, true))
                    .hasMessageStartingWith("Job shop is held by share 1/2 since ");
            second.close();
            second.close();
            assertThat(lock().heldBy()).contains(RUN);
            assertThat(first.isLost()).isFalse();
        }
        assertThat(lock().heldBy()).isEmpty();
    }

    @Test
    void aRenewedLeaseStaysAndAnExpiredOneIsTakenOver() {
        Lease first = lock().acquire(RUN, "first", Overlap.SKIP, false);
        clock.forward(Duration.ofSeconds(50));
        first.renew();
        clock.forward(Duration.ofSeconds(50));
        assertThat(first.isLost()).isFalse();
        assertThatThrownBy(() -> lock().acquire(OTHER, "second", Overlap.SKIP, false))
                .hasMessageContaining("since 2026-11-21T07:00:00Z");
        clock.forward(Duration.ofSeconds(10));
        assertThat(first.isLost()).isTrue();
        try (Lease second = lock().acquire(OTHER, "second", Overlap.SKIP, false)) {
            first.renew();
            assertThat(first.isLost()).isTrue();
            first.close();
            assertThat(lock().heldBy()).contains(OTHER);
            assertThat(second.isLost()).isFalse();
        }
    }

    @Test
    void aLeaseRenewsItself() throws Exception {
        Lock brief = new Lock(staging(), "shop", clock, random, Duration.ofMillis(300), Duration.ofMillis(10));
        try (Lease lease = brief.acquire(RUN, "first", Overlap.SKIP, false)) {
            String before = staging().stat("shop/lock.json").orElseThrow().etag();
            eventually(
                    () -> !staging().stat("shop/lock.json").orElseThrow().etag().equals(before));
            assertThat(lease.isLost()).isFalse();
        }
    }

    @Test
    void ofManyAtOnceOneHoldsTheLock() throws Exception {
        List<Optional<Lease>> leases = together(8, i -> {
            try {
                return Optional.of(lock().acquire(runOf(i), "process " + i, Overlap.SKIP, false));
            } catch (Fault held) {
                assertThat(held.kind()).isEqualTo(Fault.Kind.HELD);
                return Optional.empty();
            }
        });
        assertThat(leases).filteredOn(Optional::isPresent).hasSize(1);
        leases.forEach(lease -> lease.ifPresent(Lease::close));
    }

    @Test
    void whoWaitsEntersWhenTheLockIsFree() throws Exception {
        Lease first = lock().acquire(RUN, "first", Overlap.SKIP, false);
        CompletableFuture<Lease> second =
                CompletableFuture.supplyAsync(() -> lock().acquire(OTHER, "second", Overlap.WAIT, false));
        first.close();
        try (Lease lease = second.get(30, TimeUnit.SECONDS)) {
            assertThat(lock().heldBy()).contains(OTHER);
            assertThat(lease.isLost()).isFalse();
        }
    }

    @Test
    void aLeaseWhoseLockFileIsDamagedDoesNotBreakTheCleanUp() {
        Lease lease = lock().acquire(RUN, "first", Overlap.SKIP, false);
        staging().put("shop/lock.json", "{".getBytes(UTF_8));
        lease.renew();
        assertThat(lease.isLost()).isFalse();
        clock.forward(Duration.ofMinutes(1));
        assertThat(lease.isLost()).isTrue();
        lease.close();
    }

    // Record

    @Test
    void theRecordIsWrittenAsTheRunGoes() {
        RunStore run = store().run(RUN);
        assertThat(run.record()).isEmpty();
        Recorder recorder = run.recorder("shop", List.of(Phase.EXTRACT, Phase.REPLACE));
        assertThat(recorded().phases())
                .containsExactly(PhaseRecord.waiting(Phase.EXTRACT), PhaseRecord.waiting(Phase.REPLACE));
        recorder.phaseStarted(Phase.EXTRACT, 4);
        assertThat(recorded().phase(Phase.EXTRACT).orElseThrow().state()).isEqualTo(PhaseState.RUNNING);

        clock.forward(Duration.ofMillis(1999));
        recorder.unitsDone(Phase.EXTRACT, 1);
        assertThat(recorded().phase(Phase.EXTRACT).orElseThrow().unitsDone()).isZero();
        clock.forward(Duration.ofMillis(1));
        recorder.unitsDone(Phase.EXTRACT, 2);
        assertThat(recorded().phase(Phase.EXTRACT).orElseThrow().unitsDone()).isEqualTo(2);

        recorder.table("orders", new TableRecord(COUNTS, 3, 4096, 2));
        recorder.phaseDone(Phase.EXTRACT);
        Instant start = Instant.parse("2026-11-21T07:00:00Z");
        assertThat(recorded().phase(Phase.EXTRACT))
                .contains(new PhaseRecord(
                        Phase.EXTRACT,
                        PhaseState.DONE,
                        Optional.of(start),
                        Optional.of(start.plusSeconds(2)),
                        4,
                        4,
                        ""));
        assertThat(recorded().tables()).containsExactly(Map.entry("orders", new TableRecord(COUNTS, 3, 4096, 2)));

        GateResult refused = new GateResult("max-shrink", "orders", "at most 20%", "31%", false, Optional.empty());
        recorder.gate(List.of(refused));
        recorder.warehouse("duckdb shop.duckdb");
        recorder.phaseSkipped(Phase.REPLACE);
        recorder.ended(Outcome.REFUSED, "max-shrink of orders");
        assertThat(recorded()).isEqualTo(recorder.record());
        assertThat(recorded().gate()).containsExactly(refused);
        assertThat(recorded().outcome()).contains(Outcome.REFUSED);
        assertThat(recorded().ended()).contains(start.plusSeconds(2));
        assertThat(recorded().message()).isEqualTo("max-shrink of orders");
        assertThat(recorded().warehouse()).isEqualTo("duckdb shop.duckdb");
        assertThat(staging().find(run.path("record.json")).orElseThrow().utf8())
                .contains("\"outcome\" : \"refused\"", "\"state\" : \"skipped\"", "\"phase\" : \"replace\"");
        assertThatThrownBy(() -> recorder.phaseDone(Phase.UPLOAD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Not a phase of run " + RUN + ": upload");
    }

    @Test
    void aProcessThatComesLateLeavesTheRecordOfARunThatIsDone() {
        RunStore run = store().run(RUN);
        Recorder late = run.recorder("shop", List.of(Phase.EXTRACT));
        Recorder quick = run.recorder("shop", List.of(Phase.EXTRACT));
        late.phaseStarted(Phase.EXTRACT, 8);
        quick.phaseStarted(Phase.EXTRACT, 8);
        quick.phaseDone(Phase.EXTRACT);
        quick.ended(Outcome.DONE, "");
        RunRecord done = recorded();
        assertThat(done.outcome()).contains(Outcome.DONE);

        late.phaseFailed(Phase.EXTRACT, "too late");
        late.ended(Outcome.FAILED, "too late");
        assertThat(recorded()).isEqualTo(done);

        late.phaseDone(Phase.EXTRACT);
        late.ended(Outcome.DONE, "");
        assertThat(recorded()).isEqualTo(late.record());
    }

    @Test
    void aRunTakenUpContinuesItsRecord() {
        RunStore run = store().run(RUN);
        Recorder first = run.recorder("shop", List.of(Phase.INFER_SCHEMA, Phase.EXTRACT));
        first.phaseStarted(Phase.INFER_SCHEMA, 0);
        first.phaseDone(Phase.INFER_SCHEMA);
        first.phaseStarted(Phase.EXTRACT, 8);
        clock.forward(Duration.ofSeconds(3));
        first.unitsDone(Phase.EXTRACT, 5);
        first.table("orders", new TableRecord(COUNTS, 3, 4096, 2));
        first.phaseFailed(Phase.EXTRACT, "connection refused");
        first.ended(Outcome.FAILED, "connection refused");
        assertThat(run.end()).isEmpty();

        clock.forward(Duration.ofMinutes(10));
        Recorder second = run.recorder("shop", List.of(Phase.INFER_SCHEMA, Phase.EXTRACT, Phase.REPLACE));
        assertThat(recorded().outcome()).isEmpty();
        assertThat(recorded().ended()).isEmpty();
        assertThat(recorded().message()).isEmpty();
        assertThat(recorded().started()).isEqualTo("2026-11-21T07:00:00Z");
        assertThat(recorded().tables()).containsKey("orders");
        assertThat(recorded().phase(Phase.INFER_SCHEMA).orElseThrow().state()).isEqualTo(PhaseState.DONE);
        assertThat(recorded().phase(Phase.EXTRACT).orElseThrow().message()).isEqualTo("connection refused");
        second.phaseStarted(Phase.EXTRACT, 8);
        assertThat(recorded().phase(Phase.EXTRACT))
                .contains(new PhaseRecord(
                        Phase.EXTRACT,
                        PhaseState.RUNNING,
                        Optional.of(Instant.parse("2026-11-21T07:00:00Z")),
                        Optional.empty(),
                        5,
                        8,
                        ""));
    }

    private RunRecord recorded() {
        return store().run(RUN).record().orElseThrow();
    }

    private Lock lock() {
        return new Lock(staging(), "shop", clock, random, Duration.ofMinutes(1), Duration.ofMillis(20));
    }

    private RunStore begun() {
        return store().begin(
                        Optional.empty(),
                        HOUR,
                        job("{\"job\":\"shop\"}"),
                        id -> plan(id, "{\"job\":\"shop\"}", Optional.of(clock.instant()), Optional.of(0L)));
    }

    private RunId newId() {
        return RunId.startingAt(clock.instant(), random);
    }

    private static RunId runOf(int i) {
        return new RunId("2026-11-21T07-00-00Z-r%03d".formatted(i));
    }

    /** As an older version planned. */
    private static Plan plan(RunId id, String jobJson) {
        return plan(id, jobJson, Optional.empty(), Optional.empty());
    }

    private Plan plan(RunId id, long after) {
        return plan(id, "{}", Optional.of(clock.instant()), Optional.of(after));
    }

    private static Plan plan(RunId id, String jobJson, Optional<Instant> began, Optional<Long> after) {
        return new Plan(
                Plan.FORMAT,
                id,
                "shop",
                jobJson,
                List.of(Phase.INFER_SCHEMA, Phase.EXTRACT),
                List.of(new PlannedUnit("0001", Map.of("segment", "0", "segments", "1"))),
                Optional.empty(),
                began,
                after);
    }

    private static UnitManifest manifest(String unit, String attempt) {
        return new UnitManifest(
                UnitManifest.FORMAT,
                "extract",
                unit,
                attempt,
                List.of(new DataFile("orders", "shop/x/" + unit + "-" + attempt + ".parquet", 12, 7, "12-1-2")),
                Map.of("orders", COUNTS),
                Map.of("capacity", "2.5"));
    }

    private List<String> paths(String prefix) {
        return staging().list(prefix).stream().map(StoredFile::path).toList();
    }

    private interface Condition {
        boolean holds();
    }

    private static void eventually(Condition condition) {
        Instant deadline = Instant.now().plusSeconds(30);
        while (!condition.holds()) {
            assertThat(Instant.now()).isBefore(deadline);
            Thread.onSpinWait();
        }
    }

    private interface Act<T> {
        T run(int thread) throws Exception;
    }

    private static <T> List<T> together(int count, Act<T> act) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(count);
        try {
            CyclicBarrier start = new CyclicBarrier(count);
            List<Future<T>> running = IntStream.range(0, count)
                    .mapToObj(i -> threads.submit(() -> {
                        start.await();
                        return act.run(i);
                    }))
                    .toList();
            List<T> results = new ArrayList<>();
            for (Future<T> result : running) {
                results.add(result.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }
}
