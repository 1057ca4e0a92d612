package dev.millrace.files;

import dev.millrace.fault.Fault;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import java.util.Optional;

/**
 * A range of time that a run is restricted to.
 *
 * @param since the first instant; empty: from the beginning
 * @param until the first instant after it; empty: without an end
 */
public record TimeRange(Optional<Instant> since, Optional<Instant> until) {
    public static final TimeRange ALL = new TimeRange(Optional.empty(), Optional.empty());

    private static final String FORMS =
            "must be a UTC time such as 2026-11-21, 2026-11-21T07, 2026-11-21T07:30 or 2026-11-21T07:30:00Z";

    private static final DateTimeFormatter LOCAL = new DateTimeFormatterBuilder()
            .appendPattern("uuuu-MM-dd'T'HH[:mm[:ss]]")
            .parseDefaulting(ChronoField.MINUTE_OF_HOUR, 0)
            .parseDefaulting(ChronoField.SECOND_OF_MINUTE, 0)
            .toFormatter(Locale.ROOT);

    public TimeRange {
        if (since.isPresent() && until.isPresent() && !since.get().isBefore(until.get())) {
            throw Fault.user("Invalid until: " + until.get() + ": must be after since, which is " + since.get());
        }
    }

    /**
     * Reads what the options {@code --since} and {@code --until} hold.
     *
     * @throws Fault of kind USER that names the option and its value
     */
    public static TimeRange parse(Optional<String> since, Optional<String> until) {
        return new TimeRange(since.map(text -> instant("since", text)), until.map(text -> instant("until", text)));
    }

    private static Instant instant(String option, String text) {
        try {
            if (text.endsWith("Z") || text.matches(".*T.*[+-]\\d\\d:\\d\\d")) {
                return OffsetDateTime.parse(text).toInstant();
            }
            LocalDateTime local = text.contains("T")
                    ? LocalDateTime.parse(text, LOCAL)
                    : LocalDate.parse(text).atStartOfDay();
            return local.toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw Fault.user("Invalid " + option + ": " + text + ": " + FORMS);
        }
    }

    public boolean isAll() {
        return since.isEmpty() && until.isEmpty();
    }

    /** Whether it holds some of the time from one instant to before another. */
    boolean touches(Instant from, Instant to) {
        return since.filter(first -> !first.isBefore(to)).isEmpty()
                && until.filter(end -> !from.isBefore(end)).isEmpty();
    }

    boolean holds(Instant instant) {
        return touches(instant, instant.plusNanos(1));
    }
}
