package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.lake.parquet.FileShape.GroupShape;
import dev.millrace.run.DataFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionPlanTest {
    private static final long MB = 1 << 20;
    private static final long TARGET = 128 * MB;
    private static final TargetSize AS_IT_IS = new TargetSize(TARGET, 1);

    /** One row group a file, a row a KiB. */
    private static final RowGroups ONE_GROUP = file -> List.of(new GroupShape(file.bytes() / 1024, file.bytes()));

    private final Random random = new Random(20261126);

    private static DataFile file(int number, long bytes) {
        return new DataFile("t", "t/f%07d.parquet".formatted(number), bytes, bytes / 1024, "");
    }

    private static List<DataFile> files(int count, LongSupplier bytes) {
        return IntStream.range(0, count)
                .mapToObj(i -> file(i, bytes.getAsLong()))
                .toList();
    }

    private long between(long from, long to) {
        return from + (long) (random.nextDouble() * (to - from));
    }

    private static PartitionPlan plan(List<DataFile> files) {
        return PartitionPlan.of("", files, AS_IT_IS, ONE_GROUP, true);
    }

    /** What a slice is expected to take. */
    private static double bytes(Slice slice, TargetSize target) {
        double rows = slice.file().bytes() / 1024.0;
        double to = slice.toRow() == Slice.LAST_ROW ? rows : slice.toRow();
        return (to - slice.fromRow()) / rows * target.expected(slice.file());
    }

    private static double bytes(PlannedFile output, TargetSize target) {
        return output.slices().stream()
                .mapToDouble(slice -> bytes(slice, target))
                .sum();
    }

    /** Every row once, in the order of the files. */
    private static void requireNothingLost(List<DataFile> files, PartitionPlan plan, boolean isOrdered) {
        Map<String, Long> reached = new TreeMap<>();
        String last = "";
        for (PlannedFile output : plan.outputs()) {
            last = isOrdered ? last : "";
            for (Slice slice : output.slices()) {
                String path = slice.file().path();
                assertThat(slice.fromRow()).isEqualTo(reached.getOrDefault(path, 0L));
                assertThat(path).isGreaterThanOrEqualTo(last);
                reached.put(path, slice.toRow());
                last = path;
            }
        }
        assertThat(reached.values()).allMatch(row -> row == Slice.LAST_ROW);
        List<String> all = new ArrayList<>(reached.keySet());
        plan.kept().forEach(file -> all.add(file.path()));
        assertThat(all)
                .containsExactlyInAnyOrderElementsOf(
                        files.stream().map(DataFile::path).toList());
    }

    /** The files that there are once a plan was carried out as expected. */
    private static List<DataFile> carriedOut(PartitionPlan plan, TargetSize target, LongSupplier noise) {
        List<DataFile> after = new ArrayList<>(plan.kept());
        for (PlannedFile output : plan.outputs()) {
            long bytes = Math.round(bytes(output, target)) + noise.getAsLong();
            after.add(new DataFile("t", "t/" + output.id("test") + "-abcdefgh.parquet", bytes, bytes / 1024, ""));
        }
        return after;
    }

    private void requireAroundTarget(List<DataFile> files) {
        PartitionPlan plan = plan(files);

        requireNothingLost(files, plan, true);
        List<DataFile> after = carriedOut(plan, AS_IT_IS, () -> 0);
        assertThat(after).allSatisfy(file -> assertThat((double) file.bytes()).isCloseTo(TARGET, within(0.1 * TARGET)));
        assertThat(plan(after).outputs()).isEmpty();
        List<DataFile> asWritten = carriedOut(plan, AS_IT_IS, () -> between(-2 * MB, 2 * MB));
        assertThat(plan(asWritten).outputs()).isEmpty();
    }

    @Test
    void makesFilesOfTheTargetSizeOfManySizes() {
        requireAroundTarget(files(1000, () -> between(MB, 40 * MB)));
    }

    @Test
    void makesFilesOfTheTargetSizeOfMediumOnes() {
        requireAroundTarget(files(1000, () -> between(60 * MB, 127 * MB)));
    }

    @Test
    void makesFilesOfTheTargetSizeOfOnesOf100() {
        requireAroundTarget(files(1000, () -> 100 * MB));
    }

    @Test
    void leavesAloneWhatIsAboutRight() {
        PartitionPlan plan = plan(files(1000, () -> 127 * MB));

        assertThat(plan.outputs()).isEmpty();
        assertThat(plan.kept()).hasSize(1000);
    }

    @Test
    void leavesAloneWhatIsLargeOrAlone() {
        assertThat(plan(List.of(file(1, MB), file(2, 3000 * MB), file(3, 140 * MB)))
                        .outputs())
                .isEmpty();
        assertThat(plan(List.of()).outputs()).isEmpty();
    }

    @Test
    void makesOneFileOfFew() {
        PartitionPlan plan = plan(List.of(file(1, MB), file(2, 3000 * MB), file(3, 40 * MB)));

        assertThat(plan.outputs()).hasSize(1);
        assertThat(plan.outputs().get(0).files()).containsExactly(file(1, MB), file(3, 40 * MB));
        assertThat(plan.kept()).containsExactly(file(2, 3000 * MB));
    }

    @Test
    void splitsEvenlyWhatIsLessThanTwo() {
        PartitionPlan plan = plan(files(180, () -> MB));

        assertThat(plan.outputs()).hasSize(2);
        assertThat(plan.outputs())
                .allSatisfy(output -> assertThat(bytes(output, AS_IT_IS)).isCloseTo(90 * MB, within(1.0 * MB)));
    }

    @Test
    void goesByWhatIsExpectedOfFilesThatNobodyHasCompacted() {
        TargetSize shrinking = new TargetSize(TARGET, 0.75);
        List<DataFile> files = files(1000, () -> between(MB, 20 * MB));

        PartitionPlan plan = PartitionPlan.of("", files, shrinking, ONE_GROUP, true);

        List<DataFile> after = carriedOut(plan, shrinking, () -> 0);
        assertThat(after).allSatisfy(file -> assertThat((double) file.bytes()).isCloseTo(TARGET, within(0.1 * TARGET)));
        assertThat(PartitionPlan.of("", after, shrinking, ONE_GROUP, true).outputs())
                .isEmpty();
    }

    @Test
    void cutsAtRowGroupsWhereTheyAreNear() {
        RowGroups tenths = file -> IntStream.range(0, 10)
                .mapToObj(i -> new GroupShape(file.bytes() / 10_240, file.bytes() / 10))
                .toList();
        List<DataFile> files = files(50, () -> 100 * MB);

        PartitionPlan plan = PartitionPlan.of("", files, AS_IT_IS, tenths, true);

        requireNothingLost(files, plan, true);
        assertThat(plan.outputs()).allSatisfy(output -> {
            assertThat(output.cutFile()).isEmpty();
            assertThat(bytes(output, AS_IT_IS)).isCloseTo(TARGET, within(0.1 * TARGET));
        });
        assertThat(plan.outputs().get(0).slices().get(1)).isEqualTo(new Slice(files.get(1), 0, 3 * 10_240, 0, 3));
    }

    @Test
    void asksOnlyForRowGroupsOfFilesOnBorders() {
        Set<DataFile> asked = new HashSet<>();
        List<DataFile> files = files(1000, () -> between(MB, 5 * MB));

        PartitionPlan.of(
                "",
                files,
                AS_IT_IS,
                file -> {
                    asked.add(file);
                    return ONE_GROUP.of(file);
                },
                true);

        assertThat(asked).hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void cutsNoFileWhereItMayNot() {
        List<DataFile> files = files(100, () -> between(30 * MB, 100 * MB));

        PartitionPlan plan = PartitionPlan.of("", files, AS_IT_IS, ONE_GROUP, false);

        requireNothingLost(files, plan, false);
        assertThat(plan.outputs()).isNotEmpty().allSatisfy(output -> {
            assertThat(output.slices()).allMatch(Slice::isWhole);
            assertThat(bytes(output, AS_IT_IS)).isLessThanOrEqualTo(1.1 * TARGET);
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void losesNothingKeepsTheOrderAndMakesNothingTooLarge(long seed) {
        random.setSeed(seed);
        for (int round = 0; round < 500; round++) {
            double ratio = 0.5 + random.nextDouble();
            TargetSize target = new TargetSize(TARGET, ratio);
            long smallest = between(1, 100 * MB);
            long largest = between(smallest, smallest * (1 + random.nextInt(20)));
            List<DataFile> files = files(1 + random.nextInt(80), () -> between(smallest, largest));
            int groups = 1 + random.nextInt(12);
            RowGroups borders = file -> IntStream.range(0, groups)
                    .mapToObj(i -> new GroupShape(
                            (i + 1) * (file.bytes() / 1024) / groups - i * (file.bytes() / 1024) / groups,
                            file.bytes() / groups))
                    .toList();

            boolean mayCut = random.nextBoolean();
            PartitionPlan plan = PartitionPlan.of("", files, target, borders, mayCut);

            requireNothingLost(files, plan, mayCut);
            assertThat(plan.outputs())
                    .allSatisfy(output -> assertThat(bytes(output, target))
                            .as("%s ratio %s of %s files of %s to %s", mayCut, ratio, files.size(), smallest, largest)
                            .isLessThanOrEqualTo(1.1 * TARGET));
            List<DataFile> after = carriedOut(plan, target, () -> 0);
            assertThat(PartitionPlan.of("", after, target, borders, mayCut).outputs())
                    .as("%s ratio %s of %s files of %s to %s", mayCut, ratio, files.size(), smallest, largest)
                    .isEmpty();
        }
    }
}
