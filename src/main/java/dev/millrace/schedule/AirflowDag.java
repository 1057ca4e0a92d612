package dev.millrace.schedule;

import dev.millrace.config.Job;
import dev.millrace.run.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A job as a DAG of Airflow 3: a task for each phase, all on one run, which is named by the DAG run. One DAG run at a
 * time; a task is tried again only where the world failed.
 *
 * @param job as resolved
 * @param phases those that the job needs, in order
 * @param platform where the phases run
 */
public record AirflowDag(Job job, List<Phase> phases, Platform platform) {
    /** Where phases run. */
    public sealed interface Platform {}

    /**
     * On the worker itself, by the launcher.
     *
     * @param home folder of Millrace on the worker
     * @param file the job file, relative to it or absolute
     * @param env the environment whose settings are laid under it; empty for none
     */
    public record Local(String home, String file, String env) implements Platform {}

    /**
     * On Glue, by a Glue job that takes the phases' arguments.
     *
     * @param glueJob its name
     * @param region where it is; empty for that of Airflow's connection
     * @param file the job file's uri
     */
    public record Glue(String glueJob, String region, String file) implements Platform {}

    /**
     * On an application of EMR Serverless.
     *
     * @param application its id
     * @param role that the job runs as, an ARN
     * @param region where it is; empty for that of Airflow's connection
     * @param jar uri of the jar
     * @param jars others that it needs there, with commas
     * @param file the job file's uri
     */
    public record EmrServerless(String application, String role, String region, String jar, String jars, String file)
            implements Platform {}

    public AirflowDag {
        phases = List.copyOf(phases);
    }

    /** The name of the DAG and of its file. */
    public String id() {
        return job.name();
    }

    /** The DAG as a Python file. */
    public String text() {
        return HEAD.formatted(job.name(), imports(), job.name(), settings())
                + RUN_NAME
                + phase()
                + DAG.formatted(schedule(), job.schedule().retries(), chain());
    }

    /** The asset that others wait for. */
    private static String asset(String name) {
        return python(name.contains("://") ? name : "millrace://" + name);
    }

    private String schedule() {
        List<String> after = job.schedule().after();
        if (!after.isEmpty()) {
            return after.stream().map(name -> "Asset(" + asset(name) + ")").collect(Collectors.joining(" & "));
        }
        return job.schedule().every().map(AirflowDag::schedule).orElse("None");
    }

    /** Whole parts of a day begin at midnight UTC, as a person expects of hourly; others count from the last start. */
    static String schedule(Duration every) {
        long minutes = every.toMinutes();
        if (every.equals(Duration.ofMinutes(minutes)) && minutes > 0) {
            if (minutes < 60 && 60 % minutes == 0) {
                return python(minutes == 1 ? "* * * * *" : "*/" + minutes + " * * * *");
            }
            if (minutes % 60 == 0 && minutes <= 24 * 60 && 24 % (minutes / 60) == 0) {
                long hours = minutes / 60;
                return python(hours == 24 ? "0 0 * * *" : hours == 1 ? "0 * * * *" : "0 */" + hours + " * * *");
            }
        }
        return "timedelta(seconds=" + every.toSeconds() + ")";
    }

    /** Calls that make the tasks: here one for each phase, on a platform one for each start that it pays for. */
    private List<String> tasks() {
        if (platform instanceof Local) {
            // It pins the data-schemas first.
            return phases.stream()
                    .filter(phase -> phase != Phase.INFER_SCHEMA)
                    .map(phase -> python(phase.label()))
                    .toList();
        }
        return Stage.of(phases).stream()
                .map(stage -> python(stage.name()) + ", " + python(stage.argument()))
                .toList();
    }

    private String chain() {
        List<String> tasks = tasks();
        String last = tasks.get(tasks.size() - 1) + ", outlets=[Asset(" + asset(job.name()) + ")]";
        if (tasks.size() == 1) {
            return "phase(" + last + ")";
        }
        return Stream.concat(tasks.stream().limit(tasks.size() - 1L), Stream.of(last))
                .map(task -> "        phase(" + task + "),\n")
                .collect(Collectors.joining("", "chain(\n", "    )"));
    }

    private String imports() {
        List<String> lines = new ArrayList<>(List.of("import hashlib"));
        String sdk = "DAG, Asset" + (tasks().size() > 1 ? ", chain" : "");
        if (platform instanceof Local) {
            lines.add("import subprocess");
        }
        lines.add("from datetime import datetime, timedelta, timezone");
        lines.add("");
        if (platform instanceof Local) {
            lines.add("from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException");
            sdk += ", task";
        } else if (platform instanceof Glue) {
            lines.add("from airflow.providers.amazon.aws.operators.glue import GlueJobOperator");
        } else {
            lines.add("from airflow.providers.amazon.aws.operators.emr import EmrServerlessStartJobOperator");
        }
        lines.add("from airflow.sdk import " + sdk);
        return String.join("\n", lines);
    }

