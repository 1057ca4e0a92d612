package dev.millrace.schedule;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.millrace.config.Job;
import dev.millrace.config.LakeSettings;
import dev.millrace.run.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A job as a state machine of Step Functions, in the
 * <a href="https://states-language.net/spec.html">Amazon States Language</a>: a task for each stage, all on one run,
 * which is named by the execution. Where a task fails, the run's own end on storage tells whether another try is of
 * use; platforms hide exit codes. What differs by account stands as <code>${Name}</code>, which CloudFormation's {@code
 * DefinitionSubstitutions} replace.
 *
 * @param job as resolved; its staging lies in S3
 * @param phases those that the job needs, in order
 * @param platform where the stages run
 * @param file the job file's uri
 * @param units shares of the run's units that are extracted by a task each; 1 for all by one
 */
public record StateMachine(Job job, List<Phase> phases, Platform platform, String file, int units) {
    /** Where stages run. */
    public enum Platform {
        GLUE,
        EMR_SERVERLESS
    }

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /** Of an execution whose job has no {@code every}. */
    private static final Duration LONGEST = Duration.ofDays(1);

    private static final int SECONDS_BETWEEN_TRIES = 60;

    /**
     * Tasks of an <a href="https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html">inline map</a> at once.
     */
    private static final int MOST_SIDE_BY_SIDE = 40;

    /** What tells that a call was not taken and may be made again: nothing has been started. */
    private static final List<String> NOT_STARTED = List.of(
            "Glue.ConcurrentRunsExceededException", "Glue.ThrottlingException", "EMRServerless.ThrottlingException");

    private static final String RUN = "$.run";
    private static final String FILE = "$.file";
    private static final String FAILED = "Tell of the failure";
    private static final String SUCCEEDED = "Count the success";

    public StateMachine {
        phases = List.copyOf(phases);
    }

