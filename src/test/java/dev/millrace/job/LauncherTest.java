package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.Processes;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code scripts/millrace} in a copy of the project with a JDK and a Maven made of shell scripts: Java prints its
 * arguments, Maven counts its calls.
 */
class LauncherTest {
    private static final Path OURS = Path.of(System.getProperty("millrace.home"));
    private static final String TOOLS =
            "bash sh env dirname readlink sed head find cat touch mkdir rmdir rm mv tail grep sleep stty cksum nice du getconf";

    @TempDir
    private Path folder;

    private Path home;
    private Path jdk;
    private Path bin;

    @BeforeEach
    void makeAProject() throws IOException {
        home = folder.resolve("a project");
        for (String file : List.of("scripts/millrace", "scripts/jdk.sh", "conf/jvm.options", "pom.xml")) {
            Files.createDirectories(home.resolve(file).getParent());
            Files.copy(OURS.resolve(file), home.resolve(file));
        }
        home.resolve("scripts/millrace").toFile().setExecutable(true);
        Files.createDirectories(home.resolve("src/main/java/room"));
        Files.writeString(home.resolve("src/main/java/room/A.java"), "class A {}");
        Files.writeString(home.resolve("src/main/java/room/B.java"), "class B {}");
        Files.writeString(folder.resolve("dependency.jar"), "");
        jdk = jdk("jdk17", "17.0.15");
        bin = folder.resolve("bin");
        Files.createDirectories(bin);
        for (String tool : TOOLS.split(" ", -1)) {
            for (String place : List.of("/usr/bin", "/bin")) {
                Path target = Path.of(place, tool);
                if (Files.exists(target)) {
                    script(bin.resolve(tool), "exec " + target + " \"$@\"\n");
                }
            }
        }
        script(bin.resolve("mvn"), """
                echo called >> "%1$s/calls"
                if [ -f "%1$s/broken" ]; then echo "Main.java:3: no such thing"; exit 1; fi
                for argument in "$@"; do
                  case $argument in
                    -Dmdep.outputFile=*) printf '%%s' "%1$s/dependency.jar" > "${argument#*=}" ;;
                  esac
                done
                """.formatted(folder));
    }

