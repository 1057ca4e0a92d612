package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.Moto;
import dev.millrace.testing.PlatformFront;
import dev.millrace.testing.PlatformFront.Asked;
import dev.millrace.testing.PlatformFront.Reply;
import dev.millrace.testing.Processes;
import dev.millrace.testing.S3Server;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.glue.GlueClient;

/**
 * The commands of docs/remote.md and README.md as they stand there: a Glue job is made, started, followed, brought to a new
 * version and back. Moto keeps Glue's books; a run is a process of the jar that the Glue job names when it is started.
 */
class GlueWalkTest {
    private static final Path HOME = Path.of(System.getProperty("millrace.home"));
    private static final Path AWS = HOME.resolve("target/checks/bin/aws");

    @TempDir
    private Path folder;

    private final Map<String, String> states = new ConcurrentHashMap<>();
    private final List<String> ran = new CopyOnWriteArrayList<>();
    private final String bucket = "walk-" + System.nanoTime();
    private PlatformFront front;
    private GlueClient glue;

    @BeforeEach
    void checkout() throws IOException {
        assumeTrue(Moto.isInstalled() && Files.isExecutable(AWS), "scripts/install-test-tools was not run");
        OwnLauncher.in(folder);
        for (String file :
                List.of("scripts/glue/Millrace.scala", "scripts/glue/job.json", "jobs/aws/access-records.yaml")) {
            Files.createDirectories(folder.resolve(file).getParent());
            Files.copy(HOME.resolve(file), folder.resolve(file));
        }
        // S3A knows no variable for it.
        append(
                "jobs/aws/access-records.yaml",
                "s3: {endpoint: \"" + S3Server.front().uri() + "\", path-style: true}\n");
        Files.createDirectories(folder.resolve("bin"));
        OwnLauncher.executable(folder.resolve("bin/aws"), "#!/bin/sh\nexec '" + AWS + "' \"$@\"\n");
        build("1.0.0");
        records(1, 2);
        glue = GlueClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(Moto.uri())
                .region(Region.EU_WEST_1)
                .build();
        front = new PlatformFront(Moto.uri());
        front.on(asked -> asked.is("StartJobRun"), (asked, real) -> {
            Reply reply = real.get();
            start(reply.json().path("JobRunId").asText(), asked);
            return Optional.of(reply);
        });
        front.on(asked -> asked.is("GetJobRun"), (asked, real) -> {
            Reply reply = real.get();
            ObjectNode run = (ObjectNode) reply.json().path("JobRun");
            run.put("JobRunState", states.get(run.path("Id").asText()));
            return Optional.of(reply.with(((ObjectNode) reply.json()).set("JobRun", run)));
        });
    }

    @AfterEach
    void close() {
        if (front != null) {
            front.close();
            glue.close();
        }
    }

    @Test
    void aGlueJobIsMadeStartedFollowedUpdatedAndRolledBack() throws IOException {
        List<String> documented = blocks("docs/remote.md", "## AWS Glue");
        assertThat(documented).hasSize(4);
        String first = shell(documented.get(0), documented.get(1), start());
        assertThat(first)
                .contains("every row accounted for: 2 read = 2 written")
                .containsPattern("\\nrecord +s3://" + bucket + "/staging/access-records/runs/");
        assertThat(ran).containsExactly("millrace 1.0.0");

        build("1.1.0");
        assertThat(shell(functions(documented.get(1)), documented.get(2), start()))
                .contains("nothing new: job access-records has read all there is");
        assertThat(ran).containsExactly("millrace 1.0.0", "millrace 1.1.0");

        String back = shell(functions(documented.get(1)), documented.get(3), start());
        assertThat(back)
                .contains("\"s3://" + bucket + "/millrace/1.0.0/millrace.jar\"")
                .contains("nothing new: job access-records has read all there is");
        assertThat(ran).containsExactly("millrace 1.0.0", "millrace 1.1.0", "millrace 1.0.0");
        assertThat(glue.getJobRuns(r -> r.jobName("millrace")).jobRuns()).hasSize(3);
    }

    /** What the README has a user do once there is a Glue job. */
    private static String start() {
        return blocks("README.md", "## On a cluster").stream()
                .filter(block -> block.contains("aws s3 sync"))
                .findFirst()
                .orElseThrow()
                .lines()
                .filter(line -> !line.startsWith("export BUCKET="))
                .map(line -> line.contains(" remote ") ? line + " --poll 100ms" : line)
                .collect(Collectors.joining("\n"));
    }

