package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.sample.AccessRecordFiles;
import dev.millrace.sample.AccessRecordFiles.SampleFile;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole jobs over files: each record once, whatever comes when. */
class FileJobsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String JOB = """
            job: access
            source: {json: {at: "$HERE/records/{yyyy}/{MM}/{dd}/{HH}/", lookback: 36500d}}
            tables:
              access_record:
                columns:
                  session_id: payload.sessionId
                  timestamp: {from: timestamp, type: epoch-millis}
                  user_id: {from: payload.userId, type: bigint}
                  record_date: {sql: to_date(timestamp)}
            staging: {at: $HERE/staging, keep: 7d}
            lake: {at: $HERE/lake, publish: delta, partition-by: [record_date]}
            """;

    @TempDir
    private Path folder;

    @Test
    void eachRecordOnceThoughFilesAreLateOrRewritten() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        AccessRecordFiles sample = new AccessRecordFiles(7, LocalDate.parse("2026-11-20"), 2, 300, false);
        Map<String, SampleFile> files = new TreeMap<>();

        put(files, sample.files());
        Trial.Ended first = trial.succeed(job);

        assertThat(first.out()).contains("every row accounted for: " + Figures.count(pieces(files)) + " read");
        assertThat(lake()).containsExactlyElementsOf(expected(files));
        String run = trial.open(job).store().runs().get(0).value();
        assertThat(Files.readString(folder.resolve(
                        "staging/access/access_record/snapshot=" + run + "/manifests/validate-datalake-result.json")))
                .contains(
                        "\"valid\" : true",
                        "\"stage\" : \"landed\"",
                        "\"stage\" : \"compacted\"",
                        "\"partition\" : \"record_date=2026-11-20/\"");
        long broken = files.values().stream().mapToLong(SampleFile::broken).sum();
        assertThat(broken).isPositive();
        assertThat(Trial.command("quarantine", "show", job.toString(), "--csv")
                        .out()
                        .lines())
                .hasSize((int) broken + 1);
        Path version = folder.resolve("lake/access_record/_delta_log/00000000000000000001.json");

        assertThat(trial.succeed(job).out()).isEqualTo("nothing new: job access has read all there is\n");
        assertThat(version).doesNotExist();
        assertThat(trial.open(job).store().runs()).hasSize(1);

        put(files, sample.late(2));
        put(files, sample.rewritten(2));
        assertThat(Trial.command("plan", job.toString()).out()).contains("2 new, 2 changed", "2 of them late");
        trial.succeed(job);

        assertThat(lake()).containsExactlyElementsOf(expected(files));
        assertThat(version).exists();

        trial.succeed(job, "--again", "--since", "2026-11-20T05", "--until", "2026-11-20T09");
        assertThat(lake()).containsExactlyElementsOf(expected(files));
        Trial.Ended status = Trial.command("status", job.toString());
        assertThat(status.out())
                .contains(
                        "read       " + Figures.count(files.size()) + " files, ",
                        "covered    2026-11-20T00:00:00Z to 2026-11-22T00:00:00Z\n");
    }

    @Test
    void tablesThatGrewByManyCommitsAreCompactedOnRequest() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        assertThat(Trial.command("compact", job.toString()).err()).contains("no run has published any yet");
        AccessRecordFiles sample = new AccessRecordFiles(7, LocalDate.parse("2026-11-20"), 1, 300, false);
        Map<String, SampleFile> files = new TreeMap<>();
        put(files, sample.files());
        trial.succeed(job);
        put(files, sample.late(2));
        trial.succeed(job);

        Trial.Ended ended = Trial.command("compact", job.toString());

        assertThat(ended.err()).isEmpty();
        assertThat(ended.out()).matches("access_record: \\d+ files, .* KB, became \\d+, .* KB\n");
        assertThat(lake()).containsExactlyElementsOf(expected(files));
        assertThat(Trial.command("compact", job.toString()).out()).isEqualTo("access_record: nothing to do\n");

        put(files, sample.rewritten(2));
        trial.succeed(job);
        assertThat(lake()).containsExactlyElementsOf(expected(files));
    }

    @Test
    void stoppedAfterAnyEffectAndRunAgainItIsAsUndisturbed() throws IOException {
        AccessRecordFiles sample = new AccessRecordFiles(8, LocalDate.parse("2026-11-20"), 1, 30, false);
        Map<String, SampleFile> all = new TreeMap<>();
        Map<String, SampleFile> early = new TreeMap<>();
        sample.files().limit(3).forEach(file -> early.put(file.path(), file));
        all.putAll(early);
        sample.files().skip(3).limit(2).forEach(file -> all.put(file.path(), file));
        sample.rewritten(1).forEach(file -> all.put(early.keySet().iterator().next(), file));

        List<String> expected = List.of();
        int effects = Integer.MAX_VALUE;
        for (int last = 0; last <= effects; last++) {
            remove(folder);
            Trial trial = new Trial(folder);
            Path job = trial.job("access", JOB);
            write(early);
            trial.succeed(job);
            write(all);
            if (last == 0) {
                Effects undisturbed = Effects.unlimited();
                trial.through(undisturbed.storages()).succeed(job);
                effects = undisturbed.done().size();
                expected = lake();
                assertThat(expected).containsExactlyElementsOf(expected(all));
                continue;
            }
            Effects stopped = Effects.stoppingAfter(last);
            Trial.Ended ended = trial.through(stopped.storages()).run(job);
            // The lock of a process that is dead, on a host that nobody can ask, ends by its lease.
            trial.later(Duration.ofMinutes(5))
                    .through(Effects.unlimited().storages())
                    .succeed(job);

            String effect = "after " + last + " of " + effects + ": " + stopped.done();
            assertThat(ended.code()).as(effect).isIn(0, 1);
            assertThat(lake()).as(effect).isEqualTo(expected);
            List<Commit> commits = trial.open(job).store().ledger().commits();
            assertThat(commits).as(effect).hasSize(2);
            assertThat(trial.open(job).store().unfinished().map(RunStore::id))
                    .as(effect)
                    .isEmpty();
        }
    }

    @Test
    void aRunThatHasCommittedIsFinishedHoweverOldItIs() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        AccessRecordFiles sample = new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 1, 60, false);
        Map<String, SampleFile> first = new TreeMap<>();
        put(first, sample.files().limit(3));
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT), job).code())
                .isZero();
        String run = trial.run(trial.open(job)).id().value();

        Map<String, SampleFile> all = new TreeMap<>(first);
        put(all, sample.files().skip(3).limit(2));
        trial.later(Duration.ofHours(5));
        Trial.Ended selected = trial.run(job, "--again");
        assertThat(selected.code()).isEqualTo(2);
        assertThat(selected.err())
                .contains("Invalid --again: run " + run + " has begun without it: finish that one first");
        assertThat(trial.succeed(job).out()).contains("run              " + run);
        assertThat(lake()).containsExactlyElementsOf(expected(first));
        trial.succeed(job);
        assertThat(lake()).containsExactlyElementsOf(expected(all));
        assertThat(trial.open(job).store().ledger().commits()).hasSize(2);
    }

    /** Two ranges at once; the one that began first has committed second, and was stopped before it published. */
    @Test
    void aRunThatCommittedBehindALaterOneIsFinishedFirst() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        Map<String, SampleFile> files = new TreeMap<>();
        AccessRecordFiles sample = new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 1, 60, false);
        put(files, sample.files().limit(4));
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA), job, "--until", "2026-11-20T02")
                        .code())
                .isZero();
        String early = trial.run(trial.open(job)).id().value();
        String late =
                RunId.startingAt(Instant.now().plusSeconds(2), new Random()).value();
        trial.succeed(job, "--run", late, "--since", "2026-11-20T02");
        assertThat(trial.run(List.of(Phase.EXTRACT), job, "--run", early).code())
                .isZero();
        put(files, sample.files().skip(4).limit(1));

        String last =
                RunId.startingAt(Instant.now().plusSeconds(4), new Random()).value();
        assertThat(trial.succeed(job, "--run", last).out())
                .startsWith("rolling forward run " + early
                        + ", which has committed and was not finished: compact, publish\n")
                .contains("run              " + last);
        assertThat(lake()).containsExactlyElementsOf(expected(files));
        assertThat(trial.succeed(job).out()).isEqualTo("nothing new: job access has read all there is\n");
    }

    /** As Airflow and Step Functions start them: each start names its run, and does its phases one after the other. */
    @Test
    void aStartWithANameOfItsOwnFinishesFirstWhatTheOneBeforeItCouldNotPublish() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        Map<String, SampleFile> files = new TreeMap<>();
        AccessRecordFiles sample = new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 1, 60, false);
        List<Phase> reading = List.of(Phase.INFER_SCHEMA, Phase.EXTRACT);
        List<Phase> publishing = List.of(Phase.COMPACT, Phase.PUBLISH);
        put(files, sample.files().limit(2));
        String first = id(1);
        // Stopped after its commit, before its phase says so.
        Trial.Ended stopped = trial.through(
                        Effects.stoppingAtFirst("commits/0000000001.json").storages())
                .run(reading, job, "--run", first);
        assertThat(stopped.code()).isEqualTo(1);
        trial.through(Effects.unlimited().storages()).later(Duration.ofMinutes(5));
        put(files, sample.files().skip(2).limit(1));
        String second = id(2);
        // Its phase cannot say so still: what can be done is told all the same.
        Path commit = folder.resolve("staging/access/runs/" + first + "/phases/extract.json");
        Files.createDirectories(commit);
        assertThat(trial.run(reading, job, "--run", second).err())
                .startsWith("Run " + first + " has committed before this start and could not be rolled forward: ")
                .contains("give it up by scripts/millrace abandon " + first + " --job " + job + " --reason TEXT");
        Files.delete(commit);
        trial.later(Duration.ofMinutes(5));
        assertThat(trial.run(reading, job, "--run", second).out())
                .startsWith("rolling forward run " + first + ", which has committed and was not finished: extract\n");

        for (String effect : List.of("phases/compact.json", "access_record.athena.sql")) {
            Trial.Ended failed =
                    trial.through(Effects.stoppingAtFirst(effect).storages()).run(publishing, job, "--run", second);
            assertThat(failed.code()).as(effect).isEqualTo(1);
            assertThat(failed.err())
                    .startsWith("Run " + first + " has committed before this start and could not be rolled forward: ");
            trial.through(Effects.unlimited().storages()).later(Duration.ofMinutes(5));
        }
        String third = id(3);
        assertThat(trial.run(reading, job, "--run", third).out())
                .isEqualTo("nothing new: job access has read all there is\n");
        Trial.Ended last = trial.run(publishing, job, "--run", third);

        assertThat(last.code()).as(last.err()).isZero();
        assertThat(last.out())
                .isEqualTo("rolling forward run " + first + ", which has committed and was not finished: publish\n"
                        + "rolling forward run " + second
                        + ", which has committed and was not finished: compact, publish\n"
                        + "nothing new: job access has read all there is\n");
        assertThat(lake()).containsExactlyElementsOf(expected(files));
        assertThat(trial.open(job).store().committedUnfinished()).isEmpty();
    }

    /** Its lake is gone for good; the tables were brought to another place, and so was what it had staged. */
    @Test
    void whatACommittedRunCannotPublishIsReadAgainOnceItIsGivenUp() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        Map<String, SampleFile> files = new TreeMap<>();
        AccessRecordFiles sample = new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 1, 60, false);
        put(files, sample.files().limit(2));
        trial.succeed(job);
        rewrite(files, sample);
        put(files, sample.files().skip(2).limit(1));
        Path lake = folder.resolve("lake");
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT), job).code())
                .isZero();
        String run = trial.run(trial.open(job)).id().value();
        Files.move(lake, folder.resolve("lake2"));
        Files.writeString(lake, "in the way");

        Trial.Ended failed = trial.run(job);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err())
                .contains("What run " + run + " has read is committed, and the next start goes on with it.")
                .contains("give it up by scripts/millrace abandon " + run + " --job " + job + " --reason TEXT");
        assertThat(trial.run(job, "--run", id(1)).err())
                .startsWith("Run " + run + " has committed before this start and could not be rolled forward: ")
                .contains("give it up by scripts/millrace abandon " + run);
        // Named by its folder, it is told as a name that commands take.
        String plan = "file://" + folder.resolve("staging/access/runs/" + run + "/plan.json");
        for (String named : List.of(folder.resolve("staging/access/runs/" + run).toString(), plan)) {
            assertThat(Trial.command("resume", named).err())
                    .contains("give it up by scripts/millrace abandon " + plan + " --reason TEXT");
        }

        Files.move(folder.resolve("staging"), folder.resolve("staging2"));
        Path other = trial.job(
                "access", JOB.replace("$HERE/lake", "$HERE/lake2").replace("$HERE/staging", "$HERE/staging2"));
        Trial.Ended changed = trial.run(other);
        assertThat(changed.code()).isEqualTo(2);
        assertThat(changed.err())
                .contains("Run " + run + " was started with another job file: lake.at: ")
                .contains(
                        "give it up by scripts/millrace abandon " + run + " --reason TEXT, and this start reads again");

        // What is gone from the source nobody could read again.
        Path late = folder.resolve("records")
                .resolve(files.keySet().stream().reduce((a, b) -> b).orElseThrow());
        Path aside = Files.move(late, folder.resolve("aside"));
        Trial.Ended refused = Trial.command("abandon", run, "--job", other.toString());
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err())
                .startsWith("Run " + run + " cannot be given up: 1 of the files that it has read are gone from ")
                .contains("resume " + run);
        Files.move(aside, late);

        assertThat(Trial.command("abandon", run, "--job", other.toString(), "--reason", "the disk is gone")
                        .out())
                .isEqualTo("run " + run
                        + " is abandoned; what it staged is removed, and the next run reads again what it has"
                        + " read\n");
        assertThat(Trial.command("plan", other.toString()).out()).contains("2 again");
        trial.succeed(other);
        assertThat(lake("lake2", "delta")).containsExactlyElementsOf(expected(files));
        assertThat(trial.succeed(other).out()).isEqualTo("nothing new: job access has read all there is\n");
        assertThat(Trial.command("abandon", run, "--job", other.toString()).code())
                .isZero();
        assertThat(Trial.command("status", other.toString()).out())
                .contains("read       " + Figures.count(files.size()) + " files, ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"delta", "folders"})
    void whatARunThatIsGivenUpHasPublishedOfItsFilesGivesWay(String publish) throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB.replace("publish: delta", "publish: " + publish));
        Map<String, SampleFile> files = new TreeMap<>();
        AccessRecordFiles sample = new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 2, 60, false);
        put(files, sample.files().limit(2));
        trial.succeed(job);
        rewrite(files, sample);
        put(files, sample.files().skip(20).limit(6));
        // Delta's transaction is done, or the first of several files is there.
        Effects stopped = Effects.stoppingAtFirst(
                publish.equals("delta") ? "access_record.athena.sql" : "create access_record/record_date=");
        assertThat(trial.through(stopped.storages()).run(job).code()).isEqualTo(1);
        trial.through(Effects.unlimited().storages()).later(Duration.ofMinutes(5));
        RunStore run = trial.open(job).store().committedUnfinished().get(0);
        // Its process is known to be dead.
        Files.delete(folder.resolve("staging/access/lock.json"));

        assertThat(Trial.command("abandon", run.id().value(), "--job", job.toString())
                        .code())
                .isZero();
        put(files, sample.files().skip(26).limit(1));
        trial.succeed(job);

        assertThat(lake("lake", publish)).containsExactlyElementsOf(expected(files));
        assertThat(trial.succeed(job).out()).isEqualTo("nothing new: job access has read all there is\n");
    }

    @Test
    void aLakeThatIsAnotherThanTheOneThatHasTheRowsIsRefusedBeforeAnythingIsRead() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        Map<String, SampleFile> files = new TreeMap<>();
        AccessRecordFiles sample = new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 1, 60, false);
        put(files, sample.files().limit(1));
        trial.succeed(job);
        put(files, sample.files().skip(1).limit(1));

        Trial.Ended ended = trial.run(trial.job("access", JOB.replace("$HERE/lake", "$HERE/empty")));
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains("Invalid lake.at: commit 1 of this job was published, and is not in table ")
                .contains("empty/access_record/: bring the tables of the former lake there");

        trial.succeed(trial.job("access", JOB));
        assertThat(lake()).containsExactlyElementsOf(expected(files));

        // Another ledger counts from 1 as well.
        Files.move(folder.resolve("staging"), folder.resolve("gone"));
        Trial.Ended lost = trial.run(job);
        assertThat(lost.code()).isEqualTo(2);
        assertThat(lost.err())
                .contains("commit 1 of job access is run ", "bring the folder access/ of the former place");
        assertThat(lake()).containsExactlyElementsOf(expected(files));
    }

    @Test
    void aRunThatWasRefusedIsNotRolledForward() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        Map<String, SampleFile> files = new TreeMap<>();
        AccessRecordFiles sample = new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 1, 60, false);
        put(files, sample.files().limit(1));
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT), job).code())
                .isZero();
        RunStore refused = trial.run(trial.open(job));
        refused.finish(Outcome.REFUSED, "too much", List.of("engine"));
        put(files, sample.files().skip(1).limit(1));

        String next = id(2);
        Trial.Ended ended = trial.run(job, "--run", next);
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.out()).doesNotContain("rolling forward");
        assertThat(ended.err())
                .contains("Run " + next + " has to wait: run " + refused.id()
                        + ", commit 1, is not published yet: it has ended: refused: too much: let it pass by "
                        + "scripts/millrace accept " + refused.id() + " --gate engine --reason TEXT");

        refused.accept(List.of("engine"), "looked at it", "a person");
        assertThat(trial.succeed(job, "--run", next).out()).startsWith("rolling forward run " + refused.id());
        assertThat(lake()).containsExactlyElementsOf(expected(files));
    }

    private static String id(int seconds) {
        return RunId.startingAt(Instant.now().plusSeconds(seconds), new Random())
                .value();
    }

    @Test
    void whatARunLeavesThatWasStoppedWhileItPlannedKeepsNothingFromBeingRemoved() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("access", JOB);
        Map<String, SampleFile> files = new TreeMap<>();
        AccessRecordFiles sample = new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 1, 60, false);
        put(files, sample.files().limit(1));
        assertThat(trial.through(Effects.stoppingAtFirst("/files/").storages())
                        .run(job)
                        .code())
                .isEqualTo(1);
        trial.through(Effects.unlimited().storages()).succeed(job);
        List<RunId> runs = trial.open(job).store().runs();
        assertThat(runs).hasSize(2);
        Path landed = folder.resolve("staging/access/access_record/snapshot=" + runs.get(1) + "/datalake");
        assertThat(landed).isNotEmptyDirectory();

        put(files, sample.files().skip(1).limit(1));
        trial.later(Duration.ofDays(8)).succeed(job);

        assertThat(landed).doesNotExist();
        assertThat(trial.open(job).store().run(runs.get(0)).end().orElseThrow().outcome())
                .isEqualTo(Outcome.ABANDONED);
        assertThat(lake()).containsExactlyElementsOf(expected(files));
    }

    @Test
    void recordsOfAnyShapeBecomeTables() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("events", """
                job: events
                source: {json: {at: $HERE/in}}
                staging: {at: $HERE/staging}
                lake: {at: $HERE/lake}
                """);
        Files.createDirectories(folder.resolve("in"));
        Files.writeString(folder.resolve("in/a.json"), """
                {"id":1,"n":0.1,"tags":["x","y"]}{"id":12345678901234567890,"n":2}
                {"id":3,"tags":[]
                {"id":4}""");

        Trial.Ended ended = trial.succeed(job);

        assertThat(ended.out()).contains("1 quarantined");
        assertThat(SharedSpark.session()
                        .read()
                        .format("delta")
                        .load(folder.resolve("lake/events__tags").toString())
                        .selectExpr("concat_ws('|', value, regexp_extract(_file, '[^/]*$', 0))")
                        .collectAsList()
                        .stream()
                        .map(row -> row.getString(0)))
                .containsExactlyInAnyOrder("x|a.json", "y|a.json");

        Files.writeString(folder.resolve("in/a.json"), "{\"id\":5,\"tags\":[\"z\"]}");
        trial.succeed(job);
        assertThat(SharedSpark.session()
                        .read()
                        .format("delta")
                        .load(folder.resolve("lake/events__tags").toString())
                        .selectExpr("value")
                        .collectAsList()
                        .stream()
                        .map(row -> row.getString(0)))
                .containsExactly("z");
        Files.writeString(folder.resolve("in/b.json"), "{\"id\":6}");
        trial.succeed(job);
        assertThat(SharedSpark.session()
                        .read()
                        .format("delta")
                        .load(folder.resolve("lake/events").toString())
                        .selectExpr("concat_ws('|', id, n)")
                        .collectAsList()
                        .stream()
                        .map(row -> row.getString(0)))
                .containsExactlyInAnyOrder("5", "6");
    }

    @Test
    void duplicatesThatALayoutCannotFindAreRefusedBeforeAnythingIsRead() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job(
                "access",
                JOB.replace("staging:", "    deduplicate: {key: [session_id], against: table, within: 7d}\nstaging:")
                        .replace("[record_date]}", "[record_date], also: [{partition-by: [user_id]}]}"));
        put(
                new TreeMap<>(),
                new AccessRecordFiles(9, LocalDate.parse("2026-11-20"), 1, 60, false)
                        .files()
                        .limit(1));

        Trial.Ended refused = trial.run(job);

        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err())
                .contains(
                        "Invalid deduplicate.within: of the partitions user_id none is a date, so no range of it can");
        assertThat(trial.open(job).store().ledger().commits()).isEmpty();
        assertThat(folder.resolve("staging/access/access_record")).doesNotExist();
    }

    @Test
    void nothingIsSelectedOfATable() {
        Trial trial = new Trial(folder);
        Path job = trial.job("table", """
                job: table
                source: {dynamodb: {table: no-such-table, endpoint: $SERVER}}
                staging: {at: $HERE/staging}
                """);
        Trial.Ended ended = trial.run(job, "--since", "2026-11-20");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).contains("Invalid --since: a DynamoDB table is read whole");
        assertThat(trial.open(job).store().runs()).isEmpty();
    }

    @Test
    void recordsOfUnknownKindsMayComeInSomeRunsOnly() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("kinds", """
                job: kinds
                source: {json: {at: $HERE/in}}
                schema: {kind: type}
                staging: {at: $HERE/staging}
                lake: {at: $HERE/lake}
                """);
        Files.createDirectories(folder.resolve("in"));
        int runs = 0;
        for (String record :
                List.of("{\"type\":\"A\",\"x\":1}", "{\"x\":2}", "{\"type\":\"A\",\"x\":3}", "{\"x\":4}")) {
            Files.writeString(folder.resolve("in/" + runs++ + ".json"), record);
            trial.succeed(job);
        }
        assertThat(SharedSpark.session()
                        .read()
                        .format("delta")
                        .load(folder.resolve("lake/_unknown").toString())
                        .count())
                .isEqualTo(2);
        assertThat(trial.open(job).store().ledger().commits()).hasSize(4);
    }

    private void put(Map<String, SampleFile> files, Stream<SampleFile> more) throws IOException {
        Map<String, SampleFile> added = new TreeMap<>();
        more.forEach(file -> added.put(file.path(), file));
        write(added);
        files.putAll(added);
    }

    /** The first file is another by now. */
    private void rewrite(Map<String, SampleFile> files, AccessRecordFiles sample) throws IOException {
        SampleFile other = sample.rewritten(1).findFirst().orElseThrow();
        files.put(files.keySet().iterator().next(), other);
        write(files);
    }

    private void write(Map<String, SampleFile> files) throws IOException {
        for (Map.Entry<String, SampleFile> file : files.entrySet()) {
            Path path = folder.resolve("records").resolve(file.getKey());
            Files.createDirectories(path.getParent());
            if (!Files.exists(path)
                    || !java.util.Arrays.equals(
                            Files.readAllBytes(path), file.getValue().bytes())) {
                Files.write(path, file.getValue().bytes());
                Files.setLastModifiedTime(path, FileTime.from(Instant.now()));
            }
        }
    }

    private static void remove(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, IOException failure) throws IOException {
                if (!dir.equals(folder)) {
                    Files.delete(dir);
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static long pieces(Map<String, SampleFile> files) {
        return files.values().stream()
                .mapToLong(file -> file.records().size() + file.broken())
                .sum();
    }

    /** Rows of the table as the generator's own texts tell them. */
    private List<String> expected(Map<String, SampleFile> files) throws IOException {
        List<String> rows = new ArrayList<>();
        for (Map.Entry<String, SampleFile> file : files.entrySet()) {
            for (String text : file.getValue().records()) {
                JsonNode record = JSON.readTree(text);
                JsonNode time = record.path("timestamp");
                rows.add(file.getKey() + "|"
                        + record.path("payload").path("sessionId").asText("null") + "|"
                        + (time.isIntegralNumber() ? time.asText() : "null"));
            }
        }
        return rows.stream().sorted().toList();
    }

    private List<String> lake() {
        return lake("lake", "delta");
    }

    private List<String> lake(String place, String publish) {
        String root = "file://" + folder.resolve("records") + "/";
        return SharedSpark.session()
                .read()
                .format(publish.equals("delta") ? "delta" : "parquet")
                .load(folder.resolve(place + "/access_record").toString())
                .selectExpr(
                        "concat(substring(_file, " + (root.length() + 1)
                                + "), '|', coalesce(session_id, 'null'), '|', coalesce(cast(unix_millis(timestamp) as string), 'null'))")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .sorted()
                .toList();
    }
}
