package dev.millrace.job;

import dev.millrace.run.ReadCost;
import java.time.Duration;
import java.util.Locale;

/**
 * How figures are written for people: counts with thousands separators, bytes in units of 1,000 as disks and clouds
 * are sold, times as one or two units.
 */
final class Figures {
    private static final String[] BYTE_UNITS = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};

    private Figures() {}

    /** {@code 15,021}. */
    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Capacity units, which come in halves: {@code 819.5}, {@code 12,000}. */
    static String units(double units) {
        long tenths = Math.round(units * 10);
        return count(tenths / 10) + (tenths % 10 == 0 ? "" : "." + tenths % 10);
    }

    /** {@code 819.5 capacity units in 16 requests, 3 of them throttled}. */
    static String cost(ReadCost cost) {
        return units(cost.units()) + " capacity units in " + count(cost.requests()) + " requests"
                + (cost.throttled() > 0 ? ", " + count(cost.throttled()) + " of them throttled" : "");
    }

    /** {@code 812 B}, {@code 8.1 MB}, {@code 132 MB}: one decimal below 100, none from there on. */
    static String bytes(long bytes) {
        if (bytes < 1_000) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = 0;
        // 999.5 would be rounded to 1000 of the smaller unit.
        while (value >= 999.5) {
            value /= 1_000;
            unit++;
        }
        String form = value < 99.95 ? "%.1f %s" : "%.0f %s";
        return String.format(Locale.ROOT, form, value, BYTE_UNITS[unit]);
    }

    /** {@code 1.2 s}, {@code 3 min 20 s}, {@code 2 h 5 min}. */
    static String duration(Duration duration) {
        long tenths = (duration.toMillis() + 50) / 100;
        return tenths < 600 ? tenths / 10 + "." + tenths % 10 + " s" : wholeSeconds((tenths + 5) / 10);
    }

    /** As {@link #duration}, without decimals: {@code 2 s}. */
    static String wholeSeconds(long seconds) {
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3_600) {
            return seconds / 60 + " min " + seconds % 60 + " s";
        }
        long minutes = (seconds + 30) / 60;
        return minutes / 60 + " h " + minutes % 60 + " min";
    }
}
