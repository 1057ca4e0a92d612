package dev.millrace.lake;

import dev.millrace.lake.parquet.FileShape.GroupShape;
import dev.millrace.run.DataFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Cuts a row of files into even parts, by one walk: between files, else between row groups, else between rows. */
final class EvenCut {
    /** How far from even, in parts of the target, a part may be so that no file is cut. */
    private static final double NEAR = 0.06;

    /** The same, so that no row group is cut. */
    private static final double NEAR_OF_GROUPS = 0.09;

    private final List<DataFile> files;
    private final TargetSize target;
    private final RowGroups groups;
    private final boolean mayCut;

    /** Sizes that parts may have. */
    private final double fewest;

    private final double most;

    /** What is to be cut still: parts, and expected bytes. */
    private long parts;

    private long left;

    /** What was left when the part was begun that is being filled. */
    private long leftBefore;

    /** The file that comes next, and where its rest begins. */
    private int at;

    private Cut from = Cut.START;

    /**
     * A place in a file.
     *
     * @param bytes expected before it
     * @param row behind it
     * @param group behind it, or {@link Slice#NO_GROUP}
     */
    private record Cut(long bytes, long row, int group) {
        private static final Cut START = new Cut(0, 0, 0);
    }

    EvenCut(List<DataFile> files, TargetSize target, long parts, RowGroups groups, boolean mayCut) {
        this.files = files;
        this.target = target;
        this.parts = parts;
        this.groups = groups;
        this.mayCut = mayCut;
        left = files.stream().mapToLong(target::expected).sum();
        double even = (double) left / parts;
        fewest = even < target.fewest() ? (1 - NEAR) * even : Math.min(target.fewest(), even - 0.005 * target.bytes());
        most = even < target.fewest() ? Math.min((1 + NEAR) * even, target.most()) : target.most();
    }

    /** The parts; empty where files would have to be cut and may not be. */
    Optional<List<List<Slice>>> all() {
        List<List<Slice>> all = new ArrayList<>();
        while (at < files.size()) {
            if (left > target.most() * parts) {
                parts++;
            }
            Optional<List<Slice>> part = next();
            if (part.isEmpty()) {
                return Optional.empty();
            }
            all.add(part.get());
            parts = Math.max(1, parts - 1);
        }
        return Optional.of(all);
    }

    private Optional<List<Slice>> next() {
        leftBefore = left;
        double even = (double) left / parts;
        List<Slice> slices = new ArrayList<>();
        long filled = 0;
        while (at < files.size()) {
            long rest = rest();
            if (parts == 1 || filled + rest < even) {
                takeRest(slices);
                filled += rest;
                continue;
            }
            boolean isBefore = !slices.isEmpty() && fits(filled, even, NEAR);
            boolean isBehind = fits(filled + rest, even, NEAR);
            if (isBehind && (!isBefore || filled + rest - even <= even - filled)) {
                takeRest(slices);
            } else if (!isBefore) {
                if (!mayCut) {
                    return Optional.empty();
                }
                Optional<Cut> cut = cut(filled, even);
                if (cut.isPresent()) {
                    takeTo(cut.get(), slices);
                } else if (slices.isEmpty()) {
                    takeRest(slices);
                }
            }
            break;
        }
        return Optional.of(slices);
    }

    /** Whether a part of some bytes is near enough to what is even, and those that follow can be, too. */
    private boolean fits(long bytes, double even, double near) {
        double following = (double) (leftBefore - bytes) / (parts - 1);
        return Math.abs(bytes - even) <= near * target.bytes()
                && bytes >= fewest
                && bytes <= most
                && following >= fewest
                && following <= most;
    }

    /** Where the file on the border is cut; empty where it cannot be. */
    private Optional<Cut> cut(long filled, double even) {
        DataFile file = files.get(at);
        List<GroupShape> all = groups.of(file);
        double wanted = even - filled + from.bytes;
        double scale = (double) target.expected(file)
                / Math.max(1, all.stream().mapToLong(GroupShape::bytes).sum());
        Optional<Cut> nearest = Optional.empty();
        Optional<Cut> within = Optional.empty();
        double bytes = 0;
        long row = 0;
        for (int i = 0; i < all.size(); i++) {
            GroupShape group = all.get(i);
            double expected = group.bytes() * scale;
            if (bytes <= wanted && wanted < bytes + expected) {
                long into = Math.round(group.rows() * (wanted - bytes) / expected);
                within = Optional.of(new Cut(Math.round(wanted), row + into, Slice.NO_GROUP));
            }
            bytes += expected;
            row += group.rows();
            Cut border = new Cut(Math.round(bytes), row, i + 1);
            boolean isNearest =
                    nearest.isEmpty() || Math.abs(border.bytes - wanted) < Math.abs(nearest.get().bytes - wanted);
            if (isInside(border, all) && isNearest) {
                nearest = Optional.of(border);
            }
        }
        Optional<Cut> ofGroups =
                nearest.filter(border -> fits(filled + border.bytes - from.bytes, even, NEAR_OF_GROUPS));
        return ofGroups.isPresent() ? ofGroups : within.filter(place -> isInside(place, all));
    }

    /** Whether rows lie on both sides. */
    private boolean isInside(Cut cut, List<GroupShape> all) {
        return cut.row > from.row
                && cut.row < all.stream().mapToLong(GroupShape::rows).sum();
    }

    private long rest() {
        return target.expected(files.get(at)) - from.bytes;
    }

    private void takeRest(List<Slice> slices) {
        slices.add(new Slice(files.get(at), from.row, Slice.LAST_ROW, from.group, Slice.LAST_GROUP));
        left -= rest();
        at++;
        from = Cut.START;
    }

    private void takeTo(Cut to, List<Slice> slices) {
        slices.add(new Slice(files.get(at), from.row, to.row, from.group, to.group));
        left -= to.bytes - from.bytes;
        from = to;
    }
}
