package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Phase;
import dev.millrace.run.RunStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What runs leave behind is shown, then removed, and nothing else is. */
class CleanTest {
    @TempDir
    private Path folder;

    private Path job(Trial trial) {
        return trial.job("job", """
                job: cleaned
                source: {dynamodb: {table: cleaned, endpoint: $SERVER, segments: 2}}
                staging: {at: $HERE/staging, keep: 7d}
                warehouse: {duckdb: {path: $HERE/live.duckdb}, schema: w, unchanged: replace}
                """);
    }

    /** Files of attempts that were killed, as old as one likes. */
    private static Path orphan(RunStore run, Path staging, String folder, Duration age) throws IOException {
        Path file =
                staging.resolve("cleaned/" + folder.replace("RUN", run.id().value()) + "s00001-of-00002-dead.parquet");
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[2_000]);
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(age)));
        return file;
    }

    @Test
    void orphansAreListedAndRemovedOnRequest() throws IOException {
        Items.table("cleaned", List.of("id:S"), List.of("{\"id\": {\"S\": \"1\"}, \"l\": {\"SS\": [\"a\", \"b\"]}}"));
        Trial trial = new Trial(folder);
        Path job = job(trial);
        trial.succeed(job);
        RunStore done = trial.run(trial.open(job));
        trial.later(Duration.ofSeconds(2));
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT), job).code())
                .isZero();
        RunStore half = trial.run(trial.open(job));
        Path staging = folder.resolve("staging");
        List<Path> orphans = List.of(
                orphan(done, staging, "cleaned/snapshot=RUN/datalake/", Duration.ofDays(2)),
                orphan(half, staging, "runs/RUN/census/", Duration.ofDays(2)));
        Path unfinished = Files.write(staging.resolve("cleaned/cleaned/.~dead-7"), new byte[3_000]);
        Files.setLastModifiedTime(unfinished, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        Path young = orphan(half, staging, "cleaned/snapshot=RUN/datalake/", Duration.ofHours(2));
        List<Path> before = files();

        Trial.Ended listed = Trial.command("clean", job.toString());
        assertThat(listed.code()).as(listed.err()).isZero();
        assertThat(listed.out().lines())
                .containsExactlyInAnyOrder(
                        "file://" + orphans.get(0) + "  2.0 KB  no commit of run " + done.id() + " names it",
                        "file://" + orphans.get(1) + "  2.0 KB  no commit of run " + half.id() + " names it",
                        "file://" + unfinished + "  3.0 KB  it was never finished",
                        "3 files, 7.0 KB: not removed; add --apply to remove them");
        assertThat(files()).isEqualTo(before);

        assertThat(Trial.command("clean", job.toString(), "--apply").out()).endsWith("3 files, 7.0 KB: removed\n");
        assertThat(orphans).noneMatch(Files::exists);
        assertThat(unfinished).doesNotExist();
        assertThat(young).exists();
        assertThat(files()).hasSize(before.size() - 3);
        assertThat(Trial.command("clean", job.toString(), "--grace", "1h", "--apply")
                        .out())
                .contains(young.toString())
                .endsWith("1 file, 2.0 KB: removed\n");
        assertThat(Trial.command("clean", job.toString(), "--grace", "1s").out())
                .isEqualTo("nothing to clean\n");

        // What was left is all that the unfinished run needs.
        trial.succeed(job);
        assertThat(trial.query(
                        trial.open(job), "SELECT run, (SELECT count(*) FROM w.cleaned__l) FROM _millrace.version"))
                .containsExactly(half.id() + "|2");
    }

    /** A run whose landing has a folder for each value of a column, in two layouts, and compacted files. */
    @Test
    void orphansInFoldersOfPartitionsAreListedAndNothingElse() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job("landed", """
                job: cleaned
                source: {json: {at: $HERE/in, group-size: 512KB}}
                tables: {cleaned: {columns: {id: {from: id, type: bigint}, day: {from: day, type: string}}}}
                staging: {at: $HERE/staging, keep: 7d}
                lake: {at: $HERE/lake, publish: folders, partition-by: [day], also: [{partition-by: [id]}]}
                """);
        Files.createDirectories(folder.resolve("in"));
        for (int file = 0; file < 4; file++) {
            Files.writeString(folder.resolve("in/" + file + ".json"), "{\"id\":1,\"day\":\"a=b/c\"}{\"id\":2}");
        }
        trial.succeed(job);
        RunStore run = trial.run(trial.open(job));
        Path landing = folder.resolve("staging/cleaned/cleaned/snapshot=" + run.id());
        for (Path file : files()) {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        }
        assertThat(Trial.command("clean", job.toString()).out()).isEqualTo("nothing to clean\n");
        List<Path> orphans = new ArrayList<>();
        try (Stream<Path> all = Files.walk(landing)) {
            for (Path below : all.filter(path -> path.getFileName().toString().contains("="))
                    .sorted()
                    .toList()) {
                if (!below.equals(landing)) {
                    String path = folder.resolve("staging/cleaned").relativize(below) + "/";
                    orphans.add(orphan(run, folder.resolve("staging"), path, Duration.ofDays(2)));
                }
            }
        }
        assertThat(orphans).hasSize(4);
        String of = landing + "/";
        assertThat(orphans).extracting(path -> path.getParent().toString()).contains(of + "datalake/day=a%3Db%2Fc");

        Trial.Ended listed = Trial.command("clean", job.toString());
        assertThat(listed.out().lines())
                .containsAll(orphans.stream()
                        .map(path -> "file://" + path + "  2.0 KB  no commit of run " + run.id() + " names it")
                        .toList())
                .hasSize(5)
                .last()
                .isEqualTo("4 files, 8.0 KB: not removed; add --apply to remove them");
        assertThat(orphans).allMatch(Files::exists);
    }

    @Test
    void aGraceTimeThatIsNoneIsRefused() {
        Trial trial = new Trial(folder);
        Trial.Ended ended = Trial.command("clean", job(trial).toString(), "--grace", "soon");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .startsWith(
                        "millrace clean: Invalid --grace: soon: must be a positive duration: a whole number with s");
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
