package dev.millrace.landing;

import dev.millrace.run.PlannedUnit;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
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
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** The Spark source of units' rows, as {@link WideRows} describes them: one partition per unit. */
public final class UnitSource implements TableProvider {
    /** What is read, and how; tasks carry it. */
    public interface Read extends Serializable {
        /** What Spark calls it in its plans. */
        String name();

        /** The rows, by {@link WideRows#schema}. */
        StructType schema();

        /** One partition each, in this order. */
        List<PlannedUnit> units();

        /** Reads a unit, in a task. */
        PartitionReader<InternalRow> reader(PlannedUnit unit);
    }

    private static final String READ = "read";

    public static Dataset<Row> rows(SparkSession spark, Read read) {
        return spark.read()
                .format(UnitSource.class.getName())
                .option(READ, Carried.encode(read))
                .load();
    }

    private static Read decoded(CaseInsensitiveStringMap options) {
        return Carried.decode(Read.class, options.get(READ));
    }

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        return decoded(options).schema();
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        return new Units(schema, decoded(new CaseInsensitiveStringMap(properties)));
    }

    private record Units(StructType structure, Read read) implements SupportsRead {
        @Override
        public String name() {
            return read.name();
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
        public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
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
            return read.reader(((UnitPartition) partition).unit());
        }
    }
}
