package dev.millrace.run;

import dev.millrace.fault.Fault;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Random;
import java.util.regex.Pattern;

/**
 * A run's name: its UTC start and a short random suffix, as in {@code 2026-11-21T07-00-00Z-k3f9}. Names sort by start
 * and hold no colon, which Hadoop's paths cannot.
 */
public record RunId(String value) implements Comparable<RunId> {
    private static final Pattern FORM = Pattern.compile("\\d{4}-\\d{2}-\\d{2}T\\d{2}-\\d{2}-\\d{2}Z-[a-z0-9]{4}");
    private static final DateTimeFormatter START =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH-mm-ss'Z'").withZone(ZoneOffset.UTC);
    private static final String SUFFIX = "abcdefghijklmnopqrstuvwxyz0123456789";

    public RunId {
        if (!FORM.matcher(value).matches()) {
            throw Fault.user("Invalid run: " + value + ": must look like 2026-11-21T07-00-00Z-k3f9");
        }
    }

    public static RunId startingAt(Instant start, Random random) {
        StringBuilder name = new StringBuilder(START.format(start)).append('-');
        for (int i = 0; i < 4; i++) {
            name.append(SUFFIX.charAt(random.nextInt(SUFFIX.length())));
        }
        return new RunId(name.toString());
    }

    public static boolean isRunId(String name) {
        return FORM.matcher(name).matches();
    }

    public Instant start() {
        return START.parse(value.substring(0, value.length() - 5), Instant::from);
    }

    @Override
    public int compareTo(RunId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