    @Test
    void buildsOnceAndStartsJava() throws IOException {
        Processes.Ended first = launch("status", "jobs/a b.yaml");
        assertThat(first.exitCode()).as(first.output()).isZero();
        assertThat(first.output())
                .startsWith("millrace: building (first time: a few minutes) ...\n")
                .contains("-Dmillrace.home=" + home.toRealPath() + "\n")
                .contains("-cp\n" + home.toRealPath() + "/target/launcher/millrace-classes.jar:" + folder
                        + "/dependency.jar\n")
                .endsWith("dev.millrace.job.Millrace\nstatus\njobs/a b.yaml\n");
        assertThat(launch("status").output()).doesNotContain("building");
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void buildsAgainWhenASourceIsChangedOrRemovedOrAJarIsGone() throws IOException {
        launch("status");
        assertThat(builds()).isEqualTo(1);

        later(home.resolve("src/main/java/room/A.java"));
        assertThat(launch("status").output()).startsWith("millrace: building ...\n");
        assertThat(builds()).isEqualTo(2);

        // As time goes by: both files are older than the next build.
        setTime(home.resolve("src/main/java/room/A.java"), Instant.now().minusSeconds(60));
        launch("status");
        int before = builds();
        Files.delete(home.resolve("src/main/java/room/B.java"));
        later(home.resolve("src/main/java/room"));
        launch("status");
        assertThat(builds()).isEqualTo(before + 1);

        setTime(home.resolve("src/main/java/room"), Instant.now().minusSeconds(60));
        Files.delete(folder.resolve("dependency.jar"));
        launch("status");
        assertThat(builds()).isEqualTo(before + 2);
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void buildsOnceForTwoAtOnce(boolean flock) throws Exception {
        if (flock && Files.exists(Path.of("/usr/bin/flock"))) {
            script(bin.resolve("flock"), "exec /usr/bin/flock \"$@\"\n");
        }
        ExecutorService pool = Executors.newFixedThreadPool(3);
        try {
            List<CompletableFuture<Processes.Ended>> launches = Stream.generate(
                            () -> CompletableFuture.supplyAsync(() -> launch("status"), pool))
                    .limit(3)
                    .toList();
            for (CompletableFuture<Processes.Ended> launch : launches) {
                assertThat(launch.get().exitCode()).as(launch.get().output()).isZero();
            }
        } finally {
            pool.shutdown();
        }
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void takesOverTheLockOfALauncherThatDied() throws IOException {
        Path lock = home.resolve("target/launcher/lock.d");
        Files.createDirectories(lock);
        // No process has this id: it is beyond what the kernel gives out.
        Files.writeString(lock.resolve("pid"), "99999999\n");
        assertThat(launch("status").exitCode()).isZero();
        assertThat(lock).doesNotExist();
    }

    @Test
    void showsTheEndOfAFailedBuildAndBuildsAgainNextTime() throws IOException {
        Files.writeString(folder.resolve("broken"), "");
        Processes.Ended failed = launch("status");
        assertThat(failed.exitCode()).isEqualTo(1);
        assertThat(failed.output())
                .contains("millrace: the build failed; the end of ")
                .endsWith("build.log:\nMain.java:3: no such thing\n");
        Files.delete(folder.resolve("broken"));
        assertThat(launch("status").exitCode()).isZero();
    }

    @Test
    void passesTheExitCodeOn() throws IOException {
        assertThat(launch("exit", "3").exitCode()).isEqualTo(3);
    }

    @Test
    void worksThroughALink() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), home.resolve("scripts/millrace"));
        assertThat(launch(Map.of(), link, "status").output()).contains("-Dmillrace.home=" + home.toRealPath() + "\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "status jobs/big.yaml           | small",
                "--help                         | small",
                "local jobs/small.yaml          | small",
                "local extract jobs/small.yaml  | small",
                "local jobs/big.yaml            | big",
                "local jobs/none.yaml           | big",
                "local jobs/few.yaml            | small",
                "local jobs/folder.yaml         | small",
                "local jobs/many.yaml           | big",
                "local jobs/gone.yaml           | big",
                "local jobs/s3.yaml             | big",
                "compact s3://acme/lake/        | big"
            })
    void fitsTheJvmToTheWork(String arguments, String size) throws IOException {
        Path jobs = Files.createDirectories(folder.resolve("jobs"));
        Files.writeString(jobs.resolve("small.yaml"), "source:\n  dynamodb:\n    endpoint: embedded\n");
        Files.writeString(jobs.resolve("big.yaml"), "source:\n  dynamodb: {table: shop}  # endpoint: embedded\n");
        Path few = Files.createDirectories(folder.resolve("few/2026"));
        Files.write(few.resolve("a.json"), new byte[100]);
        Path many = Files.createDirectories(folder.resolve("many"));
        Files.write(many.resolve("a.json"), new byte[34 << 20]);
        String staging = "\nstaging: {at: few/}\n";
        Files.writeString(jobs.resolve("few.yaml"), "source: {snapshot: {at: few/, format: json}}" + staging);
        Files.writeString(
                jobs.resolve("folder.yaml"), "source:\n  json:\n    at: \"few/{yyyy}/\"  # at: many/" + staging);
        Files.writeString(jobs.resolve("many.yaml"), "source: {snapshot: {files: '*.json', at: \"many\"}}" + staging);
        Files.writeString(jobs.resolve("gone.yaml"), "source: {snapshot: {at: gone}}" + staging);
        Files.writeString(jobs.resolve("s3.yaml"), "source: {snapshot: {at: s3://acme/few/}}" + staging);
        String output = launch(arguments.split(" ", -1)).output();
        if (size.equals("small")) {
            assertThat(output).contains("-XX:+UseSerialGC\n-XX:TieredStopAtLevel=1\n-Xmx1g\n");
        } else {
            assertThat(output)
                    .contains("-XX:+UseParallelGC\n-XX:MaxRAMPercentage=")
                    .doesNotContain("TieredStopAtLevel");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "compact orders                              | short",
                "compact --file-size 64MB --dry-run orders   | short",
                "compact --record records orders             | short",
                "compact --path=orders --engine pages        | short",
                "compact --path orders                       | short",
                "compact orders --engine rewrite             | long",
                "compact orders --engine=rewrite             | long",
                "compact orders --sort-by id                 | long",
                "compact --record records s3://acme/orders/  | long",
                "compact none                                | long"
            })
    void startsACompactionOfALocalFolderQuicklyAndWithTheHeapThatItNeeds(String arguments, String size)
            throws IOException {
        Files.createDirectories(folder.resolve("orders/day=1"));
        Files.createDirectories(folder.resolve("records"));
        String output = launch(arguments.split(" +", -1)).output();
        if (size.equals("short")) {
            int megabytes = 512 + 256 * Runtime.getRuntime().availableProcessors();
            assertThat(output).contains("-XX:+UseSerialGC\n-XX:TieredStopAtLevel=1\n-Xmx" + megabytes + "m\n");
        } else {
            assertThat(output).contains("-XX:+UseParallelGC\n").doesNotContain("TieredStopAtLevel");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"local", "compact"})
    void archivesTheClassesOfACompleteRunForTheNext(String command) throws Exception {
        assertThat(launch(command, "complete").output()).contains("-XX:DumpLoadedClassList=");
        Path built = home.resolve("target/launcher");
        Instant deadline = Instant.now().plusSeconds(60);
        while (archives(built).isEmpty()) {
            assertThat(Instant.now()).as("deadline for an archive").isBefore(deadline);
            Thread.onSpinWait();
        }
        assertThat(launch(command, "complete").output())
                .contains("-XX:SharedArchiveFile=" + archives(built).get(0).toRealPath() + "\n")
                .doesNotContain("DumpLoadedClassList");
        later(home.resolve("pom.xml"));
        launch("status");
        assertThat(archives(built)).as("after a build").isEmpty();
    }

