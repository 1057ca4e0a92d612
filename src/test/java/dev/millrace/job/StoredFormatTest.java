package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.dynamodb.Spool;
import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.storage.Storage;
import dev.millrace.testing.Rebuild;
import dev.millrace.testing.S3Server;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the first format's version of Millrace left on storage and in a warehouse is read, finished and gone on with. */
class StoredFormatTest {
    private static final List<String> KEYS = List.of("PK");

    @TempDir
    private static Path folder;

    private static StoredFormat stored;

    @BeforeAll
    static void unpack() {
        stored = new StoredFormat(folder);
        stored.unpack("stored-format-1.zip");
        // The table by now: what runs of then are finished with must be what they had read.
        Items.table("stored-format", KEYS.stream().map(key -> key + ":S").toList(), List.of(later()));
    }

    private static String later() {
        return "{\"PK\": {\"S\": \"ORDER#later\"}, \"Kind\": {\"S\": \"Order\"}, \"total\": {\"N\": \"7\"}}";
    }

    private static List<JsonNode> itemsOfThen() {
        return StoredFormat.items().stream().map(Rebuild::canonical).toList();
    }

    /** The day after the store was made. */
    private static Trial trial() {
        return new Trial(folder).later(Duration.between(Instant.now(), Instant.parse("2026-11-27T07:00:00Z")));
    }

    @Test
    void aRunWithHalfOfItsUnitsLandedIsFinished() {
        finishes(StoredFormat.SPOOLED);
    }

    @Test
    void aRunThatHasLandedIsLoaded() {
        finishes(StoredFormat.LANDED);
    }

    private void finishes(String job) {
        Trial trial = trial();
        Path file = stored.jobFile(job);
        OpenJob open = trial.open(file);
        RunStore run = trial.run(open);
        Storage bucket = open.staging();
        List<String> spooled = run.units().committed(Spool.PHASE).stream()
                .map(unit -> unit.files().get(0).path())
                .toList();
        assertThat(run.end()).isEmpty();

        assertThat(trial.succeed(file).out()).contains("run        " + run.id() + "\n");

        assertThat(trial.run(open).id()).isEqualTo(run.id());
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(run.units().committed(Spool.PHASE))
                .extracting(unit -> unit.files().get(0).path())
                .isEqualTo(spooled);
        assertThat(bucket.list(run.path("spool/"))).extracting(f -> f.path()).containsAll(spooled);
        Items.assertEqual(trial.itemsOfLive(open), itemsOfThen(), KEYS);
        assertThat(trial.query(open, "SELECT sum(doubled) FROM w.orders")).containsExactly("138.00");
    }

    @Test
    void aJobGoesOnWhereItWas() {
        Trial trial = trial();
        Path file = stored.jobFile(StoredFormat.DONE);
        OpenJob open = trial.open(file);
        List<RunId> before = open.store().runs();
        assertThat(before).hasSize(2);
        assertThat(open.store().ledger().commits()).extracting(Commit::run).isEqualTo(before);
        assertThat(Trial.command("status", file.toString()).out())
                .contains("live       run " + before.get(1) + ", commit 2\n")
                .contains("previous   run " + before.get(0) + ", commit 1\n")
                .contains("run " + before.get(1) + "  done\n");
        Items.assertEqual(trial.itemsOfLive(open), itemsOfThen(), KEYS);

        assertThat(trial.succeed(file).out()).contains("schema     version 1\n");

        assertThat(open.store().ledger().commits()).extracting(Commit::n).containsExactly(1L, 2L, 3L);
        Items.assertEqual(trial.itemsOfLive(open), List.of(Rebuild.canonical(later())), KEYS);
        assertThat(Trial.command("rollback", file.toString()).out())
                .startsWith("live is run " + before.get(1) + " again (commit 2)");
        Items.assertEqual(trial.itemsOfLive(open), itemsOfThen(), KEYS);
        assertThat(open.schemas().load(1).census().toJson()).isNotEmpty();
        assertThat(S3Server.front().requests()).noneMatch(request -> request.contains("schema/2.json"));
    }
}
