package dev.millrace.lake;

import dev.millrace.fault.Fault;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/** Sessions in which Delta works. */
final class DeltaSession {
    /** What {@code spark-submit --packages} takes. */
    static final String PACKAGE = "io.delta:delta-spark_2.12:3.3.3";

    private static final String LOG_CLASS = "org.apache.spark.sql.delta.DeltaLog";
    private static final String LOG_TASKS = "spark.databricks.delta.snapshotPartitions";
    private static final int MOST_LOG_TASKS = 50;

    private DeltaSession() {}

    /** Whether Delta is among what a loader finds; platforms bring it or not. */
    static boolean isThere(ClassLoader loader) {
        try {
            Class.forName(LOG_CLASS, false, loader);
            return true;
        } catch (ClassNotFoundException missing) {
            return false;
        }
    }

    /** Work with Delta; it declares no exception, and throws checked ones all the same. */
    interface Work<T> {
        T run() throws Exception;
    }

    /** A session of its own. */
    static SparkSession of(SparkSession spark) {
        SparkSession session = spark.newSession();
        // Only Delta's SQL needs its extension and catalog in the session; a session that exists takes none any more.
        session.conf().set("spark.databricks.delta.requiredSparkConfsCheck.enabled", false);
        // Delta replays its log in 50 tasks, whatever the machine.
        if (session.conf().getOption(LOG_TASKS).isEmpty()) {
            int cores = spark.sparkContext().defaultParallelism();
            session.conf().set(LOG_TASKS, Math.min(MOST_LOG_TASKS, cores));
        }
        return session;
    }

    /**
     * Works in a session.
     *
     * @param what could not be done, where it fails
     */
    static <T> T in(SparkSession session, String what, Work<T> work) {
        // Delta asks for the thread's session here and there, whichever it was given.
        Option<SparkSession> before = SparkSession.getActiveSession();
        SparkSession.setActiveSession(session);
        try {
            return work.run();
        } catch (Exception failure) { // Spark throws exceptions that are checked and that nobody declares.
            throw LakeFailure.told(what, failure);
        } catch (NoClassDefFoundError missing) {
            throw Fault.user(
                    "Delta is not on the class path (" + missing.getMessage() + "): add --packages " + PACKAGE);
        } finally {
            if (before.isDefined()) {
                SparkSession.setActiveSession(before.get());
            } else {
                SparkSession.clearActiveSession();
            }
        }
    }
}
