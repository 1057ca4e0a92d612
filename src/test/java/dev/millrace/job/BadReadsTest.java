package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.dynamodb.Spool;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.run.UnitManifest;
import dev.millrace.testing.CannedSts;
import dev.millrace.testing.DynamoDbFront;
import dev.millrace.testing.DynamoDbFront.Asked;
import dev.millrace.testing.DynamoDbFront.Reply;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong while a table is read, in whole runs. */
class BadReadsTest {
    private static final int SEGMENTS = 4;
    private static final List<String> KEYS = List.of("id");

    @TempDir
    private Path folder;

    private final Map<String, Optional<String>> properties = new HashMap<>();
    private DynamoDbFront front;
    private Trial trial;

    @BeforeEach
    void open() {
        front = new DynamoDbFront();
        trial = new Trial(folder);
    }

    @AfterEach
    void close() {
        front.close();
        properties.forEach((name, was) ->
                was.ifPresentOrElse(value -> System.setProperty(name, value), () -> System.clearProperty(name)));
    }

    /** Sets a system property of the AWS SDK for this test. */
    private void set(String name, Optional<String> value) {
        properties.putIfAbsent(name, Optional.ofNullable(System.getProperty(name)));
        value.ifPresentOrElse(v -> System.setProperty(name, v), () -> System.clearProperty(name));
    }