    private String settings() {
        if (platform instanceof Local local) {
            return settings(Map.of("HOME", local.home(), "JOB", local.file(), "ENV", local.env()));
        }
        if (platform instanceof Glue glue) {
            return settings(Map.of("GLUE_JOB", glue.glueJob(), "JOB", glue.file(), "REGION", glue.region()));
        }
        EmrServerless emr = (EmrServerless) platform;
        return settings(Map.of(
                "APPLICATION", emr.application(),
                "ROLE", emr.role(),
                "REGION", emr.region(),
                "JAR", emr.jar(),
                "JARS", emr.jars(),
                "JOB", emr.file()));
    }

    private static String settings(Map<String, String> values) {
        return values.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(setting -> setting.getKey() + " = " + python(setting.getValue()))
                .collect(Collectors.joining("\n"));
    }

    private String phase() {
        if (platform instanceof Local) {
            return LOCAL;
        }
        return platform instanceof Glue ? GLUE : EMR_SERVERLESS;
    }

    /** A string of Python. */
    static String python(String value) {
        return '"'
                + value.replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r")
                + '"';
    }

    private static final String HEAD = """
            \"""Runs the phases of job %s, one run of it at a time.

            Written by scripts/millrace airflow: what is changed here is lost when it is written again.
            \"""

            %s

            NAME = "%s"
            %s
            """;

    private static final String RUN_NAME = """


            def run_name(dag_run):
                \"""The run that all tasks of a DAG run work on, and all their tries: its time and a mark of the DAG run.\"""
                mark = hashlib.sha256(dag_run.run_id.encode()).hexdigest()[:4]
                return dag_run.run_after.astimezone(timezone.utc).strftime("%Y-%m-%dT%H-%M-%SZ-") + mark

            """;

    private static final String LOCAL = """

            def phase(name, **options):
                @task(task_id=name, **options)
                def run(dag_run=None):
                    command = [HOME + "/scripts/millrace", "local", name, JOB, "--run", run_name(dag_run)]
                    if ENV:
                        command += ["--env", ENV]
                    print(" ".join(command), flush=True)
                    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
                    with subprocess.Popen(command, cwd=HOME, **output) as process:
                        try:
                            for line in process.stdout:
                                print(line, end="", flush=True)
                        except BaseException:
                            # Of a task that is stopped; the next try goes on where it was.
                            process.terminate()
                            raise
                    code = process.returncode
                    if code == 4 and name == "extract":
                        raise AirflowSkipException("Another run holds the job")
                    if code in (2, 3):
                        raise AirflowFailException(f"Exit code {code}: another try would end the same; see the message above")
                    if code:
                        raise AirflowException(f"Exit code {code}: the next try goes on where this one stopped")

                return run()

            """;

    private static final String GLUE = """

            def phase(name, phases, **options):
                return GlueJobOperator(
                    task_id=name,
                    job_name=GLUE_JOB,
                    region_name=REGION or None,
                    script_args={"--job-file": JOB, "--run": "{{ run_name(dag_run) }}", "--phases": phases},
                    stop_job_run_on_kill=True,
                    **options,
                )

            """;

    private static final String EMR_SERVERLESS = """

            def phase(name, phases, **options):
                return EmrServerlessStartJobOperator(
                    task_id=name,
                    application_id=APPLICATION,
                    execution_role_arn=ROLE,
                    region_name=REGION or None,
                    name=f"{NAME} {name}",
                    job_driver={
                        "sparkSubmit": {
                            "entryPoint": JAR,
                            "entryPointArguments": [JOB, "--run", "{{ run_name(dag_run) }}", "--phases", phases],
                            "sparkSubmitParameters": "--class dev.millrace.job.Pipeline --conf spark.jars=" + JARS,
                        }
                    },
                    # Left out, a job is cancelled after 25 minutes.
                    waiter_delay=30,
                    waiter_max_attempts=24 * 60 * 2,
                    **options,
                )

            """;

    private static final String DAG = """

            with DAG(
                dag_id=NAME,
                schedule=%s,
                start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
                catchup=False,
                max_active_runs=1,
                default_args={"retries": %d, "retry_delay": timedelta(minutes=1)},
                user_defined_macros={"run_name": run_name},
                tags=["millrace"],
            ):
                %s
            """;
}
