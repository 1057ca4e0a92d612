package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.util.List;

/** What a file's footer tells to those who plan slices: its row groups, in their order. */
public record FileShape(List<GroupShape> groups) {
    public FileShape {
        groups = List.copyOf(groups);
    }

    /**
     * A row group.
     *
     * @param bytes of its pages as they lie there
     */
    public record GroupShape(long rows, long bytes) {}

    /** Rows of the file. */
    public long rows() {
        return groups.stream().mapToLong(GroupShape::rows).sum();
    }

    /**
     * Reads a footer.
     *
     * @throws Fault of kind WORLD that names the file, where it is no whole Parquet file, is encrypted, or cannot be read
     */
    public static FileShape read(MergeSource source) {
        try {
            return new FileShape(SourceFile.openFooter(source, "Cannot merge").meta().rowGroups().stream()
                    .map(group -> new GroupShape(group.rows(), group.bytes()))
                    .toList());
        } catch (Refusal refusal) {
            throw Fault.world("Cannot merge " + refusal.getMessage() + "; leave the file out");
        }
    }
}