    private static List<Path> archives(Path built) throws IOException {
        try (Stream<Path> files = Files.list(built)) {
            return files.filter(file -> file.toString().endsWith(".jsa")).toList();
        }
    }

    @Test
    void takesTheUsersFlagsInstead() {
        assertThat(launch(Map.of("MILLRACE_JVM", "-Xmx7g -XX:+UseG1GC"), home.resolve("scripts/millrace"), "status")
                        .output())
                .contains("-Xmx7g\n-XX:+UseG1GC\n")
                .doesNotContain("SerialGC");
    }

    @Test
    void takesJarsOfTheUsersBehindItsOwn() {
        assertThat(launch(Map.of("MILLRACE_JARS", "a.jar:b.jar"), home.resolve("scripts/millrace"), "status")
                        .output())
                .contains("/dependency.jar:a.jar:b.jar\n");
    }

    @Test
    void findsAJdkOnThePathBehindLinks() throws IOException {
        Files.createSymbolicLink(folder.resolve("alternative"), jdk.resolve("bin/java"));
        Files.createSymbolicLink(bin.resolve("java"), folder.resolve("alternative"));
        Processes.Ended ended = launch(Map.of("JAVA_HOME", ""), home.resolve("scripts/millrace"), "status");
        assertThat(ended.exitCode()).as(ended.output()).isZero();
    }

