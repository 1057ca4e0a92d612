package dev.millrace.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every storage promises. */
abstract class StorageContract {
    private static final int THREADS = 8;

    /** A storage of the test's own, empty at first; the same one at every call within a test. */
    abstract Storage storage();

    @Test
    void findsWhatWasPut() {
        storage().put("a/b.json", bytes("one"));
        assertThat(text("a/b.json")).contains("one");
        storage().put("a/b.json", bytes("three"));
        assertThat(text("a/b.json")).contains("three");

        StoredFile file = storage().stat("a/b.json").orElseThrow();
        assertThat(file.path()).isEqualTo("a/b.json");
        assertThat(file.bytes()).isEqualTo(5);
        assertThat(file.etag())
                .isEqualTo(storage().find("a/b.json").orElseThrow().etag())
                .isEqualTo(storage().list("a/b").get(0).etag());
        assertThat(storage().list("a/b")).containsExactly(file);
    }

    @Test
    void bringsAFileUnderAnotherNameOnce() {
        storage().put("a/from", bytes("one"));

        StoredFile brought = storage().bring(storage(), "a/from", "b/x=%25 y/to");
        StoredFile again = storage().bring(storage(), "a/from", "b/x=%25 y/to");
        storage().delete(List.of("a/from"));

        assertThat(brought.path()).isEqualTo("b/x=%25 y/to");
        assertThat(again)
                .isEqualTo(brought)
                .isEqualTo(storage().stat(brought.path()).orElseThrow());
        assertThat(text("b/x=%25 y/to")).contains("one");
        assertThatThrownBy(() -> storage().bring(storage(), "a/from", "b/other"))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("a/from")
                .hasMessageEndingWith(": no such file");
        storage().put("a/longer", bytes("three"));
        assertThatThrownBy(() -> storage().bring(storage(), "a/longer", "b/x=%25 y/to"))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("it has 3 bytes, the one to be brought has 5");
    }

    @Test
    void readsARangeOfAFileAsItWasListed() {
        storage().put("a/file", bytes("0123456789"));
        StoredFile listed = storage().stat("a/file").orElseThrow();
        byte[] into = bytes("----------");

        assertThat(storage().read(listed, 3, into, 1, 4)).isTrue();
        assertThat(into).isEqualTo(bytes("-3456-----"));
        assertThat(storage().read(listed, 0, into, 0, 10)).isTrue();
        assertThat(into).isEqualTo(bytes("0123456789"));
        assertThat(storage().read(listed, 6, into, 0, 4)).isTrue();
        assertThat(into).isEqualTo(bytes("6789456789"));

        storage().put("a/file", bytes("another"));
        assertThat(storage().read(listed, 3, into, 1, 4)).isFalse();
        storage().delete(List.of("a/file"));
        assertThat(storage().read(listed, 3, into, 1, 4)).isFalse();
        assertThat(into).isEqualTo(bytes("6789456789"));
    }

    @Test
    void findsNothingWhereNothingIs() {
        storage().put("a/b", bytes("x"));
        for (String missing : List.of("b", "a/c", "a", "a/b/c")) {
            assertThat(storage().find(missing)).as(missing).isEmpty();
            assertThat(storage().stat(missing)).as(missing).isEmpty();
        }
        assertThat(storage().list("c/")).isEmpty();
        assertThat(storage().names("c/")).isEmpty();
        assertThatThrownBy(() -> readAll("a/c"))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot read " + storage().uri("a/c") + ": no such file")
                .extracting(failure -> ((Fault) failure).kind())
                .isEqualTo(Fault.Kind.WORLD);
    }

    @Test
    void emptyFilesAreFiles() {
        storage().put("empty", new byte[0]);
        assertThat(storage().putIfAbsent("empty", bytes("x"))).isFalse();
        assertThat(text("empty")).contains("");
        assertThat(readAll("empty")).isEmpty();
        try (Upload upload = storage().create("uploaded")) {
            assertThat(upload.commit().bytes()).isZero();
        }
        assertThat(text("uploaded")).contains("");
    }

    @Test
    void listsByPrefixInOrder() {
        for (String path : List.of("b/2", "b/10", "b/1/x", "b-1", "bc/1", "a", "b é ü.json", "b+%25")) {
            storage().put(path, bytes(path));
        }
        assertThat(paths("b")).containsExactly("b é ü.json", "b+%25", "b-1", "b/1/x", "b/10", "b/2", "bc/1");
        assertThat(paths("b/")).containsExactly("b/1/x", "b/10", "b/2");
        assertThat(paths("b/1")).containsExactly("b/1/x", "b/10");
        assertThat(paths("")).hasSize(8);
        assertThat(storage().names("")).containsExactly("a", "b é ü.json", "b+%25", "b-1", "b/", "bc/");
        assertThat(storage().names("b/")).containsExactly("1/", "10", "2");
        assertThat(text("b é ü.json")).contains("b é ü.json");
        assertThat(text("b+%25")).contains("b+%25");
    }

