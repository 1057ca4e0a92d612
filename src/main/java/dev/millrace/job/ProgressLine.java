package dev.millrace.job;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.LoggerFactory;

/**
 * How far a phase is. On a terminal one line, redrawn at most five times a second; elsewhere a log line
 * when units were finished, at most every two seconds, and one at the end. Safe for use by several threads.
 */
final class ProgressLine implements AutoCloseable {
    private static final long REDRAW_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final String TO_LINE_START_AND_CLEAR = "\r\u001b[K";

    private final String phase;
    private final int unitsAll;
    private final Terminal terminal;
    private final PrintStream screen;
    private final Consumer<String> log;
    private final LongSupplier nanoTime;
    private final long startNanos;

    private int units;
    private long rows;
    private long bytes;
    private long drawnNanos;
    private long loggedNanos;
    private boolean closed;

    ProgressLine(
            String phase,
            int unitsAll,
            Terminal terminal,
            PrintStream screen,
            Consumer<String> log,
            LongSupplier nanoTime) {
        if (unitsAll < 0) {
            throw new IllegalArgumentException("Invalid number of units of " + phase + ": " + unitsAll);
        }
        this.phase = phase;
        this.unitsAll = unitsAll;
        this.terminal = terminal;
        this.screen = screen;
        this.log = log;
        this.nanoTime = nanoTime;
        this.startNanos = nanoTime.getAsLong();
        this.drawnNanos = startNanos - REDRAW_NANOS;
        this.loggedNanos = startNanos;
        redraw();
    }

    /** The progress of a phase that begins now, on standard error. */
    static ProgressLine start(String phase, int unitsAll) {
        Terminal terminal = Terminal.detect();
        ProgressLine line = new ProgressLine(
                phase,
                unitsAll,
                terminal,
                System.err,
                LoggerFactory.getLogger(ProgressLine.class)::info,
                System::nanoTime);
        if (terminal.showsErrors()) {
            line.redrawByTheClock();
        }
        return line;
    }

    /** Adds finished units and what was read for them; {@code units} may be 0 while a unit is under way. */
    synchronized void add(int moreUnits, long moreRows, long moreBytes) {
        units += moreUnits;
        rows += moreRows;
        bytes += moreBytes;
        if (terminal.showsErrors()) {
            redraw();
        } else if (moreUnits > 0 && units < unitsAll && nanoTime.getAsLong() - loggedNanos >= LOG_NANOS) {
            loggedNanos = nanoTime.getAsLong();
            log.accept(text());
        }
    }

    /** Says how the phase ended and leaves the line. The second call does nothing. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (terminal.showsErrors()) {
            screen.print(TO_LINE_START_AND_CLEAR + fitted(text()) + System.lineSeparator());
            screen.flush();
        } else {
            log.accept(text());
        }
    }

    /** Draws the line again unless it was drawn within the last 200 ms. */
    synchronized void redraw() {
        long now = nanoTime.getAsLong();
        if (closed || !terminal.showsErrors() || now - drawnNanos < REDRAW_NANOS) {
            return;
        }
        drawnNanos = now;
        screen.print(TO_LINE_START_AND_CLEAR + fitted(text()));
        screen.flush();
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private void redrawByTheClock() {
        Timer clock = new Timer("progress of " + phase, true);
        TimerTask redraw = new TimerTask() {
            @Override
            public void run() {
                if (isClosed()) {
                    clock.cancel();
                } else {
                    redraw();
                }
            }
        };
        long millis = TimeUnit.NANOSECONDS.toMillis(REDRAW_NANOS);
        clock.schedule(redraw, millis, millis);
    }

    private String text() {
        Duration elapsed = Duration.ofNanos(nanoTime.getAsLong() - startNanos);
        StringBuilder line = new StringBuilder(phase)
                .append("  ")
                .append(Figures.count(units))
                .append('/')
                .append(Figures.count(unitsAll))
                .append(unitsAll == 1 ? " unit" : " units");
        if (rows > 0) {
            line.append("  ").append(Figures.count(rows)).append(" rows");
        }
        if (bytes > 0) {
            line.append("  ").append(Figures.bytes(bytes));
        }
        double seconds = elapsed.toNanos() / 1e9;
        if (rows > 0 && seconds >= 0.1) {
            line.append("  ").append(Figures.count(Math.round(rows / seconds))).append(" rows/s");
        }
        boolean underWay = !closed && units < unitsAll;
        if (underWay && units > 0) {
            long left = (long) Math.ceil(seconds / units * (unitsAll - units));
            return line.append("  ")
                    .append(Figures.wholeSeconds(left))
                    .append(" left")
                    .toString();
        }
        return line.append("  ").append(Figures.duration(elapsed)).toString();
    }

    private String fitted(String text) {
        // A line that wraps cannot be redrawn.
        int room = terminal.columns() - 1;
        return text.length() <= room ? text : text.substring(0, room);
    }
}
