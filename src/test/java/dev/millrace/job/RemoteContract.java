package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.remote.RemoteState;
import dev.millrace.remote.RemoteState.Stage;
import dev.millrace.run.Lease;
import dev.millrace.run.Overlap;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.Moto;
import dev.millrace.testing.PlatformFront;
import dev.millrace.testing.PlatformFront.Asked;
import dev.millrace.testing.PlatformFront.Reply;
import dev.millrace.testing.PlatformFront.Rule;
import dev.millrace.testing.Processes;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * What holds of {@code remote} on every platform: moto keeps the platform's books, a front says how runs stand, and
 * where one is to run, this JVM runs the entry point that was asked for.
 */
abstract class RemoteContract {
    /** Where a submitter is killed. */
    enum Kill {
        BEFORE_INTENT,
        AFTER_INTENT,
        BEFORE_CALL,
        AFTER_CALL,
        BEFORE_ID,
        AFTER_ID
    }

    @TempDir
    private Path folder;

    private final Map<String, RemoteState> states = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private PlatformFront front;
    private PlatformFront s3;
    private Path job;
    private String bucket;
    private Storage root;
    private volatile boolean runs;

    /** As {@code --on} takes it. */
    abstract String platform();

    /** Makes what a submission needs at moto. Returns the platform's settings, as YAML in one line. */
    abstract String prepared(URI moto, String bucket);

    abstract boolean isSubmit(Asked asked);

    /** Whether it asks how a run stands. */
    abstract boolean isLook(Asked asked);

    abstract boolean isCancel(Asked asked);

    /** The answer to a cancellation. */
    Optional<Reply> cancelled() {
        return Optional.empty();
    }

    /** The id in the answer to a submission. */
    abstract String id(JsonNode reply);

    /** The command that a submission starts, with its arguments as the platform gives them. */
    abstract List<String> command(JsonNode submission);

    /** The answer to a look, with a run's state in place of moto's. */
    abstract JsonNode stated(JsonNode reply, Map<String, RemoteState> states);

    /** How the platform words a state. */
    abstract String word(Stage stage);

    @BeforeEach
    void open() throws IOException {
        assumeTrue(Moto.isInstalled(), "scripts/install-test-tools was not run");
        SharedSpark.session();
        bucket = S3Server.newBucket();
        // What a platform finds around it: the SDK's own settings.
        System.setProperty("aws.region", "eu-west-1");
        System.setProperty("aws.endpointUrlS3", S3Server.front().uri().toString());
        root = Storages.open("s3://" + bucket, S3Server.options());
        root.put("in/a.json", "{\"id\":1}{\"id\":2}".getBytes(StandardCharsets.UTF_8));
        root.put("jars/millrace.jar", new byte[] {1});
        root.put("scripts/Millrace.scala", new byte[] {1});
        front = new PlatformFront(Moto.uri());
        s3 = new PlatformFront(S3Server.front().uri());
        String settings = prepared(Moto.uri(), bucket);
        front.on(this::isSubmit, (asked, real) -> {
            Reply reply = real.get();
            started(asked, reply);
            return Optional.of(reply);
        });
        front.on(this::isLook, (asked, real) -> {
            Reply reply = real.get();
            return Optional.of(reply.status() == 200 ? reply.with(stated(reply.json(), states)) : reply);
        });
        front.on(this::isCancel, (asked, real) -> {
            states.replaceAll((id, state) -> state(Stage.CANCELLED, ""));
            return cancelled().or(() -> Optional.of(real.get()));
        });
        rewrite(settings);
    }

