package dev.millrace.run;

import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The job file that a process runs with.
 *
 * @param json as resolved, with all defaults
 * @param rewritten another resolved job file, perhaps of an earlier version, as this version would have written it: keys
 *     that were not known then have their defaults
 */
public record ResolvedJob(String json, UnaryOperator<String> rewritten) {
    /** How a run was begun with another job file, or empty. */
    Optional<JobDifference> differsFrom(Plan plan) {
        return plan.jobJson().equals(json)
                ? Optional.empty()
                : JobDifference.between(rewritten.apply(plan.jobJson()), json);
    }
}