    /** The blocks of commands below a heading. */
    private static List<String> blocks(String page, String heading) {
        try {
            String text = Files.readString(HOME.resolve(page));
            String section = text.substring(text.indexOf(heading + "\n") + heading.length());
            int next = section.indexOf("\n## ");
            String[] parts = (next < 0 ? section : section.substring(0, next)).split("\n```\n", -1);
            List<String> blocks = new ArrayList<>();
            for (int i = 1; i < parts.length; i += 2) {
                blocks.add(parts[i]);
            }
            return blocks;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String functions(String block) {
        return block.substring(0, block.indexOf("\nmvn "));
    }

    private String shell(String... commands) {
        String script = String.join("\n", commands).replace("export BUCKET=a-bucket-of-yours", "");
        ProcessBuilder process = new ProcessBuilder("bash", "-euc", script).directory(folder.toFile());
        process.environment().put("BUCKET", bucket);
        process.environment().put("AWS_ENDPOINT_URL", front.uri().toString());
        process.environment().put("PATH", folder.resolve("bin") + File.pathSeparator + System.getenv("PATH"));
        process.environment().putAll(environment());
        Processes.Ended ended = Processes.run(process);
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        return ended.output();
    }

    private static Map<String, String> environment() {
        return Map.of(
                "AWS_ENDPOINT_URL_S3", S3Server.front().uri().toString(),
                "AWS_ACCESS_KEY_ID", "test",
                "AWS_SECRET_ACCESS_KEY", "test",
                "SPARK_LOCAL_IP", "127.0.0.1",
                "AWS_REGION", "eu-west-1",
                "AWS_DEFAULT_REGION", "eu-west-1");
    }

    /** In a folder that is looked into by every run, whatever the clock says. */
    private void records(int... ids) throws IOException {
        Path file = folder.resolve("data/access-records/records/2099/11/21/07/part.json");
        Files.createDirectories(file.getParent());
        Files.writeString(
                file,
                Arrays.stream(ids)
                        .mapToObj("{\"timestamp\": 1795300000000, \"payload\": {\"sessionId\": \"%d\"}}"::formatted)
                        .collect(Collectors.joining("\n")));
    }

    private void append(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), Files.readString(folder.resolve(file)) + text);
    }

    /** Has the next {@code mvn package} make a jar of the classes under test that says that it is of a version. */
    private void build(String version) throws IOException {
        Path jar = folder.resolve(version + ".jar");
        Path classes = HOME.resolve("target/classes");
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest);
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, entries);
                entries.closeEntry();
            }
        }
        OwnLauncher.executable(
                folder.resolve("bin/mvn"), "#!/bin/sh\nmkdir -p target\ncp '" + jar + "' target/millrace.jar\n");
    }

    /** What Glue does: starts the jar of the job's definition, as it is now, with the arguments of the run. */
    private void start(String id, Asked asked) {
        states.put(id, "RUNNING");
        Storage root = Storages.open("s3://" + bucket, S3Server.options());
        String uri =
                glue.getJob(r -> r.jobName("millrace")).job().defaultArguments().get("--extra-jars");
        byte[] content = root.find(uri.substring(("s3://" + bucket + "/").length()))
                .orElseThrow()
                .content();
        Thread run = new Thread(() -> {
            try {
                Path jar = Files.write(folder.resolve(id + ".jar"), content);
                ran.add(java(jar, List.of("dev.millrace.job.Millrace", "--version"))
                        .output()
                        .strip());
                List<String> arguments =
                        new ArrayList<>(List.of("dev.millrace.job.Pipeline", "--JOB_NAME", "millrace"));
                JsonNode given = asked.body().path("Arguments");
                given.fields().forEachRemaining(argument -> {
                    arguments.add(argument.getKey());
                    arguments.add(argument.getValue().asText());
                });
                Processes.Ended ended = java(jar, arguments);
                states.put(id, ended.exitCode() == 0 ? "SUCCEEDED" : "FAILED");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        run.setDaemon(true);
        run.start();
    }

    /** A process of a jar, beside what its platform has. */
    private Processes.Ended java(Path jar, List<String> arguments) throws IOException {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> !entry.startsWith(HOME.resolve("target").toString()))
                .collect(Collectors.joining(File.pathSeparator, jar + File.pathSeparator, ""));
        List<String> command = new ArrayList<>(OwnLauncher.java(classPath));
        // What else Spark would do for a table of three rows.
        command.addAll(List.of(
                "-Dlog4j2.configurationFile=" + HOME.resolve("conf/log4j2.properties"),
                "-Dspark.ui.enabled=false",
                "-Dspark.sql.shuffle.partitions=2",
                "-Dspark.databricks.delta.snapshotPartitions=2"));
        command.addAll(arguments);
        ProcessBuilder process = new ProcessBuilder(command).directory(folder.toFile());
        process.environment().putAll(environment());
        return Processes.run(process);
    }
}
