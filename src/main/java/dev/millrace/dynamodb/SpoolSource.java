package dev.millrace.dynamodb;

import dev.millrace.landing.Carried;
import dev.millrace.landing.LandingTable;
import dev.millrace.landing.WideRows;
import dev.millrace.run.PlannedUnit;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.Shredder;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The Spark source of a table's items as rows of all its tables: one partition per unit, which is scanned into the spool
 * if nobody has done so, then read from it.
 */
public final class SpoolSource implements TableProvider {
    /**
     * What to read; tasks carry it.
     *
     * @param spool of the run
     * @param units to read, one partition each, in this order
     * @param keys of the table
     * @param plan how items become rows
     * @param census where what is counted on the way goes
     */
    public record Read(
            Spool spool, List<PlannedUnit> units, List<KeyAttribute> keys, ShredPlan plan, CensusFiles census)
            implements Serializable {
        public Read {
            units = List.copyOf(units);
            keys = List.copyOf(keys);
        }
    }

    /**
     * Items that could not be understood, verbatim: {@code item} where they are UTF-8, else {@code item_bytes}; neither
     * where the job hides attributes and the item's kind cannot be told.
     */
    public static final TableDefinition QUARANTINE = new TableDefinition(
            "_quarantine",
            List.of(
                    new Column(LandingTable.KIND_TABLE, ColumnType.STRING, false),
                    new Column("unit", ColumnType.STRING, false),
                    new Column("line", ColumnType.BIGINT, false),
                    new Column("key", ColumnType.JSON, true),
                    new Column("reason", ColumnType.STRING, false),
                    new Column("item", ColumnType.STRING, true),
                    new Column("item_bytes", ColumnType.BINARY, true)),
            List.of());

    private static final String READ = "read";

    /** The rows, as {@link WideRows} describes them: the plan's tables in their order, then {@link #QUARANTINE}. */
    public static Dataset<Row> rows(SparkSession spark, Read read) {
        return spark.read()
                .format(SpoolSource.class.getName())
                .option(READ, Carried.encode(read))
                .load();
    }

