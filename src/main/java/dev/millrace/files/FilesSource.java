package dev.millrace.files;

import dev.millrace.fault.Fault;
import dev.millrace.json.JsonTape;
import dev.millrace.landing.LandingTable;
import dev.millrace.landing.UnitSource;
import dev.millrace.landing.WideRow;
import dev.millrace.landing.WideRows;
import dev.millrace.run.DataFile;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.ShreddedRow;
import dev.millrace.schema.Shredder;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** The Spark source of files' records as rows of all their tables: one partition per unit. */
public final class FilesSource {
    /**
     * What to read; tasks carry it.
     *
     * @param files of the units
     * @param units to read, one partition each, in this order
     * @param plan how records become rows
     * @param census where what is counted on the way goes
     * @param commits of the run
     * @param phase label under which each unit is committed once it is read to its end, with the number of its records
     *     by file; the sink compares its rows with that
     */
    public record Read(
            RecordFiles files,
            List<PlannedUnit> units,
            ShredPlan plan,
            CensusFiles census,
            UnitCommits commits,
            String phase)
            implements UnitSource.Read {
        public Read {
            units = List.copyOf(units);
        }

        @Override
        public String name() {
            return "files";
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
     * What in the files is no record, or one that could not be understood, verbatim: {@code record} where it is UTF-8,
     * else {@code record_bytes}, of which there are at most 1 MiB; neither where the job hides attributes and the record's
     * kind cannot be told. {@code offset} counts bytes of the decompressed content, of Parquet rows.
     */
    public static final TableDefinition QUARANTINE = new TableDefinition(
            "_quarantine",
            List.of(
                    new Column(LandingTable.KIND_TABLE, ColumnType.STRING, false),
                    new Column("unit", ColumnType.STRING, false),
                    new Column("file", ColumnType.STRING, false),
                    new Column("offset", ColumnType.BIGINT, false),
                    new Column("reason", ColumnType.STRING, false),
                    new Column("record", ColumnType.STRING, true),
                    new Column("record_bytes", ColumnType.BINARY, true)),
            List.of());

    private FilesSource() {}

    /** The rows, as {@link WideRows} describes them: the plan's tables in their order, then {@link #QUARANTINE}. */
    public static Dataset<Row> rows(SparkSession spark, Read read) {
        return UnitSource.rows(spark, read);
    }

    /** Reads one unit. */
    private static final class UnitReader implements PartitionReader<InternalRow> {
        private static final String NOT_KEPT =
                "nothing of it is kept, because the job drops or hashes attributes and the record's kind cannot be told";

        private final Read read;
        private final PlannedUnit unit;
        private final RecordFiles.Reading records;
        private final Shredder shredder;
        private final boolean hides;
        private final WideRow wide;
        private int file = -1;
        private List<ShreddedRow> rows = List.of();
        private int pending;

        UnitReader(Read read, PlannedUnit unit) {
            this.read = read;
            this.unit = unit;
            this.shredder =
                    new Shredder(read.plan(), new CensusTaker(read.census().settings()));
            this.hides = !read.plan().redactions().isEmpty();
            this.wide = new WideRow(read.plan().tables().size());
            this.records = read.files().new Reading(unit);
        }

        @Override
        public boolean next() {
            while (true) {
                if (pending < rows.size()) {
                    ShreddedRow next = rows.get(pending++);
                    wide.set(next.table(), next.rescued(), next.cells().packed());
                    return true;
                }
                rows = List.of();
                pending = 0;
                switch (records.next()) {
                    case END -> {
                        finish();
                        return false;
                    }
                    case BAD -> {
                        quarantineBad(records.records().bad());
                        return true;
                    }
                    case RECORD -> {
                        if (shred()) {
                            return true;
                        }
                    }
                }
            }
        }

        /** Whether the record is in quarantine; else its rows are there. */
        private boolean shred() {
            if (file != records.file()) {
                file = records.file();
                shredder.file(records.uri(), records.part().etag());
            }
            JsonTape tape = records.records().tape();
            long position = records.records().position();
            return switch (shredder.read(tape, position)) {
                case ROWS -> {
                    rows = shredder.rows();
                    yield false;
                }
                case EXPIRED -> throw new IllegalStateException("Records of files do not expire");
                case QUARANTINED -> {
                    quarantineRecord(tape, position);
                    yield true;
                }
            };
        }

        /** Before the unit can be committed by the sink: its rows are only written whole once this has returned. */
        private void finish() {
            read.census().put(unit.id(), shredder.counted());
            String attempt = UUID.randomUUID().toString().substring(0, 8);
            UnitManifest winner = read.commits()
                    .commit(new UnitManifest(
                            UnitManifest.FORMAT,
                            read.phase(),
                            unit.id(),
                            attempt,
                            records.done(),
                            Map.of(),
                            records.damaged()));
            if (!winner.files().equals(records.done())) {
                List<DataFile> other = new ArrayList<>(winner.files());
                other.removeAll(records.done());
                throw Fault.world("Unit " + unit.id() + ": an earlier attempt has found other records in "
                        + read.files().storage().uri(other.get(0).path())
                        + ", which is gone or was changed since. The run cannot go on: abandon it; the next one takes"
                        + " the files as they are");
            }
        }

        private void quarantineRecord(JsonTape tape, long position) {
            boolean told = shredder.table() >= 0;
            String table = told
                    ? read.plan().tables().get(shredder.table()).definition().name()
                    : read.plan().unknownTable();
            int from = tape.rawStart(0);
            Optional<byte[]> kept = !told && hides
                    ? Optional.empty()
                    : Optional.of(shredder.kept(tape.input(), from, tape.rawEnd(0) - from));
            quarantine(table, position, shredder.reason(), kept);
        }

        private void quarantineBad(RecordReader.Bad bad) {
            quarantine(
                    read.plan().unknownTable(),
                    bad.offset(),
                    bad.reason(),
                    hides ? Optional.empty() : Optional.of(bad.bytes()));
        }

        private void quarantine(String table, long offset, String reason, Optional<byte[]> kept) {
            wide.setQuarantined(
                    kept,
                    UTF8String.fromString(table),
                    UTF8String.fromString(unit.id()),
                    UTF8String.fromString(records.uri()),
                    offset,
                    UTF8String.fromString(kept.isPresent() ? reason : reason + "; " + NOT_KEPT));
        }

        @Override
        public InternalRow get() {
            return wide.row();
        }

        @Override
        public void close() {
            records.close();
        }
    }
}