    @Test
    void deletesAndForgetsEmptyFolders() {
        storage().put("a/b/c", bytes("1"));
        storage().put("a/d", bytes("2"));
        storage().delete(List.of("a/b/c", "a/b/never-there"));
        assertThat(storage().names("a/")).containsExactly("d");
        assertThat(paths("")).containsExactly("a/d");
        storage().delete(List.of());
        storage().delete(List.of("a/b/c"));
        assertThat(storage().putIfAbsent("a/b/c", bytes("3"))).isTrue();
    }

    @Test
    void anUploadIsSeenOnlyOnceCommitted() throws IOException {
        byte[] content = new byte[300_000];
        new Random(1).nextBytes(content);
        StoredFile committed;
        try (Upload upload = storage().create("data/part.parquet")) {
            upload.stream().write(content, 0, 200_000);
            upload.stream().write(content[200_000]);
            upload.stream().write(content, 200_001, content.length - 200_001);
            assertThat(upload.bytes()).isEqualTo(content.length);
            assertThat(paths("")).isEmpty();
            assertThat(storage().names("")).isEmpty();
            assertThat(storage().stat("data/part.parquet")).isEmpty();
            committed = upload.commit();
        }
        assertThat(readAll("data/part.parquet")).isEqualTo(content);
        assertThat(committed.bytes()).isEqualTo(content.length);
        assertThat(committed.etag())
                .isEqualTo(storage().stat("data/part.parquet").orElseThrow().etag());
    }

    @Test
    void anUploadReplacesWhatStoodThere() throws IOException {
        storage().put("data/part", bytes("old"));
        try (Upload upload = storage().create("data/part")) {
            upload.stream().write(bytes("new"));
            assertThat(text("data/part")).contains("old");
            upload.commit();
            assertThatThrownBy(upload::commit)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Already committed or closed: " + storage().uri("data/part"));
        }
        assertThat(text("data/part")).contains("new");
    }

    @Test
    void anUploadThatIsClosedLeavesNothing() throws IOException {
        try (Upload upload = storage().create("data/part")) {
            upload.stream().write(bytes("half"));
        }
        assertThat(paths("")).isEmpty();
        assertThat(storage().names("")).isEmpty();
    }

    @Test
    void whatWasNeverFinishedIsFoundAndRemoved() throws IOException {
        storage().put("data/whole", bytes("1"));
        storage().put("other/whole", bytes("1"));
        Instant before = Instant.now().minusSeconds(2);
        try (Upload upload = storage().create("data/part");
                Upload other = storage().create("other/part")) {
            // More than a store holds in memory.
            upload.stream().write(new byte[10 << 20]);
            other.stream().write(new byte[10 << 20]);
            List<StoredFile> unfinished = storage().unfinished("data/");
            assertThat(unfinished).hasSize(1);
            assertThat(unfinished.get(0).path()).startsWith("data/");
            assertThat(unfinished.get(0).modified()).isAfter(before);
            assertThat(storage().unfinished("")).hasSize(2);
            assertThat(paths("")).containsExactly("data/whole", "other/whole");

            storage().discard(unfinished);
            storage().discard(unfinished);
            assertThat(storage().unfinished("data/")).isEmpty();
            assertThat(storage().unfinished("")).hasSize(1);
            assertThatThrownBy(upload::commit).isInstanceOf(Fault.class);
            other.commit();
        }
        assertThat(storage().unfinished("")).isEmpty();
        assertThat(paths("")).containsExactly("data/whole", "other/part", "other/whole");
    }

    @Test
    void ofManyCreatorsExactlyOneWins() throws Exception {
        for (int round = 0; round < 5; round++) {
            String path = "race/" + round + "/commit.json";
            List<Boolean> won = together(i -> storage().putIfAbsent(path, bytes("writer " + i)));
            assertThat(won).filteredOn(win -> win).hasSize(1);
            assertThat(text(path)).contains("writer " + won.indexOf(true));
        }
        assertThat(paths("race/")).hasSize(5);
    }

    @Test
    void replacesOnlyTheVersionThatWasRead() {
        assertThat(storage().compareAndPut("state", "none", bytes("0"))).isEmpty();
        storage().put("state", bytes("1"));
        String first = storage().find("state").orElseThrow().etag();
        String second = storage().compareAndPut("state", first, bytes("2")).orElseThrow();
        assertThat(second).isNotEqualTo(first);
        assertThat(storage().stat("state").orElseThrow().etag()).isEqualTo(second);
        assertThat(storage().compareAndPut("state", first, bytes("3"))).isEmpty();
        assertThat(text("state")).contains("2");
        assertThat(storage().compareAndPut("state", second, bytes("4"))).isPresent();
        assertThat(text("state")).contains("4");
        storage().delete(List.of("state"));
        assertThat(storage().compareAndPut("state", second, bytes("5"))).isEmpty();
        assertThat(storage().find("state")).isEmpty();
    }

