package dev.millrace.dynamodb;

import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.OnDemandThroughput;
import software.amazon.awssdk.services.dynamodb.model.ProvisionedThroughputDescription;
import software.amazon.awssdk.services.dynamodb.model.TableWarmThroughputDescription;

/**
 * What can be read from a table at once.
 *
 * @param unitsPerSecond capacity units a second
 * @param kind where the figure is from
 */
public record TableCapacity(long unitsPerSecond, Kind kind) {
    /** Where a table's capacity is from. */
    public enum Kind {
        /** The read capacity units of a provisioned table. */
        PROVISIONED("provisioned"),
        /** The declared maximum of an on-demand table. */
        MAXIMUM("on demand at most"),
        /** What an on-demand table gives at once. */
        WARM("on demand, warm throughput"),
        /** What a new on-demand table gives, where it does not say. */
        ASSUMED("on demand, assumed");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /** "Initial throughput for on-demand capacity mode", DynamoDB developer guide. */
    private static final long ON_DEMAND = 12_000;

    /** By "TableDescription" of the DynamoDB API reference; a limit of −1 is none. */
    static TableCapacity of(software.amazon.awssdk.services.dynamodb.model.TableDescription table) {
        long provisioned = Optional.ofNullable(table.provisionedThroughput())
                .map(ProvisionedThroughputDescription::readCapacityUnits)
                .orElse(0L);
        boolean onDemand = table.billingModeSummary() != null
                && table.billingModeSummary().billingMode() == BillingMode.PAY_PER_REQUEST;
        if (provisioned > 0 && !onDemand) {
            return new TableCapacity(provisioned, Kind.PROVISIONED);
        }
        Optional<Long> most = Optional.ofNullable(table.onDemandThroughput())
                .map(OnDemandThroughput::maxReadRequestUnits)
                .filter(units -> units > 0);
        if (most.isPresent()) {
            return new TableCapacity(most.get(), Kind.MAXIMUM);
        }
        return Optional.ofNullable(table.warmThroughput())
                .map(TableWarmThroughputDescription::readUnitsPerSecond)
                .filter(units -> units > 0)
                .map(units -> new TableCapacity(units, Kind.WARM))
                .orElse(new TableCapacity(ON_DEMAND, Kind.ASSUMED));
    }

    @Override
    public String toString() {
        return String.format(java.util.Locale.ROOT, "%,d units/s (%s)", unitsPerSecond, kind);
    }
}
