package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.FileSource;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Groups of files are even, and none is too large. */
class FileGroupsTest {
    private static final Storage SOURCE = Storages.open("/nowhere", StorageOptions.DEFAULT);

    /** A thing that is not equal to another of its weight. */
    private static final class Thing {
        private final long weight;

        Thing(long weight) {
            this.weight = weight;
        }
    }

    @Test
    void largestFirstIntoTheEmptiest() {
        assertThat(FileGroups.even(List.of(1L, 5L, 4L, 3L, 2L, 6L), size -> size, 7L))
                .containsExactlyInAnyOrder(List.of(1L, 6L), List.of(5L, 2L), List.of(4L, 3L));
        assertThat(FileGroups.even(List.<Long>of(), size -> size, 7L)).isEmpty();
        assertThat(FileGroups.even(List.of(9L, 1L), size -> size, 7L)).containsExactly(List.of(9L), List.of(1L));
        assertThatThrownBy(() -> FileGroups.even(List.of(1L), size -> size, 0))
                .hasMessage("Invalid group size: 0: must be positive");
    }

    @Test
    void whateverTheSizesNoneIsLostAndNoneIsTooLarge() {
        Random random = new Random(11);
        for (int round = 0; round < 2_000; round++) {
            long most = random.nextLong(1, 1_000);
            int spread = 1 + random.nextInt(2_000);
            List<Thing> things = random.ints(random.nextInt(200), 0, spread)
                    .mapToObj(Thing::new)
                    .toList();

            List<List<Thing>> groups = FileGroups.even(things, thing -> thing.weight, most);

            List<Thing> all = new ArrayList<>();
            groups.forEach(all::addAll);
            Set<Thing> distinct = new HashSet<>(all);
            assertThat(all).hasSameSizeAs(things);
            assertThat(distinct).hasSameSizeAs(things).containsAll(things);
            assertThat(groups)
                    .allSatisfy(group -> assertThat(group).isNotEmpty())
                    .allSatisfy(group -> assertThat(group.size() == 1 || weight(group) <= most)
                            .isTrue());
            assertThat(FileGroups.even(things, thing -> thing.weight, most)).isEqualTo(groups);
            requireEven(groups, things);
        }
    }

    /** Of two groups the lighter one had less when the last thing came into the heavier one. */
    private static void requireEven(List<List<Thing>> groups, List<Thing> things) {
        if (groups.size() < 2) {
            return;
        }
        long heaviest = groups.stream().mapToLong(FileGroupsTest::weight).max().orElseThrow();
        long average = things.stream().mapToLong(thing -> thing.weight).sum() / groups.size();
        long largest = things.stream().mapToLong(thing -> thing.weight).max().orElseThrow();
        assertThat(heaviest).isLessThanOrEqualTo(average + largest);
    }

    private static long weight(List<Thing> group) {
        return group.stream().mapToLong(thing -> thing.weight).sum();
    }

    @Test
    void aFileThatIsLargerThanAGroupIsCutWhereItCanBe() {
        SnapshotFile large = new SnapshotFile("b.parquet", 1_000 << 20, "etag", OptionalLong.of(7));
        SnapshotFile small = new SnapshotFile("a.parquet", 10 << 20, "etag", OptionalLong.empty());
        long most = 128 << 20;
        List<List<SnapshotGroups.Piece>> groups =
                SnapshotGroups.group(SOURCE, List.of(small, large), new FileSource.Parquet(), most);
        assertThat(groups).hasSize(9);
        List<SnapshotGroups.Piece> pieces = groups.stream()
                .flatMap(List::stream)
                .filter(piece -> piece.file().equals(large))
                .sorted(java.util.Comparator.comparingLong(SnapshotGroups.Piece::from))
                .toList();
        assertThat(pieces).hasSize(8);
        for (int i = 0; i < pieces.size(); i++) {
            assertThat(pieces.get(i).from())
                    .isEqualTo(i == 0 ? 0 : pieces.get(i - 1).to());
        }
        assertThat(pieces.get(7).to()).isEqualTo(large.bytes());

        SnapshotFile known = new SnapshotFile("b.gz", 1_000 << 20, "etag", OptionalLong.of(7), "md5");
        assertThat(SnapshotGroups.group(SOURCE, List.of(known), new FileSource.DynamoDbJson(), most))
                .containsExactly(List.of(new SnapshotGroups.Piece(known, 0, known.bytes())));
    }
}
