package dev.millrace.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SchemaCacheTest {
    private static final List<KeyAttribute> KEYS =
            List.of(new KeyAttribute("PK", SourceType.S), new KeyAttribute("SK", SourceType.N));

    @TempDir
    private Path folder;

    private SchemaCache cache;

    @BeforeEach
    void open() {
        Storage storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
        cache = new SchemaCache(storage);
    }

    @Test
    void isEmptyBeforeTheFirstInference() {
        assertThat(cache.latest()).isEmpty();
    }

    @Test
    void readsBackWhatItWroteAndKeepsAllVersions() {
        Census census = census();
        DataSchema first = Inference.infer(census, DataSchema.none(KEYS), false);
        cache.add(first, census);
        DataSchema second = Inference.infer(census, first, false);
        cache.add(second, census);

        SchemaCache.Entry latest = cache.latest().orElseThrow();
        assertThat(latest.schema()).isEqualTo(second);
        assertThat(latest.census().toJson()).isEqualTo(census.toJson());
        assertThat(cache.load(1).schema()).isEqualTo(first);
    }

    @Test
    void keepsTheVersionThatWasWrittenFirst() {
        DataSchema first = Inference.infer(census(), DataSchema.none(KEYS), false);
        cache.add(first, census());
        DataSchema other = Inference.infer(census(), DataSchema.none(KEYS), true);
        assertThat(cache.add(other, census()).schema()).isEqualTo(first).isNotEqualTo(other);
    }

    @Test
    void readsBackWhatIsPinned() {
        DataSchema first = Inference.infer(census(), DataSchema.none(KEYS), false);
        DataSchema pinned = new Pins(first, census(), Map.of(), false)
                .with(List.of("t.n=decimal(9,4)", "t.sk=string"))
                .orElseThrow(() -> new AssertionError("nothing pinned"));
        assertThat(cache.put(pinned, census())).isTrue();
        assertThat(cache.load(2).schema()).isEqualTo(pinned);
        assertThat(Inference.infer(census(), cache.load(2).schema(), false).entities())
                .isEqualTo(pinned.entities());
        assertThat(cache.put(pinned, census())).isFalse();
    }

    @Test
    void keepsTheCensusOfTheLatestCommit() throws IOException {
        assertThat(cache.census()).isEmpty();
        for (long commit : new long[] {2, 3, 1, 3}) {
            cache.keep(new LastCensus("run-" + commit, commit, census()));
        }
        LastCensus kept = cache.census().orElseThrow();
        assertThat(kept.run()).isEqualTo("run-3");
        assertThat(kept.commit()).isEqualTo(3);
        assertThat(kept.census().toJson()).isEqualTo(census().toJson());
        assertThat(cache.latest()).isEmpty();

        Path file = folder.resolve("census.json");
        Files.writeString(file, Files.readString(file).replace("run-3", "run-4"));
        for (Executable reading :
                List.<Executable>of(() -> cache.census(), () -> cache.keep(new LastCensus("run-5", 5, census())))) {
            assertThatThrownBy(reading::execute)
                    .isInstanceOfSatisfying(
                            Fault.class, f -> assertThat(f.exitCode()).isEqualTo(1))
                    .hasMessage("The census cannot be read: " + file.toUri()
                            + ": its checksum does not fit its content. Restore that file from a backup or remove it: "
                            + "the next run counts anew");
        }
    }

    @Test
    void namesFileAndVersionOfWhatIsDamaged() throws IOException {
        cache.add(Inference.infer(census(), DataSchema.none(KEYS), false), census());
        Path file = folder.resolve("1.json");
        String whole = Files.readString(file);
        refuses(file, whole.substring(0, whole.length() / 2), "Unexpected end-of-input");
        refuses(file, whole.replace("\"bigint\"", "\"string\""), "its checksum does not fit its content");
        refuses(file, "{}", "it is no data-schema");
        refuses(file, "", "it is no data-schema");
        refuses(
                file,
                whole.replaceFirst("\"format\":1", "\"format\":2"),
                "its format is 2 and this Millrace reads up to 1");
    }

    private void refuses(Path file, String content, String problem) throws IOException {
        Files.writeString(file, content, StandardCharsets.UTF_8);
        assertThatThrownBy(() -> cache.latest())
                .isInstanceOfSatisfying(
                        Fault.class, f -> assertThat(f.exitCode()).isEqualTo(1))
                .hasMessageContaining("Schema version 1 cannot be read: ")
                .hasMessageContaining("1.json")
                .hasMessageContaining(problem);
        assertThat(Files.readString(file)).isEqualTo(content);
    }

    private static Census census() {
        CensusTaker taker =
                new CensusTaker(new CensusTaker.Settings(new KindRule.Single("t"), Map.of(), KEYS, BigDecimal.ONE));
        byte[] item =
                "{\"PK\":{\"S\":\"a\"},\"SK\":{\"N\":\"1\"},\"n\":{\"N\":\"1.5\"},\"l\":{\"L\":[{\"M\":{\"x\":{\"BS\":[\"AA==\"]}}}]}}"
                        .getBytes(StandardCharsets.UTF_8);
        taker.add(item, 0, item.length);
        return taker.census();
    }
}
