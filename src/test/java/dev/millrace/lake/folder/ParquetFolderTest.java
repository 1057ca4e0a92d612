package dev.millrace.lake.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.ForwardingStorage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParquetFolderTest {
    @TempDir
    private Path folder;

    private Storage storage;

    @BeforeEach
    void open() {
        storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
    }

    private void put(String... paths) {
        for (String path : paths) {
            storage.put(path, path.getBytes(StandardCharsets.UTF_8));
        }
    }

    private ParquetFolder list(String... partitionBy) {
        return ParquetFolder.list(
                storage, partitionBy.length == 0 ? Optional.empty() : Optional.of(List.of(partitionBy)));
    }

    private static List<String> partitions(ParquetFolder folder) {
        return folder.partitions().stream().map(FolderPartition::path).toList();
    }

    @Test
    void aFlatFolderIsOnePartition() {
        put("b.parquet", "a.parquet", "000000_0");
        assertThat(partitions(list())).containsExactly("");
        assertThat(list().partitions().get(0).files())
                .extracting(file -> file.path())
                .containsExactly("000000_0", "a.parquet", "b.parquet");
    }

    @Test
    void keepsTheNamesOfPartitionsByteForByte() {
        List<String> odd = List.of(
                "day=2026-11-20/city=__HIVE_DEFAULT_PARTITION__/",
                "day=2026-11-20/city=a=b/",
                "day=2026-11-20/city=a%2Fb%3D%25/",
                "day=2026-11-20/city=a b + c/",
                "day=2026-11-20/city=d'é\u4eac{[*?]}#/",
                "day=2026-11-20/city=e\u0301/",
                "day=2026-11-20/city=%C3%A9/",
                "day=2026-11-21 10:30:00/city=/");
        odd.forEach(path -> put(path + "a.parquet"));
        assertThat(partitions(list())).containsExactlyInAnyOrderElementsOf(odd);
        assertThat(partitions(list("day", "city"))).hasSize(odd.size());
    }

    @Test
    void passesOverWhatSparkPassesOver() {
        put(
                "_SUCCESS",
                "_common_metadata",
                ".part.crc",
                "_temporary/0/a.parquet",
                ".spark-staging/a.parquet",
                "day=1/_started_123",
                "day=1/.a.parquet.crc",
                "day=1/b.parquet._COPYING_",
                "day=1_$folder$",
                "_millrace/work/x/files/a.parquet.new",
                "_day=2/a.parquet",
                "day=1/a.parquet");
        assertThat(partitions(list())).containsExactly("_day=2/", "day=1/");
        assertThat(list().partitions().get(1).files()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a.parquet                  | no partition folder",
                "day=1/a.parquet            | day=1/",
                "day=1/city=x/n=1/a.parquet | day=1/city=x/n=1/",
                "city=x/day=1/a.parquet     | city=x/day=1/",
                "day=1/city/a.parquet       | day=1/city/",
                "Day=1/city=x/a.parquet     | Day=1/city=x/"
            })
    void namesTheFileThatLiesInNoSuchPartition(String path, String where) {
        put("day=1/city=x/good.parquet", path);
        assertThatThrownBy(() -> list("day", "city"))
                .isInstanceOf(Fault.class)
                .extracting(fault -> ((Fault) fault).kind(), Throwable::getMessage)
                .containsExactly(
                        Fault.Kind.USER,
                        "Invalid --partition-by: day,city: " + storage.uri(path) + " lies in " + where
                                + "; the option says how a folder is partitioned and moves no row: give the columns that the"
                                + " folders have, or leave it out");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "_delta_log/00000000000000000000.json   | a Delta table | OPTIMIZE",
                "orders/_delta_log/_last_checkpoint     | a Delta table | OPTIMIZE",
                "metadata/v3.metadata.json              | an Iceberg table | rewrite_data_files",
                "db/t/metadata/00001-ab.metadata.json   | an Iceberg table | rewrite_data_files",
                ".hoodie/hoodie.properties              | a Hudi table | clustering"
            })
    void refusesTablesThatNameTheirFiles(String sign, String format, String remedy) {
        put("day=1/a.parquet", sign);
        assertThatThrownBy(this::list)
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot compact files of " + format + " (" + storage.uri(sign) + "): ")
                .hasMessageContaining(remedy)
                .extracting(fault -> ((Fault) fault).kind())
                .isEqualTo(Fault.Kind.USER);
        String root = sign.substring(0, sign.lastIndexOf('/', sign.lastIndexOf('/') - 1) + 1);
        Storage table = Storages.open(folder.resolve(root).toString(), StorageOptions.DEFAULT);
        assertThatThrownBy(() -> FolderCompaction.requireNoTable(table)).hasMessageContaining(format);
        FolderCompaction.requireNoTable(Storages.open(folder.resolve("day=1").toString(), StorageOptions.DEFAULT));
    }

    @Test
    void aFolderOfMetadataAloneIsNoIcebergTable() {
        put("metadata/a.parquet");
        assertThat(partitions(list())).containsExactly("metadata/");
    }

    @Test
    void refusesASummaryThatWouldBeWrongAfterwards() {
        put("day=1/a.parquet", "_metadata");
        assertThatThrownBy(this::list)
                .isInstanceOf(Fault.class)
                .hasMessageContaining(storage.uri("_metadata"))
                .hasMessageContaining("remove it");
    }

    @Test
    void doesNotFollowLinksToFiles(@TempDir Path elsewhere) throws IOException {
        put("day=1/a.parquet", "day=2/a.parquet");
        Path other = Files.writeString(elsewhere.resolve("other.parquet"), "x");
        Files.createSymbolicLink(folder.resolve("day=1/b.parquet"), other);
        assertThat(list().unfit()).containsOnlyKeys("day=1/");
        assertThat(list().unfit().get("day=1/"))
                .startsWith(storage.uri("day=1/b.parquet") + " is a symbolic link: others may have its file too");
    }

    @Test
    void aFileThatALinkLeadsToStaysWhereItIs() throws IOException {
        put("day=1/a.parquet", "day=2/a.parquet", "day=3/a.parquet");
        Files.createSymbolicLink(folder.resolve("day=1/b.parquet"), folder.resolve("day=2/a.parquet"));
        assertThat(list().unfit()).containsOnlyKeys("day=1/", "day=2/");
        assertThat(list().unfit().get("day=2/"))
                .startsWith(storage.uri("day=2/a.parquet") + " is what the symbolic link "
                        + storage.uri("day=1/b.parquet") + " leads to");
    }

    @Test
    void doesNotFollowLinksToFolders() throws IOException {
        put("day=1/a.parquet", "day=2/hour=1/a.parquet");
        Files.createSymbolicLink(folder.resolve("day=3"), folder.resolve("day=2"));
        assertThat(partitions(list())).containsExactly("day=1/", "day=2/hour=1/", "day=3/hour=1/");
        assertThat(list().unfit()).containsOnlyKeys("day=3/hour=1/");
        assertThat(list().unfit().get("day=3/hour=1/"))
                .startsWith(storage.uri("day=3/hour=1/") + " is reached by a symbolic link");
    }

    @Test
    void theFolderItselfMayBeALink(@TempDir Path elsewhere) throws IOException {
        put("day=1/a.parquet");
        Path link = Files.createSymbolicLink(elsewhere.resolve("table"), folder);
        ParquetFolder listed =
                ParquetFolder.list(Storages.open(link.toString(), StorageOptions.DEFAULT), Optional.empty());
        assertThat(listed.partitions()).hasSize(1);
        assertThat(listed.unfit()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"day=1//a.parquet", "day=1/../a.parquet", "day=1/./a.parquet"})
    void namesOfS3ThatAreNoPathsFailTheirPartition(String key) {
        put("day=2/a.parquet");
        List<StoredFile> listed = new ArrayList<>(storage.list(""));
        listed.add(new StoredFile(key, 1, "etag", Instant.EPOCH));
        ParquetFolder found = ParquetFolder.list(
                new ForwardingStorage() {
                    @Override
                    public Storage storage() {
                        return storage;
                    }

                    @Override
                    public List<StoredFile> list(String prefix) {
                        return listed;
                    }
                },
                Optional.empty());
        assertThat(found.partitions()).hasSize(2);
        assertThat(found.unfit().values())
                .singleElement()
                .asString()
                .startsWith("Cannot name " + storage.root() + key + ": ");
    }
}