    @Test
    void removesOnlyTheVersionThatWasRead() {
        assertThat(storage().compareAndDelete("state", "none")).isFalse();
        storage().put("state", bytes("1"));
        String first = storage().find("state").orElseThrow().etag();
        String second = storage().compareAndPut("state", first, bytes("2")).orElseThrow();
        assertThat(storage().compareAndDelete("state", first)).isFalse();
        assertThat(text("state")).contains("2");
        assertThat(storage().compareAndDelete("state", second)).isTrue();
        assertThat(storage().find("state")).isEmpty();
        assertThat(storage().compareAndDelete("state", second)).isFalse();
        assertThat(storage().putIfAbsent("state", bytes("3"))).isTrue();
    }

    @Test
    void noUpdateIsLost() throws Exception {
        storage().put("count", bytes("100"));
        together(i -> {
            for (int n = 0; n < 10; n++) {
                increment(storage(), "count");
            }
            return true;
        });
        assertThat(text("count")).contains(Integer.toString(100 + THREADS * 10));
    }

    /** The loop of everyone who keeps a shared figure; also run by other processes. */
    static void increment(Storage storage, String path) {
        Versioned read;
        do {
            read = storage.find(path).orElseThrow();
        } while (storage.compareAndPut(path, read.etag(), bytes(Integer.toString(Integer.parseInt(read.utf8()) + 1)))
                .isEmpty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/etc/passwd", "../x", "a/../../x", "a/..", "./x", "a//b", "a/", "", "a\0b", "a/.~x", "..", "/"})
    void pathsThatLeaveTheRootAreRefused(String path) {
        String named = path.isEmpty() ? "(empty)" : path.replace("\0", "\\0");
        for (Callable<?> use : List.<Callable<?>>of(
                () -> storage().find(path),
                () -> storage().stat(path),
                () -> storage().open(path),
                () -> storage().create(path),
                () -> storage().putIfAbsent(path, new byte[0]),
                () -> storage().compareAndPut(path, "e", new byte[0]),
                () -> storage().localPath(path),
                () -> storage().pathOf(storage().root() + path))) {
            assertThatThrownBy(use::call)
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith("Invalid path: " + named + ": ")
                    .extracting(failure -> ((Fault) failure).kind())
                    .isEqualTo(Fault.Kind.USER);
        }
        assertThatThrownBy(() -> storage().put(path, new byte[0])).isInstanceOf(Fault.class);
        assertThatThrownBy(() -> storage().delete(List.of(path))).isInstanceOf(Fault.class);
        if (!path.isEmpty() && !path.equals("a/")) {
            assertThatThrownBy(() -> storage().list(path)).isInstanceOf(Fault.class);
            assertThatThrownBy(() -> storage().names(path + "/")).isInstanceOf(Fault.class);
        }
        assertThat(paths("")).isEmpty();
    }

    @Test
    void uriAndPathAreInverse() {
        assertThat(storage().root()).endsWith("/");
        assertThat(storage().pathOf(storage().uri("a/b c.json"))).isEqualTo("a/b c.json");
        assertThatThrownBy(() -> storage().pathOf("s3://elsewhere/x"))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid uri: s3://elsewhere/x: must lie below "
                        + storage().root());
    }

    @Test
    void travelsToTasks() throws Exception {
        storage().put("a", bytes("here"));
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(wire)) {
            out.writeObject(storage());
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(wire.toByteArray()))) {
            Storage arrived = (Storage) in.readObject();
            assertThat(arrived.root()).isEqualTo(storage().root());
            assertThat(arrived.find("a").map(Versioned::utf8)).contains("here");
        }
    }

    @Test
    void skipsAndReadsSingleBytes() throws IOException {
        storage().put("digits", bytes("0123456789"));
        try (InputStream in = storage().open("digits")) {
            assertThat(in.read()).isEqualTo('0');
            in.skipNBytes(3);
            assertThat(in.readNBytes(100)).isEqualTo(bytes("456789"));
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    interface Writer<T> {
        T write(int thread) throws Exception;
    }

    /** Runs an act on all threads at the same moment and returns what each got. */
    static <T> List<T> together(Writer<T> act) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            CyclicBarrier start = new CyclicBarrier(THREADS);
            List<Future<T>> running = IntStream.range(0, THREADS)
                    .mapToObj(i -> threads.submit(() -> {
                        start.await();
                        return act.write(i);
                    }))
                    .toList();
            List<T> results = new ArrayList<>();
            for (Future<T> result : running) {
                results.add(result.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    Optional<String> text(String path) {
        return storage().find(path).map(Versioned::utf8);
    }

    List<String> paths(String prefix) {
        return storage().list(prefix).stream().map(StoredFile::path).toList();
    }

    byte[] readAll(String path) {
        try (InputStream in = storage().open(path)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
