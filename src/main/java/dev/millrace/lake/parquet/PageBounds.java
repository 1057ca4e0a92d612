package dev.millrace.lake.parquet;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The bounds of a chunk's pages by its column index. */
final class PageBounds {
    private final List<Optional<Bounds>> pages;

    private PageBounds(List<Optional<Bounds>> pages) {
        this.pages = pages;
    }

    static PageBounds read(ThriftReader in) {
        List<Boolean> hasOnlyNulls = List.of();
        List<byte[]> mins = List.of();
        List<byte[]> maxs = List.of();
        for (int id = in.field(0); id != 0; id = in.field(id)) {
            switch (id) {
                case 1 -> hasOnlyNulls = in.bools();
                case 2 -> mins = in.binaries();
                case 3 -> maxs = in.binaries();
                default -> in.skip();
            }
        }
        if (mins.size() != hasOnlyNulls.size() || maxs.size() != hasOnlyNulls.size()) {
            throw new CorruptBytes("its column index tells of " + hasOnlyNulls.size() + " pages, " + mins.size()
                    + " least and " + maxs.size() + " greatest values");
        }
        List<Optional<Bounds>> pages = new ArrayList<>();
        for (int i = 0; i < hasOnlyNulls.size(); i++) {
            // Writers cut long values, and do not say so.
            pages.add(
                    hasOnlyNulls.get(i)
                            ? Optional.empty()
                            : Optional.of(new Bounds(mins.get(i), maxs.get(i), false, false)));
        }
        return new PageBounds(pages);
    }

    /** Those of a page by its number among data pages; empty where it has none. */
    Optional<Bounds> of(int page) {
        return page < pages.size() ? pages.get(page) : Optional.empty();
    }
}
