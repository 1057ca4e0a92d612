package dev.millrace.job;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What stands at the other end of our output.
 *
 * @param showsOutput whether standard output is a terminal
 * @param showsErrors whether standard error is one
 * @param columns its width in characters; 100 where there is none
 * @param drawsBoxes whether it is sure to show box-drawing characters
 */
record Terminal(boolean showsOutput, boolean showsErrors, int columns, boolean drawsBoxes) {
    /** Streams that are terminals, as the launcher found them: {@code stdout}, {@code stderr}, both or nothing. */
    static final String STREAMS = "millrace.tty";

    static final String COLUMNS = "millrace.columns";

    private static final int DEFAULT_COLUMNS = 100;
    private static final int MIN_COLUMNS = 40;

    /** No terminal: files and logs. */
    static final Terminal NONE = new Terminal(false, false, DEFAULT_COLUMNS, false);

    /** What the launcher found; {@link #NONE} where spark-submit or a platform started us, whose output is a log. */
    static Terminal detect() {
        return of(System.getProperty(STREAMS, ""), System.getProperty(COLUMNS, ""), Charset.defaultCharset());
    }

    static Terminal of(String streams, String columns, Charset charset) {
        boolean output = Arrays.asList(streams.split(",", -1)).contains("stdout");
        boolean errors = Arrays.asList(streams.split(",", -1)).contains("stderr");
        return new Terminal(output, errors, width(columns), output && charset.equals(StandardCharsets.UTF_8));
    }

    private static int width(String columns) {
        // Some terminals say 0; that and nonsense is no width.
        boolean number = columns.matches("[0-9]{1,4}");
        return number && Integer.parseInt(columns) > 0
                ? Math.max(MIN_COLUMNS, Integer.parseInt(columns))
                : DEFAULT_COLUMNS;
    }
}
