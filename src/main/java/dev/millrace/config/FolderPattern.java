package dev.millrace.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The folder of a source's files: {@code s3://logs/records/{yyyy}/{MM}/{dd}/{HH}/}. The names of folders may hold parts
 * of the UTC time that their files are of.
 *
 * @param base what stands before the first folder with a part of the time; the whole folder where none has one
 * @param folders names of the folders below it, from the first with a part of the time; none ends with a slash
 */
public record FolderPattern(Location base, List<String> folders) {
    static final String RULE = "must be a folder: a local path, file:///path, s3://bucket/prefix or"
            + " s3a://bucket/prefix; names in it may hold {yyyy}, {MM}, {dd}, {HH} and {mm}, each once and in this order,"
            + " for example s3://logs/{yyyy}/{MM}/{dd}/{HH}/";

    /** A part of the time. */
    public enum Part {
        YEAR("yyyy"),
        MONTH("MM"),
        DAY("dd"),
        HOUR("HH"),
        MINUTE("mm");

        private final String letters;

        Part(String letters) {
            this.letters = letters;
        }

        /** As the pattern writes it; its digits are as many as its letters. */
        public String letters() {
            return letters;
        }
    }

    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([^{}]*)\\}");

    public FolderPattern {
        folders = List.copyOf(folders);
    }

    /** A folder without parts of the time. */
    public static FolderPattern of(Location base) {
        return new FolderPattern(base, List.of());
    }

    /**
     * Reads a folder as the job file writes it.
     *
     * @param start what a relative local path starts from
     */
    public static Optional<FolderPattern> parse(String text, Path start) {
        return Location.parse(text, start).flatMap(FolderPattern::split);
    }

    private static Optional<FolderPattern> split(Location whole) {
        String uri = whole.uri();
        int first = uri.indexOf('{');
        if (first < 0) {
            return uri.indexOf('}') < 0 ? Optional.of(of(whole)) : Optional.empty();
        }
        int below = uri.lastIndexOf('/', first) + 1;
        Location base = new Location(uri.substring(0, below));
        List<String> folders = new ArrayList<>(List.of(uri.substring(below).split("/")));
        boolean isWhole = parts(String.join("/", folders)).isPresent() && base.hasRoot();
        return isWhole ? Optional.of(new FolderPattern(base, folders)) : Optional.empty();
    }

    /** The parts of the time in a text; empty where it breaks the rule. */
    private static Optional<List<Part>> parts(String text) {
        List<Part> parts = new ArrayList<>();
        Matcher matcher = PLACEHOLDER.matcher(text);
        while (matcher.find()) {
            // Each part needs those before it: an hour without its day is no time.
            int next = parts.size();
            boolean known =
                    next < Part.values().length && Part.values()[next].letters().equals(matcher.group(1));
            if (!known) {
                return Optional.empty();
            }
            parts.add(Part.values()[next]);
        }
        String rest = matcher.replaceAll("");
        return rest.indexOf('{') >= 0 || rest.indexOf('}') >= 0 ? Optional.empty() : Optional.of(parts);
    }

    /** The parts of the time that the folders tell, from the year on. */
    public Set<Part> parts() {
        Set<Part> parts = EnumSet.noneOf(Part.class);
        parts(String.join("/", folders)).ifPresent(parts::addAll);
        return parts;
    }

    /** Whether the folder tells what time a file is of. */
    public boolean hasTime() {
        return !folders.isEmpty();
    }

    /** As the job file writes it, absolute. */
    @Override
    public String toString() {
        return base.uri() + (folders.isEmpty() ? "" : String.join("/", folders) + "/");
    }
}
