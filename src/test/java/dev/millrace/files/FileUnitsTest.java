package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.files.Arrival.Reason;
import dev.millrace.files.FileUnits.Planned;
import dev.millrace.run.PlannedUnit;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileUnitsTest {
    private static final long MB = 1 << 20;
    private static final Instant WRITTEN = Instant.parse("2026-11-21T07:00:00.123Z");

    @TempDir
    Path base;

    @Test
    void putsTheLargestFirstIntoTheEmptiest() {
        assertThat(grouped(140 * MB, 1, 90, 80, 70, 60, 50, 40)).containsExactlyInAnyOrder("a f", "b e", "c d");
        assertThat(grouped(100 * MB, 1, 10, 20, 30)).containsExactly("a b c");
        assertThat(grouped(100 * MB, 1)).isEmpty();
    }

    @Test
    void makesUnitsForAllTasksWhereThatPays() {
        assertThat(grouped(128 * MB, 4, 10, 10, 10, 10, 10)).hasSize(4);
        assertThat(grouped(128 * MB, 4, 0, 0, 0)).hasSize(1);
        assertThat(grouped(128 * MB, 4, 50)).hasSize(1);
    }

    @Test
    void spreadsManySmallFiles() {
        long[] none = new long[2000];
        assertThat(grouped(128 * MB, 1, none)).hasSize(4);
    }

    @Test
    void unitsAreNamedByWhatTheyRead() {
        FileUnits units = new FileUnits(storage(), "runs/a/files/");
        Arrivals arrivals = arrivals(arrival("x/a.json", 10, Reason.NEW), arrival("x/b.json", 10, Reason.CHANGED));
        List<PlannedUnit> planned = plan(units, arrivals);
        assertThat(plan(units, arrivals)).isEqualTo(planned);
        assertThat(planned.get(0).id()).matches("files-[0-9a-f]{20}");
        assertThat(FileUnits.files(planned.get(0))).isEqualTo(2);
        assertThat(FileUnits.bytes(planned.get(0))).isEqualTo(20);
        assertThat(units.entries(planned.get(0)))
                .containsExactly(
                        new Planned(new FilePart("x/a.json", 10, "etag", 0, 10), Reason.NEW, WRITTEN),
                        new Planned(new FilePart("x/b.json", 10, "etag", 0, 10), Reason.CHANGED, WRITTEN));
        Arrivals other = arrivals(arrival("x/a.json", 11, Reason.NEW), arrival("x/b.json", 10, Reason.CHANGED));
        assertThat(plan(units, other).get(0).id()).isNotEqualTo(planned.get(0).id());
    }

    @Test
    void aLargeFileIsCutIntoUnits() {
        FileUnits units = new FileUnits(storage(), "files/");
        Arrivals arrivals = arrivals(arrival("big\n\t.json", 300, Reason.NEW), arrival("refused", 900, Reason.REFUSED));
        List<PlannedUnit> planned = units.plan(
                arrivals,
                100,
                1,
                arrival -> IntStream.range(0, 3)
                        .mapToObj(i -> new FilePart(arrival.file().path(), 300, "etag", 100L * i, 100L * (i + 1)))
                        .toList());
        List<Planned> entries =
                planned.stream().flatMap(unit -> units.entries(unit).stream()).toList();
        assertThat(planned).hasSize(4);
        assertThat(entries)
                .extracting(entry -> entry.part().path() + " " + entry.part().from() + " "
                        + entry.part().to())
                .containsExactlyInAnyOrder(
                        "big\n\t.json 0 100", "big\n\t.json 100 200", "big\n\t.json 200 300", "refused 0 900");
        assertThat(units.replaced(planned)).isEmpty();
    }

    @Test
    void aListThatIsGoneOrDamagedIsTold() {
        Storage storage = storage();
        FileUnits units = new FileUnits(storage, "files/");
        PlannedUnit unit = plan(units, arrivals(arrival("a", 1, Reason.NEW))).get(0);
        String path = "files/" + unit.id() + ".jsonl.zst";
        storage.put(path, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> units.entries(unit))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot read " + storage.uri(path) + ": it is damaged");
        storage.delete(List.of(path));
        assertThatThrownBy(() -> units.entries(unit)).isInstanceOf(Fault.class).hasMessageContaining(path);
    }

    private Storage storage() {
        return Storages.open(base.toString(), StorageOptions.DEFAULT);
    }

    private static List<PlannedUnit> plan(FileUnits units, Arrivals arrivals) {
        return units.plan(arrivals, 1 << 20, 1, arrival -> List.of(FilePart.whole(arrival.file())));
    }

    private static Arrival arrival(String path, long bytes, Reason reason) {
        return new Arrival(new StoredFile(path, bytes, "etag", WRITTEN), reason);
    }

    private static Arrivals arrivals(Arrival... files) {
        return new Arrivals(List.of(files), files.length, true, 0, WRITTEN);
    }

    /** Names of the files in each group: files are named a, b, c by their place. */
    private static List<String> grouped(long groupBytes, int leastUnits, long... megabytes) {
        List<Planned> entries = new ArrayList<>();
        for (int i = 0; i < megabytes.length; i++) {
            String name = i < 26 ? String.valueOf((char) ('a' + i)) : "file " + i;
            long bytes = megabytes[i] * MB;
            entries.add(new Planned(new FilePart(name, bytes, "etag", 0, bytes), Reason.NEW, WRITTEN));
        }
        List<List<Planned>> groups = FileUnits.group(entries, groupBytes, leastUnits);
        assertThat(groups.stream().mapToInt(List::size).sum()).isEqualTo(megabytes.length);
        return groups.stream()
                .map(group -> String.join(
                        " ", group.stream().map(entry -> entry.part().path()).toList()))
                .toList();
    }
}