    /** Writes the job file with a platform's settings, and more of its source. */
    void rewrite(String settings, String... source) {
        try {
            job = Files.writeString(folder.resolve("events.yaml"), """
                    job: events
                    source: {json: {at: "s3://%1$s/in"%5$s}}
                    staging: {at: "s3://%1$s/staging"}
                    s3: {endpoint: "%2$s", path-style: true}
                    remote: {region: eu-west-1, endpoint: "%3$s", %4$s}
                    """.formatted(
                            bucket,
                            s3.uri(),
                            front.uri(),
                            settings,
                            source.length == 0 ? "" : ", " + String.join(", ", source)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void close() {
        System.clearProperty("aws.endpointUrlS3");
        System.clearProperty("aws.region");
        if (front != null) {
            front.close();
            s3.close();
        }
    }

    PlatformFront front() {
        return front;
    }

    Storage root() {
        return root;
    }

    Path job() {
        return job;
    }

    String bucket() {
        return bucket;
    }

    /** From now on what is submitted is run. */
    void runWhatIsSubmitted() {
        runs = true;
    }

    Map<String, RemoteState> states() {
        return states;
    }

    /** The phase of an entry point's class. */
    static String phase(String mainClass) {
        return Stream.concat(
                        Stream.of(RemotePhase.PIPELINE),
                        Arrays.stream(Phase.values()).map(Phase::label))
                .filter(label -> Entry.mainClass(label).equals(mainClass))
                .findFirst()
                .orElseThrow();
    }

    /** Takes a run that a test has submitted itself for one that stands so. */
    void submittedAs(Reply reply, Stage stage) {
        count.incrementAndGet();
        states.put(id(reply.json()), state(stage, ""));
    }

    RemoteState state(Stage stage, String reason) {
        return new RemoteState(stage, word(stage), reason);
    }

    /** What becomes of runs that were submitted, when they are next asked for. */
    void all(Stage stage, String reason) {
        states.replaceAll((id, state) -> state(stage, reason));
    }

    private void started(Asked asked, Reply reply) {
        if (reply.status() != 200) {
            return;
        }
        String id = id(reply.json());
        count.incrementAndGet();
        states.put(id, state(Stage.RUNNING, ""));
        if (runs) {
            Thread run = new Thread(() -> {
                int code = run(command(asked.body()));
                states.put(id, code == 0 ? state(Stage.SUCCEEDED, "") : state(Stage.FAILED, "exit code " + code));
            });
            run.setDaemon(true);
            run.start();
        }
    }

    /** Runs an entry point as a process on the platform would. */
    int run(List<String> command) {
        String[] arguments = Arguments.withoutPlatformOptions(
                command.subList(1, command.size()).toArray(String[]::new));
        return Millrace.execute(new CommandLine(Entry.command(command.get(0))), arguments);
    }

    /** Submits by this JVM. */
    Trial.Ended remote(String... options) {
        List<String> arguments = new ArrayList<>(List.of("remote"));
        boolean hasPhase = options.length > 0 && !options[0].startsWith("-");
        if (hasPhase) {
            arguments.add(options[0]);
        }
        arguments.addAll(List.of(job.toString(), "--poll", "100ms"));
        if (!List.of(options).contains("--patience")) {
            arguments.addAll(List.of("--patience", "2s"));
        }
        if (!List.of(options).contains("--attach")) {
            arguments.addAll(List.of("--on", platform()));
        }
        arguments.addAll(List.of(options).subList(hasPhase ? 1 : 0, options.length));
        return Trial.command(arguments.toArray(String[]::new));
    }

    /** The submissions that the platform has taken. */
    int submitted() {
        return count.get();
    }

    RunId run() {
        return root.names("staging/events/submissions/").stream()
                .map(name -> new RunId(name.substring(0, name.length() - 1)))
                .reduce((a, b) -> {
                    throw new AssertionError("Two runs: " + a + ", " + b);
                })
                .orElseThrow();
    }

    @Test
    void runsAJobAndTellsHowItEnded() throws IOException {
        runWhatIsSubmitted();
        Files.writeString(job, Files.readString(job).replace("/in\"", "/${arg:folder}\""));
        Trial.Ended ended = remote("--set", "folder=in");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(ended.out())
                .containsPattern("took +\\d")
                .contains("scripts/millrace status " + job + " --set 'folder=in'")
                .contains("run " + run() + ": submitted to ")
                .contains(word(Stage.SUCCEEDED))
                .contains("every row accounted for: 2 read = 2 written")
                .contains("record  s3://" + bucket + "/staging/events/runs/" + run() + "/record.json");
        assertThat(submitted()).isEqualTo(1);
        String given = new String(
                root.find("staging/events/submissions/" + run() + "/pipeline-1/job.json")
                        .orElseThrow()
                        .content(),
                StandardCharsets.UTF_8);
        assertThat(given)
                .contains("s3://" + bucket + "/in")
                .doesNotContain("remote")
                .doesNotContain("file:");
    }

    @Test
    void endsWithTheExitCodeOfWhatRan() {
        runWhatIsSubmitted();
        OpenJob open = OpenJob.load(job.toString(), Optional.empty(), Map.of(), Surroundings.ofProcess());
        try (Lease held =
                open.store().lock().acquire(new RunId("2026-11-21T07-00-00Z-k3f9"), "another", Overlap.SKIP, false)) {
            Trial.Ended ended = remote();
            assertThat(ended.err())
                    .contains("Job events is held by another since ")
                    .contains(word(Stage.FAILED) + ": exit code 4");
            assertThat(ended.code()).isEqualTo(4);
            assertThat(held).isNotNull();
        }
    }

    @Test
    void runsPhasesOneByOneAndSubmitsNoneThatIsDone() {
        runWhatIsSubmitted();
        assertThat(remote("infer-schema").code()).isZero();
        assertThat(remote("extract").code()).isZero();
        Trial.Ended again = remote("extract", "--run", run().value());
        assertThat(again.code()).isZero();
        assertThat(again.out()).contains("had ended before: nothing was submitted");
        assertThat(submitted()).isEqualTo(2);
    }

    @Test
    void saysSoWhereNothingIsNew() {
        runWhatIsSubmitted();
        assertThat(remote().code()).isZero();
        Trial.Ended ended = remote();
        assertThat(ended.out()).contains("nothing new: job events has read all there is");
        assertThat(ended.code()).isZero();
    }

    /** Of platforms whose processes write how they ended: a script that starts something else ends well, too. */
    final void assertThatSuccessWithoutUsIsNone() {
        front.on(this::isLook, 1, looked(() -> all(Stage.SUCCEEDED, "")));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains(
                        "Run " + run() + " did not begin, although its process ended well: Millrace did not run there")
                .contains("look it up by aws ");
        assertThat(ended.code()).isEqualTo(1);
    }

    @Test
    void namesARunThatDiedWithoutAWord() {
        front.on(this::isLook, 1, looked(() -> all(Stage.FAILED, "the driver ran out of memory")));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains("Run " + run() + " ended without saying why")
                .contains(word(Stage.FAILED) + ": the driver ran out of memory")
                .contains("look it up by aws ")
                .contains(states.keySet().iterator().next())
                .contains("--run " + run());
        assertThat(ended.code()).isEqualTo(1);

        // It has not begun, so the next one is another.
        runWhatIsSubmitted();
        assertThat(remote().code()).isZero();
        assertThat(submitted()).isEqualTo(2);
    }

    @Test
    void namesARunThatWasCancelledFromOutside() {
        front.on(this::isLook, 1, looked(() -> all(Stage.CANCELLED, "")));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains("Run " + run() + " was cancelled before its end")
                .contains(word(Stage.CANCELLED));
        assertThat(ended.code()).isEqualTo(1);
    }

    @Test
    void goesOnWhileItIsThrottled() {
        runWhatIsSubmitted();
        Rule throttle = (asked, real) -> Optional.of(Reply.error(400, "ThrottlingException", "Rate exceeded"));
        front.on(this::isSubmit, 1, throttle);
        front.on(this::isLook, 2, throttle);
        Trial.Ended ended = remote("--patience", "1m");
        assertThat(ended.code()).isZero();
        assertThat(ended.out()).contains("throttled, still trying: ThrottlingException: Rate exceeded");
        assertThat(submitted()).isEqualTo(1);
    }

    @Test
    void tellsHowToAttachWhenTheNetworkIsLostAndFollowsThen() {
        AtomicBoolean isLost = new AtomicBoolean(true);
        front.on(a -> isLook(a) && isLost.get(), (asked, real) -> Optional.empty());
        Trial.Ended ended = remote();
        String attach = "--attach " + run();
        assertThat(ended.err())
                .contains(": no answer for ")
                .contains("The run goes on there.")
                .contains(attach);
        assertThat(ended.code()).isEqualTo(1);

        isLost.set(false);
        runWhatIsSubmitted();
        assertThat(run(command(front.asked(this::isSubmit).get(0).body()))).isZero();
        all(Stage.SUCCEEDED, "");
        Trial.Ended attached = remote("--attach", run().value());
        assertThat(attached.err()).isEmpty();
        assertThat(attached.code()).isZero();
        assertThat(attached.out()).contains("every row accounted for: 2 read = 2 written");
        assertThat(submitted()).isEqualTo(1);
    }

    @Test
    void findsTheRunWhenTheAnswerIsLost() {
        runWhatIsSubmitted();
        front.on(this::isSubmit, 1, (asked, real) -> {
            started(asked, real.get());
            return Optional.empty();
        });
        Trial.Ended ended = remote();
        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(submitted()).isEqualTo(1);
    }

    @Test
    void isNotSubmittedWherePermissionIsMissing() {
        front.on(
                this::isSubmit,
                (asked, real) -> Optional.of(Reply.error(400, "AccessDeniedException", "User: x is not authorized")));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains("AccessDeniedException: User: x is not authorized: the credentials need ")
                .contains("Nothing was submitted");
        assertThat(ended.code()).isEqualTo(1);
        assertThat(submitted()).isZero();
    }

    @Test
    void isNotSubmittedWhereTheQuotaIsReached() {
        front.on(
                this::isSubmit,
                (asked, real) -> Optional.of(Reply.error(400, "ServiceQuotaExceededException", "Too many runs")));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains(
                        "ServiceQuotaExceededException: Too many runs: wait for other runs' end and run the same command"
                                + " again");
        assertThat(ended.code()).isEqualTo(1);
    }

    /** Without the answer nobody knows whether there is a run: the next submitter looks before it asks. */
    @Test
    void submitsOneRunWhenTheSubmitterIsKilledBeforeItsAnswer() throws Exception {
        submitsOneRunWhenKilled(Kill.AFTER_CALL);
    }

    /** A submitter that is killed leaves at most one run at the platform, and the next takes it up. */
    void submitsOneRunWhenKilled(Kill at) throws Exception {
        CompletableFuture<Process> submitter = new CompletableFuture<>();
        Predicate<Asked> isIntent =
                a -> a.action().startsWith("PUT ") && a.action().contains("/submission.json");
        AtomicInteger intents = new AtomicInteger();
        Predicate<Asked> isFirst = a -> isIntent.test(a) && intents.getAndIncrement() == 0;
        // The second one says that it is about to ask.
        Predicate<Asked> isId = a -> isIntent.test(a) && intents.getAndIncrement() == 2;
        switch (at) {
            case BEFORE_INTENT -> s3.on(isFirst, 1, killing(submitter, false));
            case AFTER_INTENT -> s3.on(isFirst, 1, killing(submitter, true));
            case BEFORE_CALL -> front.on(this::isSubmit, 1, killing(submitter, false));
            case AFTER_CALL -> front.on(this::isSubmit, 1, killing(submitter, true));
            case BEFORE_ID -> s3.on(isId, 1, killing(submitter, false));
            case AFTER_ID -> s3.on(isId, 1, killing(submitter, true));
        }
        Process process = process("--on", platform(), "--poll", "100ms");
        submitter.complete(process);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(137);

        runWhatIsSubmitted();
        // What was submitted before it was killed runs while the next one follows it.
        states.keySet()
                .forEach(id -> front.on(this::isLook, 1, looked(() -> {
                    assertThat(run(command(front.asked(this::isSubmit).get(0).body())))
                            .isZero();
                    states.put(id, state(Stage.SUCCEEDED, ""));
                })));
        Trial.Ended ended = remote();
        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(submitted()).isEqualTo(1);
        assertThat(root.names("staging/events/runs/")).hasSize(1);
    }

    @Test
    void cancelsOnCtrlC() throws Exception {
        CountDownLatch followed = new CountDownLatch(1);
        front.on(this::isLook, 2, looked(followed::countDown));
        Process process = process("--on", platform(), "--poll", "100ms");
        assertThat(followed.await(60, TimeUnit.SECONDS))
                .as(Files.readString(log()))
                .isTrue();
        Processes.run(new ProcessBuilder("kill", "-INT", Long.toString(process.pid())));
        assertThat(process.waitFor(60, TimeUnit.SECONDS))
                .as(Files.readString(log()))
                .isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(Files.readString(log()))
                .contains("cancelled: ")
                .contains(states.keySet().iterator().next());
        assertThat(front.asked(this::isCancel)).hasSize(1);
    }

    @Test
    void submitsOneRunWhenTwoSubmitAtOnce() throws Exception {
        runWhatIsSubmitted();
        String run = "2026-11-21T07-00-00Z-k3f9";
        List<CompletableFuture<Trial.Ended>> both = List.of(
                CompletableFuture.supplyAsync(() -> remote("--run", run)),
                CompletableFuture.supplyAsync(() -> remote("--run", run)));
        for (CompletableFuture<Trial.Ended> one : both) {
            Trial.Ended ended = one.get(100, TimeUnit.SECONDS);
            assertThat(ended.err()).isEmpty();
            assertThat(ended.code()).isZero();
        }
        assertThat(submitted()).isEqualTo(1);
    }

    private Rule looked(Runnable before) {
        return (asked, real) -> {
            before.run();
            Reply reply = real.get();
            return Optional.of(reply.with(stated(reply.json(), states)));
        };
    }

    private Rule killing(CompletableFuture<Process> submitter, boolean after) {
        return (asked, real) -> {
            if (after) {
                Reply reply = real.get();
                if (isSubmit(asked)) {
                    started(asked, reply);
                }
            }
            submitter.join().destroyForcibly().onExit().join();
            return Optional.empty();
        };
    }

    private Path log() {
        return folder.resolve("submitter.log");
    }

    /** Submits by a process of its own. */
    private Process process(String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-Daws.accessKeyId=test",
                "-Daws.secretAccessKey=test",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.millrace.job.Millrace",
                "remote",
                job.toString()));
        command.addAll(List.of(options));
        return new ProcessBuilder(Processes.interruptible(command))
                .redirectErrorStream(true)
                .redirectOutput(log().toFile())
                .start();
    }
}
