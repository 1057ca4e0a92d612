package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.FileSource.Parquet;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedSpark.class)
class ParquetRecordsTest {
    @TempDir
    private Path folder;

    private Storage storage;

    @BeforeEach
    void open() {
        storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
    }

    private StoredFile written(String name, String select) throws SQLException {
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement()) {
            statement.execute("SET TimeZone = 'UTC'");
            statement.execute(
                    "COPY (" + select + ") TO '" + folder.resolve(name) + "' (FORMAT parquet, ROW_GROUP_SIZE 2048)");
        }
        return storage.stat(name).orElseThrow();
    }

    private Records read(FilePart part) {
        return Records.of(FileRecords.open(storage, part, new Parquet(), Records.LIMITS));
    }

    @Test
    void readsRowsOfEveryType() throws SQLException {
        StoredFile file = written("a.parquet", """
                SELECT 1::TINYINT t, 18446744073709551615::UBIGINT u, 4294967295::UINTEGER ui, -9223372036854775808 l,
                  12.50::DECIMAL(9,2) d9, -0.01::DECIMAL(18,2) d18, 12345678901234567890123456789012345678::DECIMAL(38,0) d38,
                  0.1::FLOAT f, 1e300::DOUBLE g, 'NaN'::DOUBLE n, true b, 'é"' s, '\\x00\\xFF'::BLOB x,
                  DATE '2024-02-29' da, TIMESTAMP '1969-12-31 23:59:59.999999' ts, TIMESTAMPTZ '2024-01-01 00:00:00+01' tz,
                  TIMESTAMP_NS '2024-01-01 00:00:00.000000001' tn, TIME '12:34:56' ti,
                  UUID '00112233-4455-6677-8899-aabbccddeeff' id, [1, NULL, 3] li, [[1],[]] ll, {'a': 1, 'b': NULL} st,
                  MAP {'k': 1, 'l': NULL} m, MAP {1: 'v'} mi, NULL::INTEGER no
                """);
        assertThat(read(FilePart.whole(file)).texts())
                .containsExactly("{\"t\":1,\"u\":18446744073709551615,\"ui\":4294967295,\"l\":-9223372036854775808,"
                        + "\"d9\":12.50,\"d18\":-0.01,\"d38\":12345678901234567890123456789012345678,\"f\":0.1,"
                        + "\"g\":1.0E300,\"n\":\"NaN\",\"b\":true,\"s\":\"é\\\"\",\"x\":\"AP8=\",\"da\":\"2024-02-29\","
                        + "\"ts\":\"1969-12-31T23:59:59.999999Z\",\"tz\":\"2023-12-31T23:00:00Z\","
                        + "\"tn\":\"2024-01-01T00:00:00.000000001Z\",\"ti\":\"12:34:56\","
                        + "\"id\":\"00112233-4455-6677-8899-aabbccddeeff\",\"li\":[1,null,3],\"ll\":[[1],[]],"
                        + "\"st\":{\"a\":1},\"m\":{\"k\":1,\"l\":null},\"mi\":[{\"key\":1,\"value\":\"v\"}]}");
    }

    @Test
    void readsWhatSparkWrites(SparkSession spark) throws IOException {
        spark.sql("SELECT timestamp'2024-05-06 07:08:09.123456' t, array(struct(1 a)) l, cast(null as string) n")
                .coalesce(1)
                .write()
                .parquet(folder.resolve("spark").toString());
        try (Stream<Path> files = Files.list(folder.resolve("spark"))) {
            Path part = files.filter(p -> p.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
            StoredFile file = storage.stat("spark/" + part.getFileName()).orElseThrow();
            assertThat(read(FilePart.whole(file)).texts())
                    .containsExactly("{\"t\":\"2024-05-06T07:08:09.123456Z\",\"l\":[{\"a\":1}]}");
        }
    }

    @Test
    void givesEachRowOnceHoweverAFileIsCut() throws SQLException {
        StoredFile file = written("a.parquet", "SELECT range id, repeat('x', range % 50) t FROM range(20000)");
        List<Long> all = IntStream.range(0, 20_000).mapToObj(i -> (long) i).toList();
        for (int count : new int[] {1, 2, 5, 40}) {
            List<Long> offsets = new ArrayList<>();
            List<FilePart> parts = FileParts.ofParquet(file, file.bytes() / count + 1);
            assertThat(parts).hasSize(count);
            for (FilePart part : parts) {
                Records read = read(part);
                offsets.addAll(read.offsets());
                for (int i = 0; i < read.texts().size(); i++) {
                    assertThat(read.texts().get(i))
                            .startsWith("{\"id\":" + read.offsets().get(i) + ",");
                }
            }
            assertThat(offsets).isEqualTo(all);
        }
    }

    @Test
    void readsFromS3() throws SQLException, IOException {
        written("a.parquet", "SELECT range id FROM range(5000)");
        Storage s3 = Storages.open("s3://" + S3Server.newBucket() + "/", S3Server.options());
        s3.put("b.parquet", Files.readAllBytes(folder.resolve("a.parquet")));
        FilePart part = FilePart.whole(s3.stat("b.parquet").orElseThrow());
        assertThat(Records.of(FileRecords.open(s3, part, new Parquet(), Records.LIMITS))
                        .texts())
                .hasSize(5_000)
                .endsWith("{\"id\":4999}");
    }

    @Test
    void setsABrokenFileApart() throws SQLException, IOException {
        StoredFile file = written("a.parquet", "SELECT range id, md5(range::VARCHAR) t FROM range(5000)");
        byte[] content = Files.readAllBytes(folder.resolve("a.parquet"));
        storage.put("cut", Arrays.copyOf(content, content.length / 2));
        storage.put("empty", new byte[0]);
        storage.put("text", "{\"a\":1}\n".repeat(10).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        for (String name : List.of("cut", "empty", "text")) {
            Records read = read(FilePart.whole(storage.stat(name).orElseThrow()));
            assertThat(read.texts()).isEmpty();
            assertThat(read.reasons()).hasSize(1).allMatch(r -> r.startsWith("the file is broken or no Parquet: "));
        }
        Arrays.fill(content, content.length / 2, content.length / 2 + 1_000, (byte) 0xFF);
        storage.put("damaged", content);
        Records damaged = read(FilePart.whole(storage.stat("damaged").orElseThrow()));
        assertThat(damaged.bad()).hasSize(1);
        assertThat(file.bytes()).isPositive();
    }
}