    private static void fill(String table, String word) {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            items.add("{\"id\": {\"S\": \"" + i + "\"}, \"word\": {\"S\": \"" + word + "\"}}");
        }
        Items.table(table, KEYS.stream().map(key -> key + ":S").toList(), items);
    }

    private static void createAnew(String table, String word) {
        DynamoDbLocal.client().deleteTable(r -> r.tableName(table));
        fill(table, word);
    }

    private Path job(String name, String table, String more) {
        return trial.job(name, """
                job: %s
                source: {dynamodb: {table: %s, segments: %d%s}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/%s.duckdb}, schema: w}
                """.formatted(name, table, SEGMENTS, more, name));
    }

    private Path job(String table) {
        return job(table, table, ", region: eu-west-1, endpoint: \"" + front.uri() + "\"");
    }

    private String named(String table) {
        return "DynamoDB table " + table + " in eu-west-1 at " + front.uri();
    }

    private static List<String> spooled(RunStore run) {
        return run.units().committed(Spool.PHASE).stream()
                .map(UnitManifest::unit)
                .toList();
    }

    private void assertLanded(Path job, String table) {
        Items.assertEqual(trial.itemsOfLive(trial.open(job)), Items.scan(table), KEYS);
    }

    private List<Integer> segmentsScanned() {
        return front.scans().stream()
                .map(scan -> scan.body().path("Segment").asInt())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"corrupted", "cut-off"})
    void aPageThatComesBrokenIsAskedForAgain(String how) {
        String table = "bad-once-" + how;
        fill(table, "a");
        front.next(2, asked -> asked.isOfSegment(1), (asked, real) -> broken(real.get(), how));
        Path job = job(table);
        trial.succeed(job);
        assertLanded(job, table);
        assertThat(segmentsScanned()).hasSize(SEGMENTS + 2);
    }

    private static Reply broken(Reply reply, String how) {
        return how.equals("corrupted") ? reply.corrupted() : reply.cutOff();
    }

    @ParameterizedTest
    @ValueSource(strings = {"corrupted", "cut-off"})
    void aPageThatAlwaysComesBrokenFailsItsUnitAndTheNextRunReadsWhatIsMissing(String how) {
        String table = "bad-always-" + how;
        fill(table, "a");
        front.always(asked -> asked.isOfSegment(3), (asked, real) -> broken(real.get(), how));
        Path job = job(table);
        Trial.Ended failed = trial.run(job);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err())
                .startsWith(named(table) + ": segment 3 of 4 failed 5 times, the last time because ")
                .contains(how.equals("corrupted") ? "the CRC32 of the " : "the answer broke off: ")
                .endsWith(": run the same command again" + System.lineSeparator());
        RunStore run = trial.run(trial.open(job));
        assertThat(spooled(run)).contains("s00001-of-00004").doesNotContain("s00004-of-00004");
        assertThat(run.record().orElseThrow().message()).isEqualTo(failed.err().strip());
        Set<Integer> missing = Set.of(0, 1, 2, 3).stream()
                .filter(segment -> !spooled(run).contains("s0000" + (segment + 1) + "-of-00004"))
                .collect(java.util.stream.Collectors.toSet());

        front.heal();
        int before = front.scans().size();
        trial.succeed(job);
        assertLanded(job, table);
        assertThat(segmentsScanned().subList(before, front.scans().size()))
                .containsExactlyInAnyOrderElementsOf(missing);
        assertThat(trial.open(job).store().runs()).containsExactly(run.id());
    }

    @Test
    void aTableThatIsDeletedIsNamedAndANewOneIsReadByANewRun() {
        String table = "bad-deleted";
        fill(table, "old");
        front.next(1, asked -> asked.isOfSegment(1), (asked, real) -> {
            Reply reply = real.get();
            DynamoDbLocal.client().deleteTable(r -> r.tableName(table));
            return reply;
        });
        Path job = job(table);
        Trial.Ended failed = trial.run(job);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err())
                .matches("(?s)\\Q" + named(table) + "\\E was deleted while it was read \\(segment \\d of 4\\): run the "
                        + "same command again .*");
        RunId old = trial.run(trial.open(job)).id();
        assertThat(trial.run(job).err()).startsWith("There is no " + named(table));

        fill(table, "new");
        trial.succeed(job);
        assertLanded(job, table);
        assertAbandoned(job, old);
    }

    private void assertAbandoned(Path job, RunId old) {
        OpenJob open = trial.open(job);
        assertThat(open.store().runs()).hasSize(2).startsWith(old);
        assertThat(open.store().run(old).end()).hasValueSatisfying(end -> {
            assertThat(end.outcome()).isEqualTo(Outcome.ABANDONED);
            assertThat(end.reason())
                    .startsWith(named(old(job)) + " has the id ")
                    .contains(", the table that the run was planned for had ")
                    .endsWith(": it was deleted and created anew, or is of another region. The two are not mixed");
        });
        assertThat(trial.query(open, "SELECT DISTINCT word FROM w." + old(job).replace('-', '_')))
                .containsExactly("new");
    }

    /** The job's table. */
    private static String old(Path job) {
        return job.getFileName().toString().replace(".yaml", "");
    }

    @Test
    void aTableThatIsCreatedAnewBetweenTwoAttemptsIsNotMixedWithTheOldOne() {
        String table = "bad-anew";
        fill(table, "old");
        front.always(
                asked -> asked.isOfSegment(3), (asked, real) -> Reply.error("AccessDeniedException", "not this one"));
        Path job = job(table);
        assertThat(trial.run(job).code()).isEqualTo(1);
        RunId old = trial.run(trial.open(job)).id();
        assertThat(spooled(trial.run(trial.open(job)))).isNotEmpty();

        front.heal();
        createAnew(table, "new");
        Trial.Ended named = trial.run(job, "--run", old.value());
        assertThat(named.code()).isEqualTo(1);
        assertThat(named.err())
                .startsWith("Run " + old + " is abandoned: " + named(table) + " has the id ")
                .endsWith(": start a new one by leaving --run out" + System.lineSeparator());
        trial.succeed(job);
        assertLanded(job, table);
        assertAbandoned(job, old);
    }

    @Test
    void aTableThatIsCreatedAnewInTheMiddleOfAScanIsNotMixedWithTheOldOne() {
        String table = "bad-middle";
        fill(table, "old");
        front.next(1, asked -> asked.isOfSegment(1), (asked, real) -> {
            Reply reply = real.get();
            createAnew(table, "new");
            return reply;
        });
        Path job = job(table);
        Trial.Ended failed = trial.run(job);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err())
                .startsWith(named(table) + " is another table than the run was planned for (its id is ");
        RunId old = trial.run(trial.open(job)).id();
        trial.succeed(job);
        assertLanded(job, table);
        assertAbandoned(job, old);
    }

    /** Refuses scans by a key once it has been used so often. */
    private void expireAfter(int scans) {
        Map<String, Integer> used = new ConcurrentHashMap<>();
        front.always(
                asked -> asked.isScan() && used.merge(asked.accessKey(), 1, Integer::sum) > scans,
                (asked, real) ->
                        Reply.error("ExpiredTokenException", "The security token included in the request is expired"));
    }

    private static final String ROLE = ", role: \"arn:aws:iam::111122223333:role/read\"";

    @Test
    void credentialsOfARoleThatExpireAreRenewed() {
        String table = "bad-role";
        fill(table, "a".repeat(2_000));
        try (CannedSts sts = new CannedSts()) {
            set("aws.endpointUrlSts", Optional.of(sts.uri().toString()));
            // Pages of half the table; a key is good for one.
            expireAfter(1);
            Path job = job(
                    table,
                    table,
                    ", region: eu-west-1, endpoint: \"" + front.uri() + "\", read-capacity: 6, external-id: x-1"
                            + ROLE);
            trial.succeed(job, "--set", "source.dynamodb.segments=1");
            assertLanded(job, table);
            assertThat(front.charges()).hasSizeGreaterThan(1);
            assertThat(front.scans()).hasSize(2 * front.charges().size() - 1);
            assertThat(front.scans().stream().map(Asked::accessKey).distinct())
                    .hasSameSizeAs(front.charges())
                    .allMatch(key -> key.startsWith("ROLE"));
            assertThat(sts.requests())
                    .allMatch(request -> request.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fread")
                            && request.contains("ExternalId=x-1"));
        }
    }

    @Test
    void aRoleThatCannotBeAssumedAnyMoreSaysWhatToDo() {
        String table = "bad-role-refused";
        fill(table, "a");
        try (CannedSts sts = new CannedSts()) {
            set("aws.endpointUrlSts", Optional.of(sts.uri().toString()));
            front.always(Asked::isScan, (asked, real) -> {
                sts.refuse();
                return Reply.error("ExpiredTokenException", "The security token is expired");
            });
            Path job = job(table, table, ", region: eu-west-1, endpoint: \"" + front.uri() + "\"" + ROLE);
            Trial.Ended failed = trial.run(job);
            assertThat(failed.code()).isEqualTo(1);
            assertThat(failed.err())
                    .startsWith(named(table) + ": ExpiredTokenException: The security token included in the request is "
                            + "expired (segment ")
                    .endsWith(": the credentials that assume arn:aws:iam::111122223333:role/read have expired: get new "
                            + "credentials and run the same command again" + System.lineSeparator());
        }
    }

    private Path credentials(String key) {
        try {
            return Files.writeString(
                    folder.resolve("credentials"),
                    "[default]\naws_access_key_id = " + key + "\naws_secret_access_key = secret\n"
                            + "aws_session_token = token\n");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void useCredentialsFile() {
        assumeTrue(System.getenv("AWS_ACCESS_KEY_ID") == null, "Keys in the environment would be found first");
        set("aws.accessKeyId", Optional.empty());
        set("aws.secretAccessKey", Optional.empty());
        set("aws.sharedCredentialsFile", Optional.of(credentials("FIRST").toString()));
        set("aws.endpointUrlDynamoDb", Optional.of(front.uri().toString()));
    }

    @Test
    void aCredentialsFileIsReadAgainWhenItsKeysHaveExpired() {
        String table = "bad-file";
        fill(table, "a");
        useCredentialsFile();
        front.always(asked -> asked.isOfSegment(2) && asked.accessKey().equals("FIRST"), (asked, real) -> {
            credentials("SECOND");
            return Reply.error("ExpiredTokenException", "The security token is expired");
        });
        Path job = job(table, table, ", region: eu-west-1");
        trial.succeed(job);
        assertLanded(job, table);
        assertThat(front.scans().stream().filter(scan -> scan.isOfSegment(2)).map(Asked::accessKey))
                .containsExactly("FIRST", "SECOND");
    }

    @Test
    void keysThatStayExpiredSayWhatToDoAndTheNextRunGoesOn() {
        String table = "bad-file-stays";
        fill(table, "a");
        useCredentialsFile();
        expireAfter(3);
        Path job = job(table, table, ", region: eu-west-1");
        Trial.Ended failed = trial.run(job);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err())
                .startsWith(
                        "DynamoDB table " + table + " in eu-west-1: ExpiredTokenException: The security token included "
                                + "in the request is expired (segment ")
                .endsWith(": get new credentials and run the same command again" + System.lineSeparator());
        RunStore run = trial.run(trial.open(job));
        credentials("SECOND");
        front.heal();
        trial.succeed(job);
        assertLanded(job, table);
        assertThat(trial.open(job).store().runs()).containsExactly(run.id());
    }

    @Test
    void tablesOfOneNameInTwoRegionsAreTwo() {
        fill("two-regions.eu-west-1", "europe");
        fill("two-regions.us-east-1", "america");
        front.regional();
        String at = ", endpoint: \"" + front.uri() + "\"";
        Path europe = job("europe", "two-regions", ", region: eu-west-1" + at);
        Path america = job("america", "two-regions", ", region: us-east-1" + at);
        trial.succeed(europe);
        trial.succeed(america);
        String words = "SELECT DISTINCT word FROM w.two_regions";
        assertThat(trial.query(trial.open(europe), words)).containsExactly("europe");
        assertThat(trial.query(trial.open(america), words)).containsExactly("america");

        assertThat(trial.run(job("asia", "two-regions", ", region: ap-south-1" + at))
                        .err())
                .startsWith("There is no DynamoDB table two-regions in ap-south-1 at " + front.uri());

        // The region of a job changes while a run of it is unfinished, and when none is.
        front.always(
                asked -> asked.isOfSegment(3), (asked, real) -> Reply.error("AccessDeniedException", "not this one"));
        assertThat(trial.run(europe).code()).isEqualTo(1);
        front.heal();
        job("europe", "two-regions", ", region: us-east-1" + at);
        Trial.Ended differs = trial.run(europe);
        assertThat(differs.code()).isEqualTo(2);
        assertThat(differs.err())
                .contains(" was started with another job file: source.dynamodb.region: was \"eu-west-1\", now "
                        + "\"us-east-1\"");
        job("europe", "two-regions", ", region: eu-west-1" + at);
        trial.succeed(europe);
        job("europe", "two-regions", ", region: us-east-1" + at);
        trial.succeed(europe);
        assertThat(trial.query(trial.open(europe), words)).containsExactly("america");
    }

    @Test
    void anotherRegionInTheEnvironmentBeginsAnotherRun() {
        fill("env-region.eu-west-1", "europe");
        fill("env-region.us-east-1", "america");
        front.regional();
        set("aws.endpointUrlDynamoDb", Optional.of(front.uri().toString()));
        set("aws.accessKeyId", Optional.of("test"));
        set("aws.secretAccessKey", Optional.of("test"));
        set("aws.region", Optional.of("eu-west-1"));
        front.always(
                asked -> asked.isOfSegment(3), (asked, real) -> Reply.error("AccessDeniedException", "not this one"));
        Path job = job("env", "env-region", "");
        assertThat(trial.run(job).err()).startsWith("DynamoDB table env-region in eu-west-1: AccessDeniedException");
        RunId old = trial.run(trial.open(job)).id();

        front.heal();
        set("aws.region", Optional.of("us-east-1"));
        trial.succeed(job);
        assertThat(trial.query(trial.open(job), "SELECT DISTINCT word FROM w.env_region"))
                .containsExactly("america");
        assertThat(trial.open(job).store().run(old).end().orElseThrow().reason())
                .startsWith("DynamoDB table env-region in us-east-1 has the id ")
                .endsWith("it was deleted and created anew, or is of another region. The two are not mixed");
    }
}
