package dev.millrace.lake.parquet;

import dev.millrace.lake.parquet.WrittenChunk.PageKind;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Writes the footer of a merged file.
 *
 * @param columnOrders as bytes; empty where sources do not agree, and then bounds are left out
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
record Footer(int version, Schema schema, Map<String, String> notes, Optional<String> createdBy, byte[] columnOrders) {
    /** Whether readers may go by bounds: they know how values compare. */
    boolean hasBounds() {
        return columnOrders.length > 0;
    }

    void write(List<WrittenGroup> groups, Bytes out) {
        ThriftWriter thrift = new ThriftWriter(out);
        thrift.i32(1, version).rawList(2, schema.raw());
        thrift.i64(3, groups.stream().mapToLong(WrittenGroup::rows).sum());
        thrift.structs(4, groups.size());
        for (int i = 0; i < groups.size(); i++) {
            write(groups.get(i), i, thrift);
        }
        if (!notes.isEmpty()) {
            thrift.structs(5, notes.size());
            notes.forEach(
                    (key, value) -> thrift.element().text(1, key).text(2, value).end());
        }
        createdBy.ifPresent(writer -> thrift.text(6, writer));
        if (columnOrders.length > 0) {
            thrift.rawList(7, columnOrders);
        }
        thrift.endAll();
    }

    private void write(WrittenGroup group, int ordinal, ThriftWriter thrift) {
        List<PlacedChunk> chunks = group.chunks();
        thrift.element().structs(1, chunks.size());
        for (PlacedChunk chunk : chunks) {
            write(chunk, thrift);
        }
        thrift.i64(
                2, chunks.stream().mapToLong(c -> c.chunk().uncompressedBytes()).sum());
        thrift.i64(3, group.rows());
        if (!chunks.isEmpty()) {
            thrift.i64(5, chunks.get(0).from());
        }
        thrift.i64(6, chunks.stream().mapToLong(c -> c.chunk().bytes()).sum());
        if (ordinal <= Short.MAX_VALUE) {
            thrift.i16(7, ordinal);
        }
        thrift.end();
    }

    private void write(PlacedChunk placed, ThriftWriter thrift) {
        WrittenChunk chunk = placed.chunk();
        thrift.element().i64(2, placed.from()).struct(3);
        thrift.i32(1, chunk.column().type().number());
        TreeSet<Integer> encodings = new TreeSet<>();
        encodings.add(Encoding.RLE);
        chunk.pageKinds().keySet().forEach(kind -> encodings.add(kind.encoding()));
        if (chunk.dictionaryBytes() > 0) {
            encodings.add(Encoding.PLAIN);
        }
        thrift.i32s(2, encodings.size());
        encodings.forEach(thrift::number);
        thrift.binaries(3, chunk.column().names().size());
        chunk.column().names().forEach(thrift::text);
        thrift.i32(4, chunk.codec());
        thrift.i64(5, chunk.values());
        thrift.i64(6, chunk.uncompressedBytes());
        thrift.i64(7, chunk.bytes());
        thrift.i64(9, placed.from() + chunk.dictionaryBytes());
        if (chunk.dictionaryBytes() > 0) {
            thrift.i64(11, placed.from());
        }
        Statistics.write(thrift, 12, chunk.nulls(), hasBounds() ? chunk.bounds() : Optional.empty());
        writeEncodingStats(chunk, thrift);
        thrift.end();
        if (placed.offsetIndexBytes() > 0) {
            thrift.i64(4, placed.offsetIndexFrom()).i32(5, placed.offsetIndexBytes());
        }
        if (placed.columnIndexBytes() > 0) {
            thrift.i64(6, placed.columnIndexFrom()).i32(7, placed.columnIndexBytes());
        }
        thrift.end();
    }

    private static void writeEncodingStats(WrittenChunk chunk, ThriftWriter thrift) {
        Map<PageKind, Integer> kinds = chunk.pageKinds();
        boolean hasDictionary = chunk.dictionaryBytes() > 0;
        thrift.structs(13, kinds.size() + (hasDictionary ? 1 : 0));
        if (hasDictionary) {
            writeEncodingStats(PageHeader.Kind.DICTIONARY, Encoding.PLAIN, 1, thrift);
        }
        kinds.forEach((kind, count) -> writeEncodingStats(kind.kind(), kind.encoding(), count, thrift));
    }

    private static void writeEncodingStats(PageHeader.Kind kind, int encoding, int count, ThriftWriter thrift) {
        thrift.element().i32(1, kind.number()).i32(2, encoding).i32(3, count).end();
    }
}
