package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.Processes;
import dev.millrace.testing.S3Server;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code scripts/deploy} with the AWS CLI against the S3 server. CloudFormation, which no server here does, is a script
 * that writes down what it was asked for.
 */
class DeployTest {
    private static final Path HOME = Path.of(System.getProperty("millrace.home"));
    private static final Path AWS = HOME.resolve("target/checks/bin/aws");

    @TempDir
    private Path folder;

    private Path jar;
    private Storage bucket;

    @BeforeEach
    void checkout() throws IOException {
        assumeTrue(Files.isExecutable(AWS), "The AWS CLI is not installed: scripts/install-test-tools");
        OwnLauncher.in(folder);
        Files.copy(HOME.resolve("scripts/deploy"), folder.resolve("scripts/deploy"));
        Files.createDirectories(folder.resolve("conf/cloudformation"));
        for (String template : List.of("glue.yaml", "emr-serverless.yaml")) {
            Files.copy(
                    HOME.resolve("conf/cloudformation").resolve(template),
                    folder.resolve("conf/cloudformation").resolve(template));
        }
        Files.createDirectories(folder.resolve("jobs"));
        Files.writeString(folder.resolve("jobs/orders.yaml"), """
                job: orders
                every: 15m
                source: {dynamodb: {table: orders, region: eu-west-1}}
                warehouse:
                  postgres: {host: db, database: shop, user: millrace, password: "${secret:prod/db#password}"}
                """);
        Files.writeString(folder.resolve("conf/prod.yaml"), "staging: {at: \"s3://acme-prod/staging\"}\n");
        Files.createDirectories(folder.resolve("conf/deploy/prod"));
        parameters(
                "SourceTable=arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
                "StagingBucket=acme",
                "StagingPrefix=millrace");
        bucket = Storages.open("s3://" + S3Server.newBucket() + "/", S3Server.options());
        Files.writeString(folder.resolve("conf/deploy/prod/settings"), """
                artifacts=%s
                platform=glue
                region=eu-west-1
                """.formatted(bucket.uri("millrace")));
        Files.createDirectories(folder.resolve("bin"));
        OwnLauncher.executable(folder.resolve("bin/aws"), """
                #!/bin/sh
                case "$1 $2" in
                  "cloudformation deploy") echo "$@" >>'%1$s/stacks' ;;
                  "cloudformation describe-stacks")
                    printf 'UPDATE_ROLLBACK_COMPLETE\t'
                    cat '%1$s/stuck' 2>/dev/null || sed -n 's/.* Version=\\([^ ]*\\) .*/\\1/p' '%1$s/stacks' | tail -n 1 ;;
                  *) exec '%2$s' "$@" ;;
                esac
                """.formatted(folder, AWS));
        jar = Files.writeString(folder.resolve("one.jar"), "the jar of 1.0.0");
    }

    @Test
    void aVersionIsNeverWrittenOverAndTheOneBeforeComesBack() throws IOException {
        assertThat(deploy("prod", "1.0.0", jar.toString()).exitCode()).isZero();
        assertThat(bucket.list("millrace/1.0.0/").stream()
                        .map(file -> file.path())
                        .toList())
                .containsExactlyInAnyOrder(
                        "millrace/1.0.0/complete",
                        "millrace/1.0.0/glue.yaml",
                        "millrace/1.0.0/jobs/prod/orders.json",
                        "millrace/1.0.0/millrace.jar",
                        "millrace/1.0.0/parameters/prod/orders",
                        "millrace/1.0.0/state-machines/prod/orders.json");
        // As it is in the environment; secrets are looked up where the job runs.
        assertThat(text("jobs/prod/orders.json")).contains("s3://acme-prod/staging/", "\"${secret:prod/db#password}\"");
        assertThat(text("state-machines/prod/orders.json"))
                .contains("/1.0.0/jobs/prod/orders.json", "\"Bucket\" : \"acme-prod\"");
        // Once more, as after a failure: the same is there, and the stack is brought to it again.
        assertThat(deploy("prod", "1.0.0", jar.toString()).exitCode()).isZero();
        assertThat(stacks())
                .hasSize(2)
                .allMatch(call -> call.contains("--stack-name millrace-prod-orders")
                        && call.contains("Environment=prod JobName=orders Version=1.0.0")
                        && call.contains("StagingBucket=acme StagingPrefix=millrace")
                        && call.contains("TimeoutMinutes=14 Schedule=rate(15 minutes) SuccessWithinSeconds=1800"));

        Path other = Files.writeString(folder.resolve("two.jar"), "the jar of 1.1.0");
        Processes.Ended refused = deploy("prod", "1.0.0", other.toString());
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.output()).contains("Version 1.0.0 is there with another millrace.jar: ");

