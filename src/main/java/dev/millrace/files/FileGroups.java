package dev.millrace.files;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.ToLongFunction;

/** Puts things that weigh something into even groups. */
final class FileGroups {
    private FileGroups() {}

    /**
     * Groups as few as can be found, the largest things first, each into the group that has least so far. None weighs more
     * than {@code most}, unless one thing alone does. The same things in the same order give the same groups.
     *
     * @param weight of a thing, not negative
     * @param most that a group may weigh, positive
     * @return no group is empty; within one, things are in the order in which they were given
     */
    static <T> List<List<T>> even(List<T> things, ToLongFunction<T> weight, long most) {
        if (most <= 0) {
            throw new IllegalArgumentException("Invalid group size: " + most + ": must be positive");
        }
        List<Thing<T>> largestFirst = new ArrayList<>();
        for (int i = 0; i < things.size(); i++) {
            largestFirst.add(new Thing<>(things.get(i), i, weight.applyAsLong(things.get(i))));
        }
        largestFirst.sort(Comparator.comparingLong((Thing<T> thing) -> thing.weight())
                .reversed()
                .thenComparingInt(Thing::place));
        long all = largestFirst.stream().mapToLong(Thing::weight).sum();
        List<Group<T>> groups = put(largestFirst, all / most + (all % most == 0 ? 0 : 1), most);
        // Groups that were added on the way have little: with as many from the beginning all are even.
        List<Group<T>> even = put(largestFirst, groups.size(), most);
        return (even.size() == groups.size() ? even : groups)
                .stream().map(Group::inOrder).toList();
    }

    private static <T> List<Group<T>> put(List<Thing<T>> largestFirst, long count, long most) {
        PriorityQueue<Group<T>> emptiest = new PriorityQueue<>(
                Comparator.comparingLong((Group<T> group) -> group.weight).thenComparingInt(group -> group.number));
        for (int i = 0; i < Math.min(count, largestFirst.size()); i++) {
            emptiest.add(new Group<>(i));
        }
        for (Thing<T> thing : largestFirst) {
            boolean fits = !emptiest.isEmpty()
                    && (emptiest.peek().things.isEmpty() || emptiest.peek().weight + thing.weight <= most);
            Group<T> group = fits ? emptiest.remove() : new Group<>(emptiest.size());
            group.add(thing);
            emptiest.add(group);
        }
        return emptiest.stream()
                .filter(group -> !group.things.isEmpty())
                .sorted(Comparator.comparingInt(group -> group.number))
                .toList();
    }

    private record Thing<T>(T value, int place, long weight) {}

    private static final class Group<T> {
        private final int number;
        private final List<Thing<T>> things = new ArrayList<>();
        private long weight;

        Group(int number) {
            this.number = number;
        }

        void add(Thing<T> thing) {
            things.add(thing);
            weight += thing.weight;
        }

        List<T> inOrder() {
            return things.stream()
                    .sorted(Comparator.comparingInt(Thing::place))
                    .map(Thing::value)
                    .toList();
        }
    }
}
