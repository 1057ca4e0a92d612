package dev.millrace.lake.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.lake.parquet.MergeOutcome.Merged;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.S3Front;
import dev.millrace.testing.S3Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Merging and reading back on S3: which requests it takes, and what becomes of those that break. */
@ExtendWith(S3Server.class)
class MergeOnS3Test {
    @TempDir(factory = InMemory.class)
    Path folder;

    private final S3Front server;
    private final String bucket = S3Server.newBucket();
    private final Storage storage = Storages.open("s3://" + bucket + "/lake", S3Server.options());

    MergeOnS3Test(S3Front server) {
        this.server = server;
    }

    @Test
    void readsASmallFileByOneRequest() throws SQLException, IOException {
        for (int i = 0; i < 3; i++) {
            put("small-" + i, "select range, 'text ' || range as text from range(5000)", "");
        }
        server.forget();

        Merged merged = merge();

        assertThat(gets("small-")).isEqualTo(3);
        assertThat(merged.report().rows()).isEqualTo(15_000);
        assertThat(gets("merged")).as("of the read back").isEqualTo(1);
    }

    /** The end, the column indexes, and each row group, or where a row group is too large, its columns. */
    @Test
    void readsALargeFileByFewRequests() throws SQLException, IOException {
        put("large", "select range, range * 7919 as b from range(1000000)", ", row_group_size 250000");
        server.forget();

        Merged merged = merge();

        assertThat(merged.report().bytes()).isGreaterThan(SourceFile.WHOLE_BYTES);
        assertThat(gets("large")).isBetween(5L, 6L);
        assertThat(gets("merged")).as("of the read back").isBetween(2L, 3L);
    }

    @Test
    void goesOnWhereAnAnswerBreaksOff() throws SQLException, IOException {
        put("large", "select range, range * 7919 as b from range(1000000)", ", row_group_size 250000");
        for (int i = 0; i < 3; i++) {
            server.breakNext(line -> line.startsWith("GET /" + bucket + "/lake/large"), S3Front.Fault.CUT_BODY);
        }

        assertThat(merge().report().rows()).isEqualTo(1_000_000);
    }

    @Test
    void namesAFileThatHasChangedSinceItWasListed() throws SQLException, IOException {
        put("small", "select range from range(5000)", "");
        StoredFile listed = storage.stat("small.parquet").orElseThrow();
        put("small", "select range + 1 as range from range(5000)", "");

        assertThatThrownBy(() -> PageCheck.read(MergeSource.of(storage, listed)))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot read s3://" + bucket
                        + "/lake/small.parquet: it has changed since it was listed; run again");
    }

    private Merged merge() {
        List<MergeSlice> slices = storage.list("").stream()
                .map(file -> MergeSlice.all(MergeSource.of(storage, file)))
                .toList();
        try (Upload upload = storage.create("merged.parquet")) {
            Merged merged = (Merged) PageMerge.merge(slices, upload.stream(), MergeOptions.DEFAULT);
            PageCheck written = PageCheck.read(MergeSource.of(storage, upload.commit()));
            assertThat(merged.report().sources().difference(written)).isEmpty();
            return merged;
        }
    }

    private long gets(String name) {
        return server.requests().stream()
                .filter(line -> line.startsWith("GET /" + bucket + "/lake/" + name))
                .count();
    }

    private void put(String name, String query, String settings) throws SQLException, IOException {
        Path file = folder.resolve(name + ".parquet");
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("set threads = 1");
            statement.execute("copy (" + query + ") to '" + file + "' (format parquet, compression uncompressed"
                    + settings + ")");
        }
        storage.put(name + ".parquet", Files.readAllBytes(file));
    }
}