    @Test
    void tellsInOneLineThatTheJdkIsAnother() throws IOException {
        Path old = jdk("jdk11", "11.0.2");
        Processes.Ended ended = launch(Map.of("JAVA_HOME", old.toString()), home.resolve("scripts/millrace"), "status");
        assertThat(ended.output())
                .isEqualTo("millrace: needs a JDK 17: found 11 at " + old + "/bin/java; set JAVA_HOME or install one"
                        + " (for example: apt-get install openjdk-17-jdk)\n");
        assertThat(ended.exitCode()).isEqualTo(2);
    }

    @Test
    void tellsInOneLineThatThereIsNoJava() {
        Processes.Ended ended = launch(Map.of("JAVA_HOME", ""), home.resolve("scripts/millrace"), "status");
        assertThat(ended.output())
                .isEqualTo("millrace: needs a JDK 17: found no java; set JAVA_HOME or install one"
                        + " (for example: apt-get install openjdk-17-jdk)\n");
        assertThat(ended.exitCode()).isEqualTo(2);
    }

    @Test
    void needsMavenOnlyToBuild() throws IOException {
        launch("status");
        Files.delete(bin.resolve("mvn"));
        assertThat(launch("status").exitCode()).isZero();
        later(home.resolve("pom.xml"));
        Processes.Ended ended = launch("status");
        assertThat(ended.output())
                .isEqualTo("millrace: needs Maven to build: found no mvn on PATH; install it"
                        + " (for example: apt-get install maven)\n");
        assertThat(ended.exitCode()).isEqualTo(2);
    }

    @Test
    void opensWhatTheTestsOpen() throws IOException {
        assertThat(Files.readAllLines(OURS.resolve("conf/jvm.options")).stream()
                        .filter(line -> line.startsWith("--add-opens") || line.contains("useDirectMethodHandle")))
                .containsExactlyInAnyOrderElementsOf(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                        .filter(line -> line.startsWith("--add-opens") || line.contains("useDirectMethodHandle"))
                        .toList());
    }

    private Processes.Ended launch(String... arguments) {
        return launch(Map.of(), home.resolve("scripts/millrace"), arguments);
    }

    private Processes.Ended launch(Map<String, String> environment, Path launcher, String... arguments) {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(Map.of("PATH", bin.toString(), "JAVA_HOME", jdk.toString()));
        builder.environment().putAll(environment);
        return Processes.run(builder);
    }

    private int builds() throws IOException {
        return Files.readAllLines(folder.resolve("calls")).size();
    }

    private Path jdk(String name, String version) throws IOException {
        Path place = folder.resolve(name);
        Files.createDirectories(place.resolve("bin"));
        Files.writeString(place.resolve("release"), "IMPLEMENTOR=\"Some\"\nJAVA_VERSION=\"" + version + "\"\n");
        script(place.resolve("bin/java"), """
                for argument in "$@"; do
                  printf '%s\\n' "$argument"
                  case $argument in
                    -XX:DumpLoadedClassList=*) list=${argument#*=} ;;
                    -XX:SharedArchiveFile=*) archive=${argument#*=} ;;
                    -Xshare:dump) dump=yes ;;
                    complete) test -z "$list" || printf 'dev/millrace/%s\\n' job/Summary lake/PageTask job/FolderReport > "$list" ;;
                  esac
                done
                test -z "$dump" || echo archive > "$archive"
                while [ $# -gt 0 ]; do if [ "$1" = exit ]; then exit "$2"; fi; shift; done
                """);
        script(place.resolve("bin/javac"), "");
        script(place.resolve("bin/jar"), """
                while [ $# -gt 0 ]; do if [ "$1" = --file ]; then echo jar > "$2"; fi; shift; done
                """);
        return place;
    }

    private static void script(Path file, String body) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + body);
        file.toFile().setExecutable(true);
    }

    private static void later(Path file) throws IOException {
        setTime(file, Instant.now().plusSeconds(5));
    }

    private static void setTime(Path file, Instant time) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(time));
    }
}
