package dev.millrace.lake;

import dev.millrace.fault.Fault;
import java.io.IOException;
import org.apache.spark.sql.AnalysisException;

/** Tells failures of disks and networks, which Spark, Delta and S3A wrap in many ways, from defects. */
final class LakeFailure {
    private static final String NO_FILE = "PATH_NOT_FOUND";

    private LakeFailure() {}

    /**
     * What to throw in place of a failure.
     *
     * @param what could not be done, with the location
     */
    static RuntimeException told(String what, Exception failure) {
        if (Fault.in(failure).isPresent()) {
            return Fault.in(failure).get();
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            boolean isWorld = cause instanceof IOException
                    || (cause instanceof AnalysisException analysis && NO_FILE.equals(analysis.getErrorClass()));
            if (isWorld) {
                String said =
                        String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
                return Fault.world(what + ": " + cause.getClass().getSimpleName() + ": " + said, failure);
            }
        }
        return failure instanceof RuntimeException defect ? defect : new IllegalStateException(what, failure);
    }
}
