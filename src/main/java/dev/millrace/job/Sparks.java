package dev.millrace.job;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Starts the Spark session when it is first needed, and stops it if it was started here. */
final class Sparks implements Supplier<SparkSession>, AutoCloseable {
    private static final int TASK_ATTEMPTS = 4;

    /**
     * Spark makes one method of all computed columns of a row, and the JVM interprets methods above 8,000 bytes for ever:
     * a third of a job's time. Above this limit Spark makes several methods instead.
     */
    static final String LARGEST_METHOD = "spark.sql.codegen.hugeMethodLimit";

    static final int COMPILED_BYTES = 8000;

    private static final String TIME_ZONE = "spark.sql.session.timeZone";

    private final String name;
    private final Consumer<SparkSession> prepare;
    private Optional<SparkSession> session = Optional.empty();
    private boolean ours;

    Sparks(String name) {
        this(name, session -> {});
    }

    /** @param prepare is given the session before anybody uses it */
    Sparks(String name, Consumer<SparkSession> prepare) {
        this.name = name;
        this.prepare = prepare;
    }

    @Override
    public SparkSession get() {
        if (session.isEmpty()) {
            session = Optional.of(start());
            prepare.accept(session.get());
        }
        return session.get();
    }

    private SparkSession start() {
        if (SparkSession.getDefaultSession().isDefined()) {
            SparkSession platforms = SparkSession.getDefaultSession().get();
            platforms.conf().set(TIME_ZONE, "UTC");
            return platforms;
        }
        ours = true;
        SparkConf conf = new SparkConf();
        conf.setIfMissing("spark.app.name", "millrace " + name);
        // Only where nobody else decided: spark-submit, EMR and Glue do.
        if (!conf.contains("spark.master")) {
            conf.set("spark.master", "local[*," + TASK_ATTEMPTS + "]");
            conf.setIfMissing("spark.driver.host", "127.0.0.1");
            conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
            conf.setIfMissing("spark.ui.enabled", "false");
        }
        conf.setIfMissing(LARGEST_METHOD, String.valueOf(COMPILED_BYTES));
        SparkSession spark = SparkSession.builder().config(conf).getOrCreate();
        spark.conf().set(TIME_ZONE, "UTC");
        return spark;
    }

    @Override
    public void close() {
        if (ours) {
            session.ifPresent(SparkSession::stop);
        }
    }
}
