package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.testing.ExportingDynamoDb;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs over full exports of a DynamoDB table, laid out as DynamoDB lays them out. */
class ExportJobsTest {
    private static final String FOLDER = "AWSDynamoDB/01700000000000-0a1b2c3d/";
    private static final String JOB = """
            job: export
            source:
              snapshot: {export: "$HERE/copied/manifest-summary.json", keys: {PK: S, SK: N}}
            schema: {kind: Kind}
            staging: {at: $HERE/staging}
            warehouse: {duckdb: {path: $HERE/w.duckdb}, schema: w}
            """;

    /** Items of two kinds, in two files; numbers that no double holds. */
    private static final List<List<String>> ITEMS = List.of(List.of("""
                    {"PK":{"S":"a"},"SK":{"N":"1"},"Kind":{"S":"Order"},"total":{"N":"12345678901234567890.125"},\
                    "tags":{"SS":["x","y"]},"lines":{"L":[{"M":{"sku":{"S":"s1"}}},{"M":{"sku":{"S":"s2"}}}]}}""", """
                    {"PK":{"S":"a"},"SK":{"N":"2"},"Kind":{"S":"Order"},"total":{"N":"7"},"paid":{"BOOL":true}}"""), List.of("""
                    {"PK":{"S":"b"},"SK":{"N":"3"},"Kind":{"S":"Customer"},"photo":{"B":"aGVsbG8="},"none":{"NULL":true}}"""));

    @TempDir
    private Path folder;

    @Test
    void eachItemOnceAndAsItIs() throws Exception {
        export(line -> line);
        Trial trial = new Trial(folder);
        Path job = trial.job("export", JOB);
        trial.succeed(job);

        OpenJob open = trial.open(job);
        List<JsonNode> expected = new ArrayList<>();
        ITEMS.forEach(file -> file.forEach(item -> expected.add(Trial.tree(item))));
        assertThat(trial.itemsOfLive(open)).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(trial.liveRows(open)).containsExactly("customer|1", "order|2", "order__lines|2", "order__tags|2");
        assertThat(trial.query(open, "SELECT pk, sk, total FROM w.\"order\" ORDER BY sk"))
                .containsExactly("a|1|12345678901234567890.125", "a|2|7.000");
        assertThat(trial.query(open, "SELECT pk, sk, _index, sku FROM w.order__lines ORDER BY 3"))
                .containsExactly("a|1|0|s1", "a|1|1|s2");
    }

    @Test
    void whatIsNotAsTheExportSaysReplacesNothing() throws Exception {
        Trial trial = new Trial(folder);
        Path job = trial.job("export", JOB);
        Trial.Ended none = trial.run(job);
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("source.snapshot.export: file://", "there is no such file");

        export(line -> line.replace("\"itemCount\":1", "\"itemCount\":2"));
        assertThat(trial.run(job).err()).contains("says 3 items, the files in its list have 4");
        export(line -> line.replace("b.json.gz", "c.json.gz"));
        assertThat(trial.run(job).err()).contains("1 files are missing", "data/c.json.gz: is missing");
        export(line -> line.replace("\"outputFormat\":\"DYNAMODB_JSON\"", "\"outputFormat\":\"ION\""));
        Trial.Ended ion = trial.run(job);
        assertThat(ion.code()).isEqualTo(2);
        assertThat(ion.err()).contains("it is a FULL_EXPORT in ION: must be a FULL_EXPORT in DYNAMODB_JSON");

        String md5 = ExportingDynamoDb.md5(Files.readAllBytes(folder.resolve("copied/data/b.json.gz")));
        export(line -> line.replace(md5, "AAAAAAAAAAAAAAAAAAAAAA=="));
        Trial.Ended damaged = trial.run(job);
        assertThat(damaged.code()).isEqualTo(1);
        assertThat(damaged.err())
                .contains("Cannot read 1 of the snapshot's 2 files")
                .contains("data/b.json.gz: its MD5 is " + md5 + ", the manifest says AAAAAAAAAAAAAAAAAAAAAA==");

        export(line -> line);
        trial.succeed(job);
        assertThat(trial.liveRows(trial.open(job))).contains("order|2");
    }

    /** Writes the export, copied to another place than the one that its manifest names. */
    private void export(java.util.function.UnaryOperator<String> change) throws IOException {
        Path data = Files.createDirectories(folder.resolve("copied/data"));
        StringBuilder lines = new StringBuilder();
        List<String> names = List.of("a.json.gz", "b.json.gz");
        for (int file = 0; file < ITEMS.size(); file++) {
            Path target = data.resolve(names.get(file));
            if (Files.notExists(target)) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
                    for (String item : ITEMS.get(file)) {
                        gzip.write(("{\"Item\":" + item + "}\n").getBytes(StandardCharsets.UTF_8));
                    }
                }
                Files.write(target, bytes.toByteArray());
            }
            lines.append(change.apply("{\"itemCount\":" + ITEMS.get(file).size() + ",\"md5Checksum\":\""
                            + ExportingDynamoDb.md5(Files.readAllBytes(target))
                            + "\",\"etag\":\"d16-1\",\"dataFileS3Key\":\"" + FOLDER
                            + "data/" + names.get(file) + "\"}"))
                    .append('\n');
        }
        Files.writeString(folder.resolve("copied/manifest-files.json"), lines);
        Files.writeString(
                folder.resolve("copied/manifest-summary.json"),
                change.apply("{\"version\":\"2020-06-30\",\"manifestFilesS3Key\":\"" + FOLDER
                        + "manifest-files.json\",\"itemCount\":3,\"outputFormat\":\"DYNAMODB_JSON\"}"));
    }
}
