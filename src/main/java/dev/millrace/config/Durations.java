package dev.millrace.config;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 30s}, {@code 15m}, {@code 1h}, {@code 7d}. */
public final class Durations {
    public static final String RULE =
            "must be a positive duration: a whole number with s, m, h or d, for example 30s, 15m, 1h or 7d";

    static final String FORM = "(\\d{1,9})([smhd])";
    private static final Pattern PATTERN = Pattern.compile(FORM);

    private Durations() {}

    /** Reads a duration; empty where the text is none, or of no length. */
    public static Optional<Duration> parse(String text) {
        Matcher matcher = PATTERN.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration duration = switch (matcher.group(2)) {
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
        };
        return Optional.of(duration).filter(d -> !d.isZero());
    }

    /** The same duration has one text: that of its largest whole unit. */
    public static String text(Duration duration) {
        long seconds = duration.toSeconds();
        if (seconds % 86_400 == 0) {
            return seconds / 86_400 + "d";
        }
        if (seconds % 3_600 == 0) {
            return seconds / 3_600 + "h";
        }
        return seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }
}
