package dev.millrace.lake.parquet;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A column chunk as it was written.
 *
 * @param dictionaryBytes of the dictionary page with its header, or 0
 * @param bytes of all pages with their headers
 * @param uncompressedBytes of the same
 * @param isIndexed whether readers may be told where rows begin: not where a page begins inside a row
 * @param hasPageBounds whether the bounds of all pages are known
 * @param pageKinds how many data pages there are of each kind
 */
record WrittenChunk(
        LeafColumn column,
        int codec,
        long values,
        long nulls,
        Optional<Bounds> bounds,
        int dictionaryBytes,
        long bytes,
        long uncompressedBytes,
        List<WrittenPage> pages,
        boolean isIndexed,
        boolean hasPageBounds,
        Map<PageKind, Integer> pageKinds) {
    /** A kind of data page: its version and how its values are encoded. */
    record PageKind(PageHeader.Kind kind, int encoding) implements Comparable<PageKind> {
        @Override
        public int compareTo(PageKind other) {
            int kinds = kind.compareTo(other.kind);
            return kinds != 0 ? kinds : Integer.compare(encoding, other.encoding);
        }
    }
}