    private static StructType schema(Read read) {
        List<TableDefinition> tables = new ArrayList<>();
        read.plan().tables().forEach(t -> tables.add(t.definition()));
        tables.add(QUARANTINE);
        return WideRows.schema(tables);
    }

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        return schema(Carried.decode(Read.class, options.get(READ)));
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        return new Spooled(schema, Carried.decode(Read.class, new CaseInsensitiveStringMap(properties).get(READ)));
    }

    private record Spooled(StructType structure, Read read) implements SupportsRead {
        @Override
        public String name() {
            return "spool";
        }

        @Override
        @SuppressWarnings("deprecation") // Spark's own replacement, columns(), falls back to this.
        public StructType schema() {
            return structure;
        }

        @Override
        public Set<TableCapability> capabilities() {
            return Set.of(TableCapability.BATCH_READ);
        }

        @Override
        public org.apache.spark.sql.connector.read.ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
            return () -> new UnitsScan(structure, read);
        }
    }

    private record UnitsScan(StructType structure, Read read) implements Scan, Batch {
        @Override
        public StructType readSchema() {
            return structure;
        }

        @Override
        public Batch toBatch() {
            return this;
        }

        @Override
        public InputPartition[] planInputPartitions() {
            return read.units().stream().map(UnitPartition::new).toArray(InputPartition[]::new);
        }

        @Override
        public PartitionReaderFactory createReaderFactory() {
            return new Readers(read);
        }
    }

    private record UnitPartition(PlannedUnit unit) implements InputPartition {}

    private record Readers(Read read) implements PartitionReaderFactory {
        @Override
        public PartitionReader<InternalRow> createReader(InputPartition partition) {
            return new UnitReader(read, ((UnitPartition) partition).unit());
        }
    }

    /** Reads one unit. */
    private static final class UnitReader implements PartitionReader<InternalRow> {
        private static final int STRUCTS = 2;
        private static final String NOT_KEPT = "the item cannot be understood; nothing of it is kept, because the job "
                + "drops or hashes attributes and its kind cannot be told";

        private final Read read;
        private final PlannedUnit unit;
        private final SpoolReader items;
        private final Shredder shredder;
        private final int quarantine;
        private final boolean hides;
        private final Object[] wide;
        private final InternalRow row;
        private int set = STRUCTS;
        private List<Shredder.Row> rows = List.of();
        private int pending;

        UnitReader(Read read, PlannedUnit unit) {
            this.read = read;
            this.unit = unit;
            this.shredder =
                    new Shredder(read.plan(), new CensusTaker(read.census().settings()));
            this.quarantine = read.plan().tables().size();
            this.hides = !read.plan().redactions().isEmpty();
            this.wide = new Object[STRUCTS + quarantine + 1];
            this.row = new GenericInternalRow(wide);
            this.items = read.spool().open(read.spool().obtain(unit));
        }

        @Override
        public boolean next() {
            if (pending < rows.size()) {
                Shredder.Row next = rows.get(pending++);
                show(next.table(), next.rescued(), next.table(), next.values());
                return true;
            }
            if (!items.next()) {
                // Before the unit can be committed: its rows are only written whole once this has returned.
                read.census().put(unit.id(), shredder.counted());
                return false;
            }
            rows = List.of();
            pending = 0;
            if (!items.wellFormed()) {
                quarantineLine();
                return true;
            }
            return switch (shredder.read(items.buffer(), items.offset(), items.length())) {
                case ROWS -> {
                    rows = shredder.rows();
                    yield next();
                }
                case EXPIRED -> {
                    show(WideRows.expired(shredder.table()), 0, -1, wide);
                    yield true;
                }
                case QUARANTINED -> {
                    quarantineItem();
                    yield true;
                }
            };
        }

        /** Sets the wide row; {@code struct} −1 sets none. */
        private void show(int table, int rescued, int struct, Object[] values) {
            wide[set] = null;
            wide[0] = table;
            wide[1] = rescued;
            if (struct >= 0) {
                set = STRUCTS + struct;
                wide[set] = new GenericInternalRow(values);
            }
        }

        private void quarantineItem() {
            boolean told = shredder.table() >= 0;
            String table = told
                    ? read.plan().tables().get(shredder.table()).definition().name()
                    : unknownTable();
            if (!told && hides) {
                quarantine(table, "", NOT_KEPT, Optional.empty());
            } else {
                byte[] kept = shredder.kept(items.buffer(), items.offset(), items.length());
                quarantine(table, shredder.key(read.keys()), shredder.reason(), Optional.of(kept));
            }
        }

        /** A line that holds no item. */
        private void quarantineLine() {
            byte[] line = Arrays.copyOfRange(items.buffer(), items.offset(), items.offset() + items.length());
            quarantine(
                    unknownTable(),
                    "",
                    hides ? NOT_KEPT : "a line of the spool is not of the form {\"Item\":…}",
                    hides ? Optional.empty() : Optional.of(line));
        }

        private void quarantine(String table, String key, String reason, Optional<byte[]> kept) {
            boolean text = kept.filter(UnitReader::isUtf8).isPresent();
            Object[] values = {
                UTF8String.fromString(table),
                UTF8String.fromString(unit.id()),
                items.line(),
                key.isEmpty() ? null : UTF8String.fromString(key),
                UTF8String.fromString(reason),
                text ? UTF8String.fromBytes(kept.get()) : null,
                text ? null : kept.orElse(null)
            };
            show(quarantine, 0, quarantine, values);
        }

        /** The main table for an item whose kind cannot be told. */
        private String unknownTable() {
            boolean only = read.plan().rule() instanceof KindRule.Single;
            int table = only ? 0 : read.plan().mainTable(KindRule.UNKNOWN).orElse(0);
            return read.plan().tables().get(table).definition().name();
        }

        private static boolean isUtf8(byte[] bytes) {
            try {
                StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
                return true;
            } catch (CharacterCodingException e) {
                return false;
            }
        }

        @Override
        public InternalRow get() {
            return row;
        }

        @Override
        public void close() {
            items.close();
        }
    }
}
