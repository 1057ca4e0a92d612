package dev.millrace.dynamodb;

import java.io.Serializable;

/**
 * What reading a table may use, and what is known of its cost beforehand. Tasks carry it.
 *
 * @param unitsPerSecond capacity units a second of all processes of the run together; infinite where there is no limit
 * @param maxUnits capacity units that the run may cost; infinite where there is no limit
 * @param share which share of the run's units this process does ({@code --units}), from 1
 * @param shares of how many
 * @param isSpread whether the process's tasks run in several JVMs
 * @param segmentUnits what reading a segment costs, by the table's size; 0 where that is not known
 * @param unitsPerItem what an item costs on average, by the table's size; 0 where that is not known
 * @param consistent whether reads are strongly consistent, at twice the cost
 */
public record ReadBudget(
        double unitsPerSecond,
        double maxUnits,
        int share,
        int shares,
        boolean isSpread,
        double segmentUnits,
        double unitsPerItem,
        boolean consistent)
        implements Serializable {
    /** The gate that stops a run before it costs more than it may, as {@code accept} names it. */
    public static final String RULE = "max-read-units";

    private static final double PAGE_SECONDS = 0.25;
    /** Of 100 KB: what it is rounded up to matters little. */
    private static final int SMALL_PAGE = 25;

    public ReadBudget {
        if (!(unitsPerSecond > 0) || !(maxUnits > 0) || share < 1 || share > shares) {
            throw new IllegalArgumentException("Invalid read budget: " + unitsPerSecond + " units/s, at most "
                    + maxUnits + " units, share " + share + " of " + shares);
        }
    }

    /** For tasks in this JVM, or in several. */
    ReadBudget spread(boolean overJvms) {
        return new ReadBudget(
                unitsPerSecond, maxUnits, share, shares, overJvms, segmentUnits, unitsPerItem, consistent);
    }

    /** What a page of 1 MB costs, with the item that fills it: 4 KB are half a unit. */
    double largestPage() {
        return consistent ? 257 : 128.5;
    }

    /** What a page costs at least. */
    double smallestPage() {
        return consistent ? 1 : 0.5;
    }

    /** What a page may cost at a rate: that of a quarter of a second, or that of 100 KB, but no more than of a second. */
    double page(double rate) {
        return Math.max(rate * PAGE_SECONDS, Math.min(rate, SMALL_PAGE * smallestPage()));
    }

    /** In how many pages so many units come, at least. */
    public long pages(double units) {
        return (long) Math.ceil(units / Math.min(largestPage(), page(unitsPerSecond / shares)));
    }
}
