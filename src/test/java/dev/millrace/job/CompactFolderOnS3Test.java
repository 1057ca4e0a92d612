package dev.millrace.job;

import static dev.millrace.job.FolderTrial.compact;
import static dev.millrace.job.FolderTrial.sums;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A folder of others in S3: compacted by pages and by rows, stopped and taken up again. */
class CompactFolderOnS3Test {
    private static final Clock LATER = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(3));

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static Path original;
    private static List<String> expected;

    @BeforeAll
    static void write() {
        SharedSpark.session().sparkContext().setLogLevel("OFF");
        original = folder.resolve("original");
        List<String> copies = new ArrayList<>();
        for (int file = 0; file < 8; file++) {
            Path partition = original.resolve(file % 2 == 0 ? "city=a b%2Fc" : "city=é%3Dü");
            partition.toFile().mkdirs();
            String columns = file == 7 ? "i::bigint as id" : "i::int as id";
            copies.add("copy (select " + columns + ", 'name ' || i % 5 as name from range(" + file * 40 + ", "
                    + (file + 1) * 40 + ") t(i)) to '" + partition + "/data_" + file + ".parquet' (format parquet)");
        }
        FolderTrial.duckDb(copies.toArray(String[]::new));
        expected = sums(original, "city");
    }

    @AfterAll
    static void logAgain() {
        SharedSpark.session().sparkContext().setLogLevel("WARN");
    }

    private static Storage uploaded() throws IOException {
        Storage s3 = Storages.open("s3://" + S3Server.newBucket() + "/lake/a table", S3Server.options());
        for (String path : FolderTrial.files(original)) {
            s3.put(path, Files.readAllBytes(original.resolve(path)));
        }
        return s3;
    }

    private static String[] arguments(Storage s3) {
        return new String[] {
            s3.root(), "--endpoint", S3Server.front().uri().toString(), "--path-style", "--partition-by", "city"
        };
    }

    /** DuckDB reads local files only. */
    private static List<String> sumsOf(Storage s3) throws IOException {
        Path copy = Files.createTempDirectory(folder, "copy");
        for (StoredFile file : s3.list("")) {
            Path target = copy.resolve(file.path());
            Files.createDirectories(target.getParent());
            try (InputStream in = s3.open(file.path())) {
                Files.copy(in, target);
            }
        }
        return sums(copy, "city");
    }

    @Test
    void isCompactedInPlace() throws IOException {
        Storage s3 = uploaded();
        FolderTrial.Ended ended = compact(arguments(s3));
        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.out())
                .containsPattern("city=a b%2Fc/ +4 .* pages\n")
                .containsPattern("city=é%3Dü/ +4 .* rows: ");
        assertThat(sumsOf(s3)).isEqualTo(expected);
        assertThat(s3.list("")).hasSize(2).allMatch(file -> file.path().endsWith(".parquet"));
        assertThat(s3.unfinished("")).isEmpty();
        assertThat(compact(arguments(s3)).out()).startsWith("nothing to do: 2 files of " + s3.root());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create _millrace/work/",
                "bring city=a",
                "bring city=é",
                "delete city=é",
                "delete _millrace/work/"
            })
    void isFinishedOrUndoneByTheNext(String effect) throws IOException {
        Storage s3 = uploaded();
        Effects effects = Effects.stoppingAtFirst(effect);
        int code = compact(Clock.systemUTC(), effects.linkingStorages(), arguments(s3))
                .code();
        assertThat(effects.isDead()).isTrue();
        assertThat(code).isIn(0, 1);
        FolderTrial.Ended second = compact(LATER, Storages::open, arguments(s3));
        assertThat(second.code()).as(second.err()).isZero();
        assertThat(sumsOf(s3)).isEqualTo(expected);
        assertThat(s3.list("")).hasSize(2);
    }

    @Test
    void aPartitionOfATableOfAnotherFormatIsRefused() throws IOException {
        Storage s3 = uploaded();
        Storage above = Storages.open(s3.root().replace("a table/", ""), S3Server.options());
        above.put("metadata/v1.metadata.json", new byte[] {'{', '}'});
        FolderTrial.Ended ended = compact(arguments(s3));
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).startsWith("Cannot compact files of an Iceberg table (" + above.root() + ")");
    }
}
