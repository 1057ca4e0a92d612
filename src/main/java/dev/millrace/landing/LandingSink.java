package dev.millrace.landing;

import dev.millrace.table.Column;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.distributions.Distribution;
import org.apache.spark.sql.connector.distributions.Distributions;
import org.apache.spark.sql.connector.expressions.Expressions;
import org.apache.spark.sql.connector.expressions.NamedReference;
import org.apache.spark.sql.connector.expressions.SortDirection;
import org.apache.spark.sql.connector.expressions.SortOrder;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.RequiresDistributionAndOrdering;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** The Spark sink behind {@link Landing#write}. Tasks commit on their own; the driver has nothing to add. */
public final class LandingSink implements TableProvider {
    /** Option that holds the plan. */
    static final String PLAN = "plan";

    private static LandingPlan decoded(String text) {
        return Carried.decode(LandingPlan.class, text);
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
        public String toString() {
            return name();
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

    /** Where tables have partitions, a unit's rows come sorted by them: then one file of a table is open at a time. */
    private record UnitsWrite(LandingPlan plan) implements RequiresDistributionAndOrdering, BatchWrite {
        /** Spark puts it into logs and messages, where the whole plan is too much. */
        @Override
        public String toString() {
            return "landing of " + plan.phase();
        }

        @Override
        public Distribution requiredDistribution() {
            return Distributions.unspecified();
        }

        @Override
        public SortOrder[] requiredOrdering() {
            List<SortOrder> orders = new ArrayList<>();
            for (int i = 0; i < plan.tables().size() && !plan.grouped(); i++) {
                for (Column partition : plan.tables().get(i).partitions()) {
                    NamedReference field = Expressions.column(WideRows.structName(i) + ".`" + partition.name() + "`");
                    orders.add(Expressions.sort(field, SortDirection.ASCENDING));
                }
            }
            return orders.toArray(SortOrder[]::new);
        }

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
