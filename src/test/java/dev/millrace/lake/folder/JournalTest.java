package dev.millrace.lake.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.S3Server;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class JournalTest {
    private static final Clock NOON = Clock.fixed(Instant.parse("2026-11-21T12:00:00Z"), ZoneOffset.UTC);

    @TempDir
    private static Path folder;

    private static Stream<Storage> storages() {
        return Stream.of(
                Storages.open(folder.resolve("a" + System.nanoTime()).toString(), StorageOptions.DEFAULT),
                Storages.open("s3://" + S3Server.newBucket() + "/t", S3Server.options()));
    }

    private static boolean nobodyIsDead(String name, Instant since) {
        return false;
    }

    private static Optional<Journal> take(Storage storage, Journal.Found found, String name, Clock clock) {
        return Journal.take(storage, found, "c-" + name, name, clock, new Random());
    }

    private static Journal taken(Storage storage, String name, Clock clock) {
        return take(storage, Journal.find(storage), name, clock).orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("storages")
    void saysWhoHoldsItAndSinceWhen(Storage storage) {
        try (Journal first = taken(storage, "1@a", NOON)) {
            first.requireHeld();
            Journal.Found found = Journal.find(storage);
            Clock later = Clock.offset(NOON, Duration.ofSeconds(119));
            assertThatThrownBy(() -> Journal.requireFree(storage, found, later.instant(), JournalTest::nobodyIsDead))
                    .isInstanceOf(Fault.class)
                    .hasMessage("Folder " + storage.root() + " is being compacted by 1@a since 2026-11-21T12:00:00Z,"
                            + " compaction c-1@a (its lease ends at 2026-11-21T12:02:00Z unless it is renewed)."
                            + " Try again later")
                    .extracting(fault -> ((Fault) fault).kind())
                    .isEqualTo(Fault.Kind.HELD);
            Journal.requireFree(storage, found, later.instant(), (name, since) -> name.equals("1@a"));
            Journal.requireFree(storage, found, later.instant().plusSeconds(1), JournalTest::nobodyIsDead);
        }
        assertThat(Journal.find(storage).isUnfinished()).isFalse();
        assertThat(storage.list("")).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("storages")
    void ofManyAtOnceOneTakesIt(Storage storage) {
        Journal.Found found = Journal.find(storage);
        List<Journal> holders = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            take(storage, found, i + "@a", NOON).ifPresent(holders::add);
        }
        assertThat(holders).hasSize(1);
        holders.get(0).close();
        assertThat(take(storage, found, "6@a", NOON))
                .as("once it is free again")
                .isPresent();
    }

    @ParameterizedTest
    @MethodSource("storages")
    void whoeverIsTakenOverBeginsNothingAndLeavesItToTheOther(Storage storage) {
        Clock later = Clock.offset(NOON, Duration.ofMinutes(3));
        Journal first = taken(storage, "1@a", NOON);
        first.begin("one.json");
        Journal second = taken(storage, "2@b", later);
        assertThat(second.replacing()).contains("one.json");

        for (Runnable act : List.<Runnable>of(first::requireHeld, first::end, () -> first.begin("two.json"))) {
            assertThatThrownBy(act::run)
                    .isInstanceOf(Fault.class)
                    .hasMessage(
                            "Compaction c-1@a of folder " + storage.root() + " is left to others: 2@b has taken over"
                                    + " at 2026-11-21T12:03:00Z, compaction c-2@b, because this process held it until"
                                    + " 2026-11-21T12:02:00Z and could not renew that in time. Nothing is lost; run it again to"
                                    + " compact what is left");
        }
        first.close();
        second.requireHeld();
        second.end();
        second.close();
        assertThatThrownBy(() -> first.begin("three.json")).hasMessageContaining("another has taken over and is done");
        assertThat(storage.list("")).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("storages")
    void whatWasBegunStaysForTheNext(Storage storage) {
        Journal first = taken(storage, "1@a", NOON);
        first.begin("one.json");
        first.close();
        Journal.Found found = Journal.find(storage);
        assertThat(found.isUnfinished()).isTrue();
        assertThat(found.replacing()).contains("one.json");
        Journal.requireFree(storage, found, NOON.instant(), JournalTest::nobodyIsDead);
        try (Journal next = taken(storage, "2@b", NOON)) {
            assertThat(next.replacing()).contains("one.json");
            next.end();
        }
        assertThat(storage.list("")).isEmpty();
    }
}