        parameters(
                "SourceTable=arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
                "StagingBucket=other",
                "StagingPrefix=millrace");
        assertThat(deploy("prod", "1.1.0", other.toString()).exitCode()).isZero();
        assertThat(stacks()).hasSize(3);
        assertThat(stacks().get(2)).contains("Version=1.1.0", "StagingBucket=other", "StagingPrefix=millrace");
        goesBack();
    }

    /** From 1.0.0, 1.0.0 once more and 1.1.0. */
    private void goesBack() throws IOException {
        // As it was written down before the platform was.
        bucket.put("millrace/deployed/prod/000001", "1.0.0".getBytes(StandardCharsets.UTF_8));
        bucket.put("millrace/deployed/prod/000002", "1.0.0".getBytes(StandardCharsets.UTF_8));
        byte[] template = bucket.find("millrace/1.0.0/glue.yaml").orElseThrow().content();
        bucket.delete(List.of("millrace/1.0.0/glue.yaml"));
        Processes.Ended broken = deploy("prod", "--rollback");
        assertThat(broken.output()).contains("Cannot read s3://", "/millrace/1.0.0/glue.yaml: ");
        assertThat(broken.exitCode()).isEqualTo(1);
        assertThat(bucket.list("millrace/deployed/prod/")).hasSize(3);

        bucket.put("millrace/1.0.0/glue.yaml", template);
        Processes.Ended back = deploy("prod", "--rollback");
        assertThat(back.exitCode()).as(back.output()).isZero();
        assertThat(back.output())
                .contains("rolling back prod from 1.1.0 to 1.0.0")
                .contains("prod has version 1.0.0");
        // With the parameters that it had.
        assertThat(stacks().get(3)).contains("Version=1.0.0", "StagingBucket=acme", "StagingPrefix=millrace");
        assertThat(record(4)).isEqualTo("1.0.0\nplatform=glue\nback-to=000002\n");
        // What was rolled back from is no place to go back to.
        Processes.Ended first = deploy("prod", "--rollback");
        assertThat(first.output()).contains("Nothing to roll back to: 1.0.0 is the first version");
        assertThat(first.exitCode()).isEqualTo(2);

        // What was deployed by its number is, also where it is younger; and each has the platform of its time.
        bucket.put("millrace/deployed/prod/000005", "1.0.0\nplatform=glue\n".getBytes(StandardCharsets.UTF_8));
        bucket.put("millrace/deployed/prod/000006", "1.1.0\nplatform=glue\n".getBytes(StandardCharsets.UTF_8));
        bucket.put("millrace/deployed/prod/000007", "1.0.0\nplatform=none\n".getBytes(StandardCharsets.UTF_8));
        setting("platform=emr-serverless");
        // As CloudFormation leaves a stack of which something could not be made.
        Files.writeString(folder.resolve("stuck"), "0.9.0\n");
        Processes.Ended stuck = deploy("prod", "--rollback");
        assertThat(stuck.output())
                .contains("rolling back prod from 1.0.0 to 1.1.0")
                .contains(
                        "stack millrace-prod-orders has version 0.9.0, not 1.1.0: it is UPDATE_ROLLBACK_COMPLETE; see")
                .doesNotContain("prod has version");
        assertThat(stuck.exitCode()).isEqualTo(1);
        assertThat(stacks().get(4)).contains("Version=1.1.0", "WorkerType=G.1X");
        assertThat(record(8)).isEqualTo("1.1.0\nplatform=glue\nback-to=000006\n");
        // One that broke off is gone on with, not gone behind.
        assertThat(deploy("prod", "--rollback").output())
                .contains(
                        "going on with the rollback of prod to 1.1.0", "stack millrace-prod-orders has version 0.9.0");
    }

    @Test
    void asManyTasksRunAtOnceAsShareARunsUnitsAndOne() throws IOException {
        setting("units=8");
        assertThat(deploy("prod", "1.0.0", jar.toString()).exitCode()).isZero();
        assertThat(stacks().get(0)).contains(" MaxConcurrentTasks=9 ").doesNotContain("MaxConcurrentTasks=2");
        assertThat(text("state-machines/prod/orders.json")).contains("\"MaxConcurrency\" : 8");
        parameters("StagingBucket=acme", "StagingPrefix=millrace", "# less than that", "MaxConcurrentTasks=8");
        Processes.Ended refused = deploy("prod", "1.1.0", jar.toString());
        assertThat(refused.output()).contains("orders.parameters: MaxConcurrentTasks: 8: must be at least 9, since ");
        assertThat(refused.exitCode()).isEqualTo(2);
        setting("units=many");
        assertThat(deploy("prod", "1.1.0", jar.toString()).output())
                .contains("settings: units: many: must be a whole number from 1 to 1000");
        assertThat(bucket.list("millrace/1.1.0/")).isEmpty();
    }

    @Test
    void aJobStartsAsOftenAsItSaysAndIsStoppedBefore() throws IOException {
        parameters("StagingBucket=acme", "StagingPrefix=millrace", "TimeoutMinutes=15");
        Processes.Ended refused = deploy("prod", "1.0.0", jar.toString());
        assertThat(refused.output())
                .contains("orders.parameters: TimeoutMinutes: 15: must be less than every of jobs/orders.yaml, 15m");
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(bucket.list("millrace/")).isEmpty();
        Files.writeString(
                folder.resolve("jobs/orders.yaml"),
                Files.readString(folder.resolve("jobs/orders.yaml")).replace("every: 15m", "every: 5d"));
        parameters("StagingBucket=acme", "StagingPrefix=millrace", "Schedule=cron(0 1 * * ? *)");
        assertThat(deploy("prod", "1.0.0", jar.toString()).exitCode()).isZero();
        assertThat(stacks().get(0))
                .contains(" Schedule=cron(0 1 * * ? *) ", " TimeoutMinutes=2880 ", " SuccessWithinSeconds=604800 ");
    }

    @Test
    void aBucketThatIsNotThereAndAnEndpointOfThisMachineAreMistakes() throws IOException {
        Files.writeString(
                folder.resolve("jobs/orders.yaml"),
                Files.readString(folder.resolve("jobs/orders.yaml"))
                        + "s3: {endpoint: \"http://127.0.0.1:9000\", path-style: true}\n");
        Processes.Ended here = deploy("prod", "1.0.0", jar.toString());
        assertThat(here.output())
                .contains("jobs/orders.yaml: s3.endpoint: http://127.0.0.1:9000: is this machine, and a platform runs");
        assertThat(here.exitCode()).isEqualTo(2);
        assertThat(bucket.list("millrace/")).isEmpty();

        setting("artifacts=s3://none-" + System.nanoTime() + "/millrace");
        Processes.Ended nowhere = deploy("prod", "1.0.0", jar.toString());
        assertThat(nowhere.output())
                .contains("settings: artifacts: s3://none-", ": there is no bucket none-", "make it:");
        assertThat(nowhere.exitCode()).isEqualTo(2);
    }

    private String record(int number) {
        return new String(
                bucket.find("millrace/deployed/prod/%06d".formatted(number))
                        .orElseThrow()
                        .content(),
                StandardCharsets.UTF_8);
    }

    /** Of two of one name the last one counts. */
    private void setting(String line) throws IOException {
        Path settings = folder.resolve("conf/deploy/prod/settings");
        Files.writeString(settings, Files.readString(settings) + line + "\n");
    }

    @Test
    void anEnvironmentHasWhatItLaysUnderAJobFile() throws IOException {
        Files.createDirectories(folder.resolve("conf/deploy/dev"));
        for (String file : List.of("settings", "orders.parameters")) {
            Files.copy(folder.resolve("conf/deploy/prod/" + file), folder.resolve("conf/deploy/dev/" + file));
        }
        Files.writeString(folder.resolve("conf/dev.yaml"), "staging: {at: \"s3://acme-dev/staging\"}\n");
        Processes.Ended dev = deploy("dev", "1.0.0", jar.toString());

        assertThat(dev.exitCode()).as(dev.output()).isZero();
        assertThat(text("jobs/dev/orders.json")).contains("s3://acme-dev/staging/");
        assertThat(text("state-machines/dev/orders.json"))
                .contains("/1.0.0/jobs/dev/orders.json", "\"Bucket\" : \"acme-dev\"");
        assertThat(stacks())
                .singleElement()
                .asString()
                .contains("--stack-name millrace-dev-orders", "Environment=dev JobName=orders Version=1.0.0");

        Files.writeString(folder.resolve("conf/prod.yaml"), """
                staging: {at: "s3://acme-prod/staging"}
                warehouse: {postgres: {password: hunter2}}
                """);
        Files.writeString(
                folder.resolve("jobs/orders.yaml"),
                Files.readString(folder.resolve("jobs/orders.yaml"))
                        .replace(", password: \"${secret:prod/db#password}\"", ""));
        Processes.Ended plain = deploy("prod", "1.1.0", jar.toString());
        assertThat(plain.exitCode()).isEqualTo(2);
        assertThat(plain.output()).contains("warehouse.postgres.password").doesNotContain("hunter2");
        Files.writeString(folder.resolve("conf/prod.yaml"), "staging: {at: data/staging}\n");
        assertThat(deploy("prod", "1.1.0", jar.toString()).output()).contains("staging.at: ", "is on this machine");
        assertThat(bucket.list("millrace/1.1.0/")).isEmpty();
    }

    private String text(String path) {
        return new String(bucket.find("millrace/1.0.0/" + path).orElseThrow().content(), StandardCharsets.UTF_8);
    }

    @Test
    void aMistakeIsToldBeforeAnythingIsUploaded() throws IOException {
        assertThat(deploy("prod", "--rollback").output())
                .contains("Nothing to roll back: nothing was deployed to prod yet");
        assertThat(deploy("test", "1.0.0", jar.toString()).output()).contains("Unknown ENV: test: there is no ");
        assertThat(deploy("prod", "1/0", jar.toString()).output()).contains("Invalid VERSION: 1/0: must be letters");
        for (List<String> mistake : List.of(
                List.of("foo bar", "orders.parameters: foo bar: must be NAME=VALUE"),
                List.of(
                        "Version=2",
                        "orders.parameters: Version: is what scripts/deploy gives itself: remove the line"),
                List.of("LakeBuckett=acme", "LakeBuckett: conf/cloudformation/glue.yaml has no such parameter"),
                List.of(
                        "LakeBucket=acme",
                        "orders.parameters: StagingBucket StagingPrefix: is missing, and has no default"))) {
            parameters(mistake.get(0));
            Processes.Ended refused = deploy("prod", "1.0.0", jar.toString());
            assertThat(refused.output()).contains(mistake.get(1));
            assertThat(refused.exitCode()).isEqualTo(2);
        }
        parameters("StagingBucket=acme", "StagingPrefix=millrace");
        Files.writeString(
                folder.resolve("conf/deploy/prod/customers.parameters"),
                "StagingBucket=acme\nStagingPrefix=millrace\n");
        Processes.Ended missing = deploy("prod", "1.0.0", jar.toString());
        assertThat(missing.exitCode()).isEqualTo(2);
        assertThat(missing.output()).contains("there is no job file jobs/customers.yaml");
        assertThat(bucket.list("millrace/")).isEmpty();
        assertThat(folder.resolve("stacks")).doesNotExist();
    }

    private List<String> stacks() throws IOException {
        return Files.readAllLines(folder.resolve("stacks"));
    }

    private void parameters(String... lines) throws IOException {
        // As an editor leaves it that ends no last line.
        Files.writeString(folder.resolve("conf/deploy/prod/orders.parameters"), String.join("\n", lines));
    }

    private Processes.Ended deploy(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(folder.resolve("scripts/deploy").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder process = new ProcessBuilder(command);
        process.environment()
                .putAll(Map.of(
                        "PATH",
                        folder.resolve("bin") + File.pathSeparator + System.getenv("PATH"),
                        "AWS_ENDPOINT_URL",
                        S3Server.front().uri().toString(),
                        "AWS_ACCESS_KEY_ID",
                        "test",
                        "AWS_SECRET_ACCESS_KEY",
                        "test"));
        return Processes.run(process);
    }
}
