package dev.millrace.files;

import dev.millrace.fault.Fault;
import dev.millrace.json.JsonTape;
import dev.millrace.landing.Carried;
import dev.millrace.landing.LandingTable;
import dev.millrace.landing.WideRows;
import dev.millrace.run.DataFile;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
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

/** The Spark source of files' records as rows of all their tables: one partition per unit. */
public final class FilesSource implements TableProvider {
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
            implements Serializable {
        public Read {
            units = List.copyOf(units);
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

    private static final String READ = "read";

    /** The rows, as {@link WideRows} describes them: the plan's tables in their order, then {@link #QUARANTINE}. */
    public static Dataset<Row> rows(SparkSession spark, Read read) {
        return spark.read()
                .format(FilesSource.class.getName())
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
        return new Files(schema, Carried.decode(Read.class, new CaseInsensitiveStringMap(properties).get(READ)));
    }

    private record Files(StructType structure, Read read) implements SupportsRead {
        @Override
        public String name() {
            return "files";
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
        private static final String NOT_KEPT =
                "nothing of it is kept, because the job drops or hashes attributes and the record's kind cannot be told";

        private final Read read;
        private final PlannedUnit unit;
        private final RecordFiles.Reading records;
        private final Shredder shredder;
        private final int quarantine;
        private final boolean hides;
        private final Object[] wide;
        private final InternalRow row;
        private int file = -1;
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
            this.records = read.files().new Reading(unit);
        }

        @Override
        public boolean next() {
            while (true) {
                if (pending < rows.size()) {
                    Shredder.Row next = rows.get(pending++);
                    show(next.table(), next.rescued(), next.values());
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
                            UnitManifest.FORMAT, read.phase(), unit.id(), attempt, records.done(), Map.of(), Map.of()));
            if (!winner.files().equals(records.done())) {
                List<DataFile> other = new ArrayList<>(winner.files());
                other.removeAll(records.done());
                throw Fault.world("Unit " + unit.id() + ": an earlier attempt has found other records in "
                        + read.files().storage().uri(other.get(0).path())
                        + ", which is gone or was changed since. The run cannot go on: abandon it; the next one takes"
                        + " the files as they are");
            }
        }

        /** Sets the wide row. */
        private void show(int table, int rescued, Object[] values) {
            wide[set] = null;
            wide[0] = table;
            wide[1] = rescued;
            set = STRUCTS + table;
            wide[set] = new GenericInternalRow(values);
        }

        private void quarantineRecord(JsonTape tape, long position) {
            boolean told = shredder.table() >= 0;
            String table = told
                    ? read.plan().tables().get(shredder.table()).definition().name()
                    : unknownTable();
            int from = tape.rawStart(0);
            Optional<byte[]> kept = !told && hides
                    ? Optional.empty()
                    : Optional.of(shredder.kept(tape.input(), from, tape.rawEnd(0) - from));
            quarantine(table, position, shredder.reason(), kept);
        }

        private void quarantineBad(RecordReader.Bad bad) {
            quarantine(unknownTable(), bad.offset(), bad.reason(), hides ? Optional.empty() : Optional.of(bad.bytes()));
        }

        private void quarantine(String table, long offset, String reason, Optional<byte[]> kept) {
            boolean text = kept.filter(UnitReader::isUtf8).isPresent();
            Object[] values = {
                UTF8String.fromString(table),
                UTF8String.fromString(unit.id()),
                UTF8String.fromString(records.uri()),
                offset,
                UTF8String.fromString(kept.isPresent() ? reason : reason + "; " + NOT_KEPT),
                text ? UTF8String.fromBytes(kept.get()) : null,
                text ? null : kept.orElse(null)
            };
            show(quarantine, 0, values);
        }

        /** The main table for a record whose kind cannot be told. */
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
            records.close();
        }
    }
}
