package dev.millrace.lake.parquet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads a footer's structs. The schema of the footer before is taken for one of the same bytes. */
final class FooterParser {
    private Optional<Schema> last = Optional.empty();

    /**
     * @throws Refusal for what is encrypted or lies in other files
     * @throws CorruptBytes for what is no footer
     */
    FileMeta parse(byte[] bytes, int from, int to) {
        ThriftReader in = new ThriftReader(bytes, from, to);
        int version = 1;
        byte[] schema = {};
        long rows = 0;
        List<RowGroupMeta> rowGroups = List.of();
        Map<String, String> notes = Map.of();
        Optional<String> createdBy = Optional.empty();
        byte[] columnOrders = {};
        for (int id = in.field(0); id != 0; id = in.field(id)) {
            switch (id) {
                case 1 -> version = in.i32();
                case 2 -> schema = in.raw();
                case 3 -> rows = in.i64();
                case 4 -> rowGroups = rowGroups(in);
                case 5 -> notes = notes(in);
                case 6 -> createdBy = Optional.of(in.text());
                case 7 -> columnOrders = columnOrders(in);
                case 8, 9 -> throw new Refusal(MergeOutcome.Reason.ENCRYPTION, "the file is encrypted");
                default -> in.skip();
            }
        }
        FileMeta meta = new FileMeta(version, schema(schema), rows, rowGroups, notes, createdBy, columnOrders);
        check(meta);
        return meta;
    }

    private Schema schema(byte[] raw) {
        if (last.isEmpty() || !Arrays.equals(last.get().raw(), raw)) {
            last = Optional.of(Schema.parse(raw));
        }
        return last.get();
    }

    private static void check(FileMeta meta) {
        List<LeafColumn> leaves = meta.schema().leaves();
        long rows = 0;
        for (RowGroupMeta group : meta.rowGroups()) {
            if (group.chunks().size() != leaves.size()) {
                throw new CorruptBytes(
                        "a row group has " + group.chunks().size() + " columns, the schema " + leaves.size());
            }
            for (int i = 0; i < leaves.size(); i++) {
                ChunkMeta chunk = group.chunks().get(i);
                LeafColumn leaf = leaves.get(i);
                if (chunk.type() != leaf.type()) {
                    throw new CorruptBytes("column " + leaf.path() + " is " + leaf.type() + " in the schema, "
                            + chunk.type() + " in a row group");
                }
                if (leaf.maxRepetition() == 0 && chunk.values() != group.rows()) {
                    throw new CorruptBytes("column " + leaf.path() + " has " + chunk.values() + " values in "
                            + group.rows() + " rows");
                }
            }
            rows += group.rows();
        }
        if (rows != meta.rows()) {
            throw new CorruptBytes("the footer has " + meta.rows() + " rows, its row groups " + rows);
        }
    }

    private static List<RowGroupMeta> rowGroups(ThriftReader in) {
        int count = in.list();
        List<RowGroupMeta> groups = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            List<ChunkMeta> chunks = new ArrayList<>();
            long rows = 0;
            for (int id = in.field(0); id != 0; id = in.field(id)) {
                switch (id) {
                    case 1 -> {
                        int columns = in.list();
                        for (int c = 0; c < columns; c++) {
                            chunks.add(chunk(in));
                        }
                    }
                    case 3 -> rows = in.i64();
                    default -> in.skip();
                }
            }
            if (rows < 0) {
                throw new CorruptBytes("a row group has " + rows + " rows");
            }
            groups.add(new RowGroupMeta(rows, chunks));
        }
        return groups;
    }

    private static ChunkMeta chunk(ThriftReader in) {
        ChunkFields chunk = new ChunkFields();
        for (int id = in.field(0); id != 0; id = in.field(id)) {
            switch (id) {
                case 1 -> throw new Refusal(MergeOutcome.Reason.SCHEMA, "columns lie in other files: " + in.text());
                case 3 -> {
                    in.struct();
                    chunk.read(in);
                }
                case 6 -> chunk.columnIndexFrom = OptionalLong.of(in.i64());
                case 7 -> chunk.columnIndexBytes = in.i32();
                case 8, 9 -> throw new Refusal(MergeOutcome.Reason.ENCRYPTION, "a column is encrypted");
                default -> in.skip();
            }
        }
        return chunk.meta();
    }

    /** As bytes; none where values are ordered in a way that is not known here. */
    private static byte[] columnOrders(ThriftReader in) {
        int from = in.position();
        int count = in.list();
        boolean isKnown = true;
        for (int i = 0; i < count; i++) {
            for (int id = in.field(0); id != 0; id = in.field(id)) {
                isKnown &= id == 1;
                in.skip();
            }
        }
        return isKnown ? in.bytes(from) : new byte[0];
    }

    private static Map<String, String> notes(ThriftReader in) {
        int count = in.list();
        Map<String, String> notes = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String key = "";
            String value = "";
            for (int id = in.field(0); id != 0; id = in.field(id)) {
                switch (id) {
                    case 1 -> key = in.text();
                    case 2 -> value = in.text();
                    default -> in.skip();
                }
            }
            notes.put(key, value);
        }
        return notes;
    }

    /** The fields of a column chunk while they are read. */
    private static final class ChunkFields {
        private int type = -1;
        private int codec;
        private long values = -1;
        private long dataFrom = -1;
        private OptionalLong dictionaryFrom = OptionalLong.empty();
        private long bytes = -1;
        private Statistics statistics = Statistics.NONE;
        private OptionalLong columnIndexFrom = OptionalLong.empty();
        private int columnIndexBytes;
        private boolean hasBloomFilter;

        private void read(ThriftReader in) {
            for (int id = in.field(0); id != 0; id = in.field(id)) {
                switch (id) {
                    case 1 -> type = in.i32();
                    case 4 -> codec = in.i32();
                    case 5 -> values = in.i64();
                    case 7 -> bytes = in.i64();
                    case 9 -> dataFrom = in.i64();
                    case 11 -> dictionaryFrom = OptionalLong.of(in.i64());
                    case 12 -> statistics = Statistics.read(in);
                    case 14 -> {
                        hasBloomFilter = true;
                        in.skip();
                    }
                    default -> in.skip();
                }
            }
        }

        private ChunkMeta meta() {
            if (values < 0 || bytes < 0 || dataFrom < 0) {
                throw new CorruptBytes(
                        "a column chunk has " + values + " values in " + bytes + " bytes from byte " + dataFrom);
            }
            return new ChunkMeta(
                    PhysicalType.of(type),
                    codec,
                    values,
                    dataFrom,
                    dictionaryFrom,
                    bytes,
                    statistics,
                    columnIndexFrom,
                    columnIndexBytes,
                    hasBloomFilter);
        }
    }
}