    /** The definition as JSON. */
    public String json() {
        Map<String, Object> states = new LinkedHashMap<>();
        states.put(
                "Look for another execution",
                map(
                        "Type", "Task",
                        "Resource", "arn:aws:states:::aws-sdk:sfn:listExecutions",
                        "Parameters",
                                map(
                                        "StateMachineArn.$",
                                        "$$.StateMachine.Id",
                                        "StatusFilter",
                                        "RUNNING",
                                        "MaxResults",
                                        100),
                        "Retry", List.of(retry(List.of("States.TaskFailed"))),
                        "Next", "Is another at work?"));
        states.put(
                "Is another at work?",
                map(
                        "Type", "Choice",
                        "Choices",
                                List.of(map(
                                        "Variable", "$.Executions[1]", "IsPresent", true, "Next", "Find the first")),
                        "Default", "Read the input"));
        // Of several that started at once one goes on, the same for all of them: the list begins with the newest, see
        // https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
        states.put(
                "Find the first",
                map(
                        "Type",
                        "Pass",
                        "Parameters",
                        map(
                                "first.$",
                                "States.ArrayGetItem($.Executions, States.MathAdd(States.ArrayLength($.Executions), -1))",
                                "me.$",
                                "$$.Execution.Id"),
                        "Next",
                        "Is it the first?"));
        states.put(
                "Is it the first?",
                map(
                        "Type", "Choice",
                        "Choices",
                                List.of(map(
                                        "Variable",
                                        "$.first.ExecutionArn",
                                        "StringEqualsPath",
                                        "$.me",
                                        "Next",
                                        "Read the input")),
                        "Default", "Another is at work"));
        // Whoever follows it is told that it did nothing.
        states.put("Another is at work", map("Type", "Pass", "Result", map("anotherIsAtWork", true), "End", true));
        List<Stage> stages = stages();
        // As text, since no path leads into all that starts it: what begins by files comes through a pipe, as an array,
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
        states.put(
                "Read the input",
                map(
                        "Type",
                        "Pass",
                        "Parameters",
                        map("input.$", "States.JsonToString($$.Execution.Input)"),
                        "Next",
                        "Is the run named?"));
        // As by remote --on step-functions, which gives the job file as it was submitted too.
        states.put(
                "Is the run named?",
                map(
                        "Type",
                        "Choice",
                        "Choices",
                        List.of(map(
                                "Variable", "$.input", "StringMatches", "{*\"run\":*", "Next", "Take the run's name")),
                        "Default",
                        "Name the run"));
        Map<String, Object> given = state("$$.Execution.Input.run", "tries", 0);
        given.put("file.$", "$$.Execution.Input.file");
        Map<String, Object> named = state(runName(), "tries", 0);
        named.put("file", file);
        states.put(
                "Take the run's name",
                map("Type", "Pass", "Parameters", given, "Next", stages.get(0).name()));
        states.put(
                "Name the run",
                map("Type", "Pass", "Parameters", named, "Next", stages.get(0).name()));
        for (int i = 0; i < stages.size(); i++) {
            addStage(states, stages.get(i), name(stages, i + 1), name(stages, i + 2));
        }
        states.put(
                FAILED,
                map(
                        "Type", "Task",
                        "Resource", "arn:aws:states:::sns:publish",
                        "Parameters",
                                map(
                                        "TopicArn", "${Topic}",
                                        "Subject", "Millrace: job " + job.name() + " failed",
                                        "Message.$",
                                                "States.Format('Run {} of job " + job.name() + " failed: {}', $.run, "
                                                        + "States.JsonToString($.failure))"),
                        "ResultPath", null,
                        "Next", "Failed"));
        states.put("Failed", map("Type", "Fail", "Error", "RunFailed", "Cause", "See the run's record and the topic."));
        // Only what comes here is a success: Step Functions counts as one also that another was at work.
        Map<String, Object> count = map(
                "Type",
                "Task",
                "Resource",
                "arn:aws:states:::aws-sdk:cloudwatch:putMetricData",
                "Parameters",
                map(
                        "Namespace",
                        "Millrace",
                        "MetricData",
                        List.of(map(
                                "MetricName",
                                "RunsSucceeded",
                                "Dimensions",
                                List.of(map("Name", "StateMachine", "Value.$", "$$.StateMachine.Name")),
                                "Value",
                                1,
                                "Unit",
                                "Count"))),
                "ResultPath",
                null,
                "Retry",
                List.of(retry(List.of("States.TaskFailed"))));
        // What the run has done stands; that it is not counted raises the alarm of a success that is missing.
        count.put("Catch", List.of(map("ErrorEquals", List.of("States.ALL"), "ResultPath", null, "Next", "Done")));
        count.put("Next", "Done");
        states.put(SUCCEEDED, count);
        states.put("Done", map("Type", "Succeed"));
        Map<String, Object> machine = map(
                "Comment",
                "Job " + job.name() + ", written by scripts/millrace step-functions",
                "StartAt",
                "Look for another execution",
                "TimeoutSeconds",
                timeout().toSeconds(),
                "States",
                states);
        try {
            return JSON.writeValueAsString(machine);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Of a job whose units are shared the schema is pinned first, by one task. */
    private List<Stage> stages() {
        List<Stage> stages = Stage.of(phases);
        if (units == 1) {
            return stages;
        }
        List<Stage> shared = new ArrayList<>(stages);
        shared.set(0, new Stage("extract", List.of(Phase.EXTRACT)));
        shared.add(0, new Stage("infer-schema", List.of(Phase.INFER_SCHEMA)));
        return shared;
    }

    /** What an execution carries along. */
    private Map<String, Object> state(String run, String tries, Object count) {
        Map<String, Object> state = map("run.$", run, tries, count);
        if (units > 1) {
            state.put("shares.$", "States.ArrayRange(1, " + units + ", 1)");
        }
        return state;
    }

    /** An execution ends before the next one is due. */
    private Duration timeout() {
        return job.schedule()
                .every()
                .map(every -> every.minus(every.dividedBy(20)))
                .orElse(LONGEST);
    }

    /** The run's name: when the execution began, and four digits of a random number. */
    private static String runName() {
        // A start without a fraction of a second ends in Z right behind the seconds.
        String start = "States.StringSplit($$.Execution.StartTime, ':.Z')";
        return "States.Format('{}-{}-{}Z-{}', States.ArrayGetItem(" + start + ", 0), States.ArrayGetItem(" + start
                + ", 1), States.ArrayGetItem(" + start + ", 2), "
                + "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 1))";
    }

    /** What comes at a position: a stage, or after the last one the end. */
    private static String name(List<Stage> stages, int position) {
        return position < stages.size() ? stages.get(position).name() : SUCCEEDED;
    }

    /**
     * A run that had nothing to read goes through the others too: they go on with those before it that could not be
     * published.
     */
    private void addStage(Map<String, Object> states, Stage stage, String next, String afterNext) {
        String name = stage.name();
        boolean isShared = units > 1 && name.equals("extract");
        // What arrives meanwhile is left to the next start: its schema would not be pinned.
        boolean isBeforeShared = units > 1 && name.equals("infer-schema");
        String done = isBeforeShared ? "Is there anything new?" : next;
        Map<String, Object> task = isShared ? sharing(stage) : task(stage, Optional.empty());
        task.put("ResultPath", null);
        task.put("Catch", List.of(catching(name + ": was it done?")));
        task.put("Next", done);
        states.put(name, task);
        if (isBeforeShared) {
            lookFor(states, done, "plan.json", next, afterNext);
        }
        // A process may fail, or be told to have failed, after all its work is done and recorded.
        Phase last = stage.phases().get(stage.phases().size() - 1);
        String committed = "phases/" + last.label() + ".json";
        boolean registers = last == Phase.PUBLISH
                && job.lake().flatMap(LakeSettings::catalog).isPresent();
        lookFor(
                states,
                name + ": was it done?",
                registers ? "registered.json" : committed,
                done,
                name + ": look at its end");
        // A run that has ended, refused or superseded, would end the same; one without an end can be gone on with, and
        // one that
        // is published can still be registered.
        String published = name + ": was it published?";
        lookFor(states, name + ": look at its end", "end", registers ? published : FAILED, name + ": again?");
        if (registers) {
            lookFor(states, published, committed, name + ": again?", FAILED);
        }
        states.put(
                name + ": again?",
                map(
                        "Type",
                        "Choice",
                        "Choices",
                        List.of(map(
                                "Variable",
                                "$.tries",
                                "NumericLessThan",
                                job.schedule().retries(),
                                "Next",
                                name + ": wait")),
                        "Default",
                        FAILED));
        Map<String, Object> counted = state(RUN, "tries.$", "States.MathAdd($.tries, 1)");
        counted.put("file.$", FILE);
        states.put(name + ": wait", map("Type", "Wait", "Seconds", SECONDS_BETWEEN_TRIES, "Next", name + ": count"));
        states.put(name + ": count", map("Type", "Pass", "Parameters", counted, "Next", name));
    }

    /** Two states: a listing of what of the run's state begins with a name, and the way from there. */
    private void lookFor(Map<String, Object> states, String name, String file, String found, String missing) {
        String[] staging = job.staging().at().uri().replaceFirst("^s3://", "").split("/", 2);
        String prefix = quoted(staging[1] + job.name()) + "/runs/{}/" + file;
        Map<String, Object> look = map(
                "Type", "Task",
                "Resource", "arn:aws:states:::aws-sdk:s3:listObjectsV2",
                "Parameters",
                        map("Bucket", staging[0], "Prefix.$", "States.Format('" + prefix + "', $.run)", "MaxKeys", 1),
                "ResultPath", "$.listed",
                "Retry", List.of(retry(List.of("States.TaskFailed"))));
        look.put("Catch", List.of(catching(FAILED)));
        look.put("Next", name + " (result)");
        states.put(name, look);
        states.put(
                name + " (result)",
                map(
                        "Type",
                        "Choice",
                        "Choices",
                        List.of(map("Variable", "$.listed.KeyCount", "NumericGreaterThan", 0, "Next", found)),
                        "Default",
                        missing));
    }

    private Map<String, Object> sharing(Stage stage) {
        Map<String, Object> task = task(stage, Optional.of("States.Format('{}/" + units + "', $.share)"));
        // What each task tells of itself is not kept: of many it would be more than a state may hold.
        task.put("ResultPath", null);
        task.put("End", true);
        return map(
                "Type",
                "Map",
                "ItemsPath",
                "$.shares",
                "MaxConcurrency",
                Math.min(units, MOST_SIDE_BY_SIDE),
                "ItemSelector",
                map("share.$", "$$.Map.Item.Value", "run.$", RUN, "file.$", FILE),
                "ItemProcessor",
                map(
                        "ProcessorConfig", map("Mode", "INLINE"),
                        "StartAt", "share",
                        "States", map("share", task)));
    }

    private Map<String, Object> task(Stage stage, Optional<String> share) {
        return platform == Platform.GLUE ? glue(stage, share) : emrServerless(stage, share);
    }

    private Map<String, Object> glue(Stage stage, Optional<String> share) {
        Map<String, Object> arguments = map("--job-file.$", FILE, "--run.$", RUN, "--phases", stage.argument());
        share.ifPresent(of -> arguments.put("--units.$", of));
        return map(
                "Type",
                "Task",
                "Resource",
                "arn:aws:states:::glue:startJobRun.sync",
                "Parameters",
                map("JobName", "${" + role(stage) + "Job}", "Arguments", arguments),
                "Retry",
                List.of(retry(NOT_STARTED)));
    }

    private Map<String, Object> emrServerless(Stage stage, Optional<String> share) {
        String arguments = "States.Array($.file, '--run', $.run, '--phases', '" + stage.argument() + "'"
                + share.map(of -> ", '--units', " + of).orElse("") + ")";
        return map(
                "Type",
                "Task",
                "Resource",
                "arn:aws:states:::emr-serverless:startJobRun.sync",
                "Parameters",
                map(
                        "ApplicationId",
                        "${Application}",
                        "ExecutionRoleArn",
                        "${" + role(stage) + "Role}",
                        "Name",
                        "millrace " + job.name() + " " + stage.name(),
                        "ExecutionTimeoutMinutes",
                        Math.max(5, timeout().toMinutes()),
                        "JobDriver",
                        map(
                                "SparkSubmit",
                                map(
                                        "EntryPoint", "${Jar}",
                                        "EntryPointArguments.$", arguments,
                                        "SparkSubmitParameters",
                                                "--class dev.millrace.job.Pipeline --conf spark.jars=${Jars}"))),
                "Retry",
                List.of(retry(NOT_STARTED)));
    }

    /** The stage whose rights are needed, as parameters of the templates name it. */
    private static String role(Stage stage) {
        return switch (stage.name()) {
            case "lake" -> "Lake";
            case "load" -> "Load";
            default -> "Extract";
        };
    }

    private static Map<String, Object> catching(String next) {
        return map("ErrorEquals", List.of("States.ALL"), "ResultPath", "$.failure", "Next", next);
    }

    private static Map<String, Object> retry(List<String> errors) {
        return map(
                "ErrorEquals",
                errors,
                "IntervalSeconds",
                10,
                "MaxAttempts",
                6,
                "BackoffRate",
                2.0,
                "JitterStrategy",
                "FULL");
    }

    /** A text within single quotes of an intrinsic function. */
    private static String quoted(String text) {
        return text.replaceAll("['{}\\\\]", "\\\\$0");
    }

    private static Map<String, Object> map(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
