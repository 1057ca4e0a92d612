package dev.millrace.files;

import dev.millrace.config.FolderPattern;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads parts of the time out of the names of folders, as a {@link FolderPattern} tells where they stand. */
final class FolderTime {
    /** What the parts of a time count, in their order. */
    private static final List<ChronoUnit> UNITS =
            List.of(ChronoUnit.YEARS, ChronoUnit.MONTHS, ChronoUnit.DAYS, ChronoUnit.HOURS, ChronoUnit.MINUTES);

    /** A folder's name, its parts of the time as groups in their order. */
    private final List<Pattern> names = new ArrayList<>();

    private final int parts;

    FolderTime(FolderPattern pattern) {
        for (String folder : pattern.folders()) {
            names.add(Pattern.compile(regex(folder)));
        }
        this.parts = pattern.parts().size();
    }

    private static String regex(String folder) {
        StringBuilder regex = new StringBuilder();
        int from = 0;
        while (from < folder.length()) {
            int open = folder.indexOf('{', from);
            int end = open < 0 ? folder.length() : open;
            regex.append(end == from ? "" : Pattern.quote(folder.substring(from, end)));
            from = end;
            if (open >= 0) {
                int close = folder.indexOf('}', open);
                regex.append("([0-9]{").append(close - open - 1).append("})");
                from = close + 1;
            }
        }
        return regex.toString();
    }

    /** How many folders lie on the way to a file; 0 where none tells its time. */
    int depth() {
        return names.size();
    }

    /** The number of parts that the folders down to a depth tell. */
    private Optional<int[]> read(String path, int depth) {
        int[] found = new int[parts];
        int count = 0;
        int from = 0;
        for (int i = 0; i < depth; i++) {
            int slash = path.indexOf('/', from);
            if (slash < 0) {
                return Optional.empty();
            }
            Matcher matcher = names.get(i).matcher(path).region(from, slash);
            if (!matcher.matches()) {
                return Optional.empty();
            }
            for (int group = 1; group <= matcher.groupCount(); group++) {
                found[count++] = Integer.parseInt(matcher.group(group));
            }
            from = slash + 1;
        }
        return Optional.of(Arrays.copyOf(found, count));
    }

    /** The parts of the time of a folder at a depth, from the year down; empty where its name is another. */
    Optional<int[]> ofFolder(String folder, int depth) {
        return read(folder, depth);
    }

    /** Whether a file lies where the pattern says. */
    boolean fits(String path) {
        return read(path, depth()).isPresent();
    }

    /**
     * The time that a file's folders tell.
     *
     * @param from the first instant of it
     * @param to the first instant after it
     */
    record Period(Instant from, Instant to) {}

    /** The time of a file; empty where its folders tell none or there is no such day. */
    Optional<Period> of(String path) {
        return depth() == 0 ? Optional.empty() : read(path, depth()).flatMap(FolderTime::period);
    }

    private static Optional<Period> period(int[] parts) {
        int count = parts.length;
        try {
            LocalDateTime from = LocalDateTime.of(
                    parts[0],
                    count > 1 ? parts[1] : 1,
                    count > 2 ? parts[2] : 1,
                    count > 3 ? parts[3] : 0,
                    count > 4 ? parts[4] : 0);
            LocalDateTime to = from.plus(1, UNITS.get(count - 1));
            return Optional.of(new Period(from.toInstant(ZoneOffset.UTC), to.toInstant(ZoneOffset.UTC)));
        } catch (DateTimeException noSuchDay) {
            return Optional.empty();
        }
    }

    /** The parts of an instant, as many as the folders tell. */
    int[] partsOf(Instant instant) {
        LocalDateTime time = LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
        int[] all = {time.getYear(), time.getMonthValue(), time.getDayOfMonth(), time.getHour(), time.getMinute()};
        return Arrays.copyOf(all, parts);
    }
}
