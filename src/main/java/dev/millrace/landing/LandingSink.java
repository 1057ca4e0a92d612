package dev.millrace.landing;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** The Spark sink behind {@link Landing#write}. Tasks commit on their own; the driver has nothing to add. */
public final class LandingSink implements TableProvider {
    /** Option that holds the plan. */
    static final String PLAN = "plan";

    /** The plan as an option's text: an option is what Spark brings from the writer to the sink. */
    static String encoded(LandingPlan plan) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(new DeflaterOutputStream(bytes))) {
            out.writeObject(plan);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    private static LandingPlan decoded(String text) {
        try (ObjectInputStream in = new SameLoader(new InflaterInputStream(
                new ByteArrayInputStream(Base64.getDecoder().decode(text))))) {
            return (LandingPlan) in.readObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Under spark-submit our classes are in a loader that the default stream does not always see. */
    private static final class SameLoader extends ObjectInputStream {
        SameLoader(InputStream in) throws IOException {
            super(in);
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass description) throws IOException, ClassNotFoundException {
            try {
                return Class.forName(
                        description.getName(), false, Thread.currentThread().getContextClassLoader());
            } catch (ClassNotFoundException elsewhere) {
                return super.resolveClass(description);
            }
        }
    }

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        return schema(decoded(options.get(PLAN)));
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        return new Target(decoded(new CaseInsensitiveStringMap(properties).get(PLAN)));
    }

    private static StructType schema(LandingPlan plan) {
        return WideRows.schema(plan.tables().stream()
                .map(table -> new dev.millrace.table.TableDefinition(
                        table.name(), table.wideColumns(), table.definition().key()))
                .toList());
    }

    private record Target(LandingPlan plan) implements SupportsWrite {
        @Override
        public String name() {
            return "landing of " + plan.phase();
        }

        @Override
        @SuppressWarnings("deprecation") // Spark's own replacement, columns(), falls back to this.
        public StructType schema() {
            return LandingSink.schema(plan);
        }

        @Override
        public Set<TableCapability> capabilities() {
            // The shape is checked before, by name and type; Spark's own check would copy every struct.
            return Set.of(TableCapability.BATCH_WRITE, TableCapability.ACCEPT_ANY_SCHEMA);
        }

        @Override
        public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
            return new WriteBuilder() {
                @Override
                public Write build() {
                    return new UnitsWrite(plan);
                }
            };
        }
    }

    private record UnitsWrite(LandingPlan plan) implements Write, BatchWrite {
        @Override
        public BatchWrite toBatch() {
            return this;
        }

        @Override
        public DataWriterFactory createBatchWriterFactory(PhysicalWriteInfo info) {
            if (info.numPartitions() != plan.units().size()) {
                throw new IllegalStateException("The rows have " + info.numPartitions() + " partitions, the plan has "
                        + plan.units().size() + " units");
            }
            return new UnitWriters(plan);
        }

        /** Of two attempts at a unit the manifest decides, also across processes. */
        @Override
        public boolean useCommitCoordinator() {
            return false;
        }

        @Override
        public void commit(WriterCommitMessage[] messages) {}

        /** Units that were committed stay so: the next attempt at the run leaves them out. */
        @Override
        public void abort(WriterCommitMessage[] messages) {}
    }

    private record UnitWriters(LandingPlan plan) implements DataWriterFactory {
        @Override
        public DataWriter<InternalRow> createWriter(int partition, long task) {
            return new UnitWriter(plan, plan.units().get(partition));
        }
    }
}
