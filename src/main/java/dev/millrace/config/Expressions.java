package dev.millrace.config;

import java.util.Map;
import java.util.Optional;

/** Judges what a job file says in Spark SQL, which this room does not know. */
public interface Expressions {
    /**
     * What is wrong with an expression, if anything is.
     *
     * @param functions classes of the functions that the job file declares, by name; those that {@link #functionMistake}
     *     refuses are among them and told by it
     */
    Optional<String> mistake(String sql, Map<String, String> functions);

    /** Why a class cannot be a function of that name, if it cannot. */
    Optional<String> functionMistake(String name, String type);
}
