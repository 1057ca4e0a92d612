package dev.millrace.config;

import java.io.Serializable;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A pattern for a whole text in which {@code *} stands for any characters, also none. */
public record Glob(String text) implements Serializable {
    public boolean matches(String value) {
        return pattern().matcher(value).matches();
    }

    /** The same as a regular expression for the whole text, for those who match many. */
    public Pattern pattern() {
        String regex = Arrays.stream(text.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        return Pattern.compile(regex, Pattern.DOTALL);
    }

    @Override
    public String toString() {
        return text;
    }
}
