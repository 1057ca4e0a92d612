package dev.millrace.job;

import dev.millrace.config.DynamoDbSource;
import dev.millrace.config.Percent;
import dev.millrace.config.ReadCapacity;
import dev.millrace.dynamodb.ReadBudget;
import dev.millrace.dynamodb.TableDescription;
import java.math.BigDecimal;
import java.util.Optional;

/**
 * What a job may use of its table.
 *
 * @param unitsPerSecond capacity units a second; infinite where there is no limit
 * @param why where that is from, as a person reads it
 * @param mostUnits that a run may cost; empty where there is no limit
 */
record ReadLimits(double unitsPerSecond, String why, Optional<Long> mostUnits) {
    private static final Percent DEFAULT = new Percent(BigDecimal.valueOf(25));

    static ReadLimits of(TableSource table) {
        return of(table.settings(), table.description());
    }

    private static ReadLimits of(DynamoDbSource source, TableDescription table) {
        if (source.readCapacity().isEmpty() && table.isLocal()) {
            return new ReadLimits(
                    Double.POSITIVE_INFINITY, "no limit: DynamoDB Local has no capacity", source.maxReadUnits());
        }
        ReadCapacity capacity = source.readCapacity().orElse(new ReadCapacity.Part(DEFAULT));
        if (capacity instanceof ReadCapacity.Units units) {
            return new ReadLimits(
                    units.perSecond(), Figures.count(units.perSecond()) + " units/s", source.maxReadUnits());
        }
        Percent part = ((ReadCapacity.Part) capacity).percent();
        double units = table.capacity().unitsPerSecond() * part.fraction().doubleValue();
        return new ReadLimits(
                units, Figures.units(units) + " units/s: " + part + " of " + table.capacity(), source.maxReadUnits());
    }

    /** Whatever a run may cost. */
    ReadLimits withoutMost() {
        return new ReadLimits(unitsPerSecond, why, Optional.empty());
    }

    /**
     * As tasks need it.
     *
     * @param segments that the table is read in
     * @param share of them that this process does
     */
    ReadBudget budget(TableDescription table, boolean consistent, int segments, Arguments.Share share) {
        double units = table.readUnits(consistent);
        return new ReadBudget(
                unitsPerSecond,
                mostUnits.map(Long::doubleValue).orElse(Double.POSITIVE_INFINITY),
                share.index(),
                share.count(),
                false,
                units / segments,
                table.items() == 0 ? 0 : units / table.items(),
                consistent);
    }

    /** As a person reads them; empty where there is none. */
    String text() {
        String most = mostUnits
                .map(units -> "at most " + Figures.count(units) + " units")
                .orElse("");
        if (Double.isInfinite(unitsPerSecond)) {
            return most;
        }
        return why + (most.isEmpty() ? "" : "; " + most);
    }
}
