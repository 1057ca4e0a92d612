package dev.millrace.job;

import dev.millrace.testing.SharedSpark;
import java.util.List;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.apache.spark.SparkFirehoseListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.JsonProtocol;

/** All that a process tells while a job runs: each line of its log, each event as Spark's event log has it. */
final class Telling implements AutoCloseable {
    private final List<String> told;
    private final SparkSession session = SharedSpark.session();
    private final LoggerContext context = (LoggerContext) LogManager.getContext(false);
    private final LoggerConfig ours;
    private final LoggerConfig root = context.getConfiguration().getRootLogger();
    private final AbstractAppender appender;
    private final SparkFirehoseListener listener;

    private Telling(List<String> told) {
        this.told = told;
        appender = new AbstractAppender("telling", null, null, false, Property.EMPTY_ARRAY) {
            @Override
            public void append(LogEvent event) {
                add(event.getMessage().getFormattedMessage() + " " + event.getThrown());
            }
        };
        appender.start();
        ours = new LoggerConfig("dev.millrace", Level.DEBUG, true);
        context.getConfiguration().addLogger("dev.millrace", ours);
        root.addAppender(appender, Level.ALL, null);
        context.updateLoggers();
        listener = new SparkFirehoseListener() {
            @Override
            public void onEvent(SparkListenerEvent event) {
                add(JsonProtocol.sparkEventToJsonString(event));
            }
        };
        session.sparkContext().addSparkListener(listener);
    }

    /** Adds to what is told until it is closed. */
    static Telling to(List<String> told) {
        return new Telling(told);
    }

    private void add(String text) {
        synchronized (told) {
            told.add(text);
        }
    }

    /** What Spark's UI shows of its environment. */
    void environment() {
        add(session.sparkContext().statusStore().environmentInfo().toString());
        add(session.sparkContext().getConf().toDebugString());
        add(System.getProperties().toString());
    }

    @Override
    public void close() {
        session.sparkContext().removeSparkListener(listener);
        root.removeAppender("telling");
        context.getConfiguration().removeLogger("dev.millrace");
        context.updateLoggers();
    }
}
