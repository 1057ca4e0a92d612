package dev.millrace.dynamodb;

import dev.millrace.landing.LandingTable;
import dev.millrace.landing.UnitSource;
import dev.millrace.landing.WideRow;
import dev.millrace.landing.WideRows;
import dev.millrace.run.PlannedUnit;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.ShreddedRow;
import dev.millrace.schema.Shredder;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The Spark source of a table's items as rows of all its tables: one partition per unit, which is scanned into the spool
 * if nobody has done so, then read from it.
 */
public final class SpoolSource {
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
            implements UnitSource.Read {
        public Read {
            units = List.copyOf(units);
            keys = List.copyOf(keys);
        }

        @Override
        public String name() {
            return "spool";
        }

        @Override
        public StructType schema() {
            return WideRows.schema(plan.definitions(QUARANTINE));
        }

        @Override
        public PartitionReader<InternalRow> reader(PlannedUnit unit) {
            return new UnitReader(this, unit);
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

    private SpoolSource() {}

    /** The rows, as {@link WideRows} describes them: the plan's tables in their order, then {@link #QUARANTINE}. */
    public static Dataset<Row> rows(SparkSession spark, Read read) {
        return UnitSource.rows(spark, read);
    }

    /** Reads one unit. */
    private static final class UnitReader implements PartitionReader<InternalRow> {
        private static final String NOT_KEPT = "the item cannot be understood; nothing of it is kept, because the job "
                + "drops or hashes attributes and its kind cannot be told";

        private final Read read;
        private final PlannedUnit unit;
        private final SpoolReader items;
        private final Shredder shredder;
        private final boolean hides;
        private final WideRow wide;
        private List<ShreddedRow> rows = List.of();
        private int pending;

        UnitReader(Read read, PlannedUnit unit) {
            this.read = read;
            this.unit = unit;
            this.shredder =
                    new Shredder(read.plan(), new CensusTaker(read.census().settings()));
            this.hides = !read.plan().redactions().isEmpty();
            this.wide = new WideRow(read.plan().tables().size());
            this.items = read.spool().open(read.spool().obtain(unit));
        }

        @Override
        public boolean next() {
            if (pending < rows.size()) {
                ShreddedRow next = rows.get(pending++);
                wide.set(next.table(), next.rescued(), next.cells());
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
                    wide.setExpired(shredder.table());
                    yield true;
                }
                case QUARANTINED -> {
                    quarantineItem();
                    yield true;
                }
            };
        }

        private void quarantineItem() {
            boolean told = shredder.table() >= 0;
            String table = told
                    ? read.plan().tables().get(shredder.table()).definition().name()
                    : read.plan().unknownTable();
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
                    read.plan().unknownTable(),
                    "",
                    hides ? NOT_KEPT : "a line of the spool is not of the form {\"Item\":…}",
                    hides ? Optional.empty() : Optional.of(line));
        }

        private void quarantine(String table, String key, String reason, Optional<byte[]> kept) {
            wide.setQuarantined(
                    kept,
                    UTF8String.fromString(table),
                    UTF8String.fromString(unit.id()),
                    items.line(),
                    key.isEmpty() ? null : UTF8String.fromString(key),
                    UTF8String.fromString(reason));
        }

        @Override
        public InternalRow get() {
            return wide.row();
        }

        @Override
        public void close() {
            items.close();
        }
    }
}
