package dev.millrace.schema;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Arrays;
import java.util.Locale;

/** Times and dates as texts of one form. What names no offset or zone is UTC; month names are English. */
final class TimeText {
    /** ISO 8601 with at most microseconds; a date is nothing but one. */
    static final TimeText ISO = new TimeText(
            new DateTimeFormatterBuilder()
                    .append(DateTimeFormatter.ISO_LOCAL_DATE)
                    .appendPattern("['T'][' ']HH:mm[:ss]")
                    .appendFraction(ChronoField.MICRO_OF_SECOND, 0, 6, true)
                    .appendPattern("[XXX][XX][X]")
                    .toFormatter(Locale.ROOT)
                    .withResolverStyle(ResolverStyle.STRICT),
            DateTimeFormatter.ISO_LOCAL_DATE);

    /** What {@link #isoMicros} says of a text that must be looked at more closely. */
    static final long UNKNOWN = Long.MIN_VALUE;

    private static final long MAX_SECONDS = Long.MAX_VALUE / 1_000_000;
    private static final int SHORTEST = "2026-01-01T00:00".length();
    private static final int SECONDS_PER_DAY = 86_400;
    private static final int NO_OFFSET = Integer.MIN_VALUE;

    /** Java knows offsets up to 18 hours: those of the last one go the long way. */
    private static final int MAX_OFFSET_HOURS = 18;

    private final DateTimeFormatter times;
    private final DateTimeFormatter dates;

    private TimeText(DateTimeFormatter times, DateTimeFormatter dates) {
        this.times = times;
        this.dates = dates;
    }

    /** Texts of a pattern of {@link DateTimeFormatter}; of a date alone the time is midnight. */
    static TimeText of(String pattern) {
        DateTimeFormatter form = new DateTimeFormatterBuilder()
                .parseCaseInsensitive()
                .appendPattern(pattern)
                .parseDefaulting(ChronoField.ERA, 1)
                .toFormatter(Locale.ENGLISH)
                .withResolverStyle(ResolverStyle.STRICT);
        return new TimeText(form, form);
    }

    /**
     * Microseconds since 1970.
     *
     * @throws DateTimeException when the text is not of the form, or finer than microseconds
     */
    long micros(String text) {
        Instant instant = instant(times.parse(text), text);
        if (Math.abs(instant.getEpochSecond()) >= MAX_SECONDS || instant.getNano() % 1_000 != 0) {
            throw new DateTimeException("Not a time in microseconds: " + text);
        }
        return instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1_000;
    }

    /**
     * Days since 1970.
     *
     * @throws DateTimeException when the text is not of the form
     * @throws ArithmeticException when there are too many
     */
    int days(String text) {
        return Math.toIntExact(
                Math.floorDiv(instant(dates.parse(text), text).getEpochSecond(), (long) SECONDS_PER_DAY));
    }

    private static Instant instant(TemporalAccessor parsed, String text) {
        LocalDate date = parsed.query(TemporalQueries.localDate());
        LocalTime time = parsed.query(TemporalQueries.localTime());
        ZoneId zone = parsed.query(TemporalQueries.zone());
        // Minutes without an hour are no time, and no midnight either.
        boolean hasTime =
                Arrays.stream(ChronoField.values()).anyMatch(field -> field.isTimeBased() && parsed.isSupported(field));
        if (date == null || (time == null && hasTime)) {
            throw new DateTimeException("Not a time: " + text);
        }
        return date.atTime(time == null ? LocalTime.MIDNIGHT : time)
                .atZone(zone == null ? ZoneOffset.UTC : zone)
                .toInstant();
    }

    /**
     * Microseconds since 1970 of ISO 8601 as nearly everybody writes it, without making anything of the text;
     * {@link #UNKNOWN} where it is written otherwise or is no time.
     */
    static long isoMicros(byte[] text, int from, int to) {
        boolean formed = to - from >= SHORTEST
                && text[from + 4] == '-'
                && text[from + 7] == '-'
                && (text[from + 10] == 'T' || text[from + 10] == ' ')
                && text[from + 13] == ':';
        if (!formed) {
            return UNKNOWN;
        }
        int p = from + SHORTEST;
        int second = 0;
        if (p + 3 <= to && text[p] == ':') {
            second = two(text, p + 1);
            p += 3;
        }
        boolean hasSecond = p > from + SHORTEST;
        long minutes = minutes(text, from);
        if (minutes == UNKNOWN || (hasSecond && (second < 0 || second > 59))) {
            return UNKNOWN;
        }
        int micros = 0;
        if (hasSecond && p < to && text[p] == '.') {
            int end = p + 1;
            for (int worth = 100_000; end < to && isDigit(text[end]); worth /= 10) {
                micros += worth * (text[end] - '0');
                // A digit that is worth nothing may be lost when it is 0.
                if (worth == 0 && text[end] != '0') {
                    return UNKNOWN;
                }
                end++;
            }
            if (end == p + 1) {
                return UNKNOWN;
            }
            p = end;
        }
        int offset = offsetMinutes(text, p, to);
        return offset == NO_OFFSET ? UNKNOWN : ((minutes - offset) * 60 + second) * 1_000_000 + micros;
    }

    /** Minutes since 1970 of {@code 2026-01-01T00:00}. */
    private static long minutes(byte[] text, int from) {
        int century = two(text, from);
        int year = century * 100 + two(text, from + 2);
        int month = two(text, from + 5);
        int day = two(text, from + 8);
        int hour = two(text, from + 11);
        int minute = two(text, from + 14);
        boolean valid = century >= 0
                && year >= century * 100
                && month >= 1
                && month <= 12
                && day >= 1
                && (day <= 28 || day <= YearMonth.of(year, month).lengthOfMonth())
                && hour >= 0
                && hour < 24
                && minute >= 0
                && minute < 60;
        return valid ? LocalDate.of(year, month, day).toEpochDay() * 1_440 + hour * 60L + minute : UNKNOWN;
    }

    /** The offset that ends a time, in minutes; none at all is UTC. */
    private static int offsetMinutes(byte[] text, int from, int to) {
        if (from == to || (to - from == 1 && text[from] == 'Z')) {
            return 0;
        }
        boolean formed = to - from == "+00:00".length()
                && (text[from] == '+' || text[from] == '-')
                && text[from + 3] == ':'
                && two(text, from + 1) >= 0
                && two(text, from + 1) < MAX_OFFSET_HOURS
                && two(text, from + 4) >= 0
                && two(text, from + 4) < 60;
        if (!formed) {
            return NO_OFFSET;
        }
        int minutes = two(text, from + 1) * 60 + two(text, from + 4);
        return text[from] == '-' ? -minutes : minutes;
    }

    /** A number of two digits; far below 0 where they are none. */
    private static int two(byte[] text, int at) {
        return isDigit(text[at]) && isDigit(text[at + 1]) ? (text[at] - '0') * 10 + text[at + 1] - '0' : -1_000;
    }

    private static boolean isDigit(byte c) {
        return c >= '0' && c <= '9';
    }
}
