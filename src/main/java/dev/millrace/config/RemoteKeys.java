package dev.millrace.config;

import dev.millrace.config.RemoteSettings.Batch;
import dev.millrace.config.RemoteSettings.Code;
import dev.millrace.config.RemoteSettings.Emr;
import dev.millrace.config.RemoteSettings.EmrServerless;
import dev.millrace.config.RemoteSettings.Glue;
import dev.millrace.config.RemoteSettings.StepFunctions;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/** The keys of {@code remote}. */
final class RemoteKeys {
    private static final Pattern SECRET =
            Pattern.compile("(?i).*(password|passwd|secret|token|credential|access\\.?key).*");

    private RemoteKeys() {}

    /** {@code remote.glue}. */
    private static final class GlueJob {
        static final Key<Glue, String> JOB = Key.required(
                "job",
                Scalars.RESOURCE,
                Glue::job,
                "The Glue job that starts `scripts/glue/Millrace.scala`; it names script, jar and role.");
        static final Key<Glue, String> WORKER_TYPE = Key.optional(
                "worker-type",
                Scalars.WORKER_TYPE,
                Glue::workerType,
                "The kind of its workers; left out, the job's own.");
        static final Key<Glue, Integer> WORKERS = Key.optional(
                "workers",
                Scalars.WORKERS,
                Glue::workers,
                "How many workers a run has; left out, the job's own number.");

        static final Section<Glue> SECTION = Section.<Glue>of(
                        List.of(JOB, WORKER_TYPE, WORKERS),
                        v -> new Glue(v.get(JOB), v.find(WORKER_TYPE), v.find(WORKERS)))
                .checked(GlueJob::check);

        private static void check(Values v) {
            // Glue takes both or neither.
            if (v.isGiven(WORKER_TYPE) != v.isGiven(WORKERS)) {
                Key<Glue, ?> missing = v.isGiven(WORKER_TYPE) ? WORKERS : WORKER_TYPE;
                Key<Glue, ?> given = v.isGiven(WORKER_TYPE) ? WORKER_TYPE : WORKERS;
                v.mistake(given, "has no effect without " + missing.name() + ": add that, or remove it");
            }
        }
    }

    /**
     * The keys of what {@code spark-submit} starts.
     *
     * @param <R> the record that they belong to
     */
    private record CodeKeys<R>(Key<R, String> jar, Key<R, List<String>> jars, Key<R, Map<String, String>> conf) {
        static <R> CodeKeys<R> of(Scalar<String> place, String where, Function<R, Code> code) {
            return new CodeKeys<>(
                    Key.required("jar", place, r -> code.apply(r).jar(), "Our jar, `millrace.jar`, " + where + "."),
                    Key.list(
                            "jars",
                            new ListForm<>(place, "[s3://acme/jars/postgresql.jar]"),
                            r -> code.apply(r).jars(),
                            "Other jars that it is started with, such as a warehouse's driver."),
                    Key.map(
                            "conf",
                            new MapForm<>("setting", Scalars.SPARK_SETTING, Scalars.SPARK_VALUE),
                            r -> code.apply(r).conf(),
                            "Settings of Spark, such as `spark.executor.memory`; never a secret: platforms show them."));
        }

        Code read(Values v) {
            return new Code(v.get(jar), v.get(jars), v.get(conf));
        }

        void check(Values v) {
            v.find(conf).orElse(Map.of()).keySet().stream()
                    .filter(name -> SECRET.matcher(name).matches())
                    .forEach(name -> v.mistake(
                            conf,
                            name + " looks like a secret, which a platform would show: give the role what it needs"
                                    + " instead"));
        }
    }

    /** {@code remote.emr-serverless}. */
    private static final class Serverless {
        static final Key<EmrServerless, String> APPLICATION =
                Key.required("application", Scalars.RESOURCE_ID, EmrServerless::application, "The application's id.");
        static final Key<EmrServerless, String> ROLE =
                Key.required("role", Scalars.ROLE, EmrServerless::role, "The role that runs have.");
        static final Key<EmrServerless, String> LOG_GROUP = Key.optional(
                "log-group",
                Scalars.RESOURCE,
                EmrServerless::logGroup,
                "The group of CloudWatch Logs that the driver logs to, and from where its lines are shown; left out, the"
                        + " application's own settings hold and none are shown.");
        static final CodeKeys<EmrServerless> CODE = CodeKeys.of(Scalars.S3_FILE, "on S3", EmrServerless::code);

        static final Section<EmrServerless> SECTION = Section.<EmrServerless>of(
                        List.of(APPLICATION, ROLE, CODE.jar(), CODE.jars(), CODE.conf(), LOG_GROUP),
                        v -> new EmrServerless(v.get(APPLICATION), v.get(ROLE), v.find(LOG_GROUP), CODE.read(v)))
                .checked(CODE::check);
    }

    /** {@code remote.emr}. */
    private static final class Cluster {
        static final Key<Emr, String> ID =
                Key.required("cluster", Scalars.RESOURCE_ID, Emr::cluster, "The cluster's id, which is running.");
        static final CodeKeys<Emr> CODE = CodeKeys.of(Scalars.S3_FILE, "on S3", Emr::code);

        static final Section<Emr> SECTION = Section.<Emr>of(
                        List.of(ID, CODE.jar(), CODE.jars(), CODE.conf()), v -> new Emr(v.get(ID), CODE.read(v)))
                .checked(CODE::check);
    }

    /** {@code remote.batch}. */
    private static final class Queue {
        static final Key<Batch, String> QUEUE =
                Key.required("queue", Scalars.RESOURCE, Batch::queue, "The queue's name or ARN.");
        static final Key<Batch, String> DEFINITION = Key.required(
                "definition",
                Scalars.RESOURCE,
                Batch::definition,
                "The job definition, whose container has Spark: name, `name:revision` or ARN.");
        static final Key<Batch, Integer> UNITS = Key.optional(
                "units",
                Scalars.ARRAY,
                Batch::units,
                "Children of an array job that share the units of `infer-schema` or `extract`, each on a machine of its"
                        + " own; left out, one job does all.");
        static final Key<Batch, List<String>> SUBMIT = Key.optional(
                "submit",
                new ListForm<>(Scalars.WORD, "[/opt/spark/bin/spark-submit, --master, \"local[*]\"]"),
                b -> Optional.of(b.submit()),
                "How the container starts Spark; left out, `/opt/spark/bin/spark-submit --master local[*]`.");
        static final CodeKeys<Batch> CODE =
                CodeKeys.of(Scalars.JAR, "where the container has it, or on S3", Batch::code);
        static final List<String> USUAL = List.of("/opt/spark/bin/spark-submit", "--master", "local[*]");

        static final Section<Batch> SECTION = Section.<Batch>of(
                        List.of(QUEUE, DEFINITION, CODE.jar(), CODE.jars(), CODE.conf(), UNITS, SUBMIT),
                        v -> new Batch(
                                v.get(QUEUE),
                                v.get(DEFINITION),
                                v.find(UNITS),
                                v.find(SUBMIT).orElse(USUAL),
                                CODE.read(v)))
                .checked(CODE::check);
    }

    /** {@code remote.step-functions}. */
    private static final class Machine {
        static final Key<StepFunctions, String> MACHINE = Key.required(
                "machine",
                Scalars.STATE_MACHINE,
                StepFunctions::machine,
                "The ARN of the job's state machine; `{job}` in it stands for the job's name.");

        static final Section<StepFunctions> SECTION =
                Section.of(List.of(MACHINE), v -> new StepFunctions(v.get(MACHINE)));
    }

    private static final Key<RemoteSettings, String> REGION = Key.optional(
            "region",
            Scalars.REGION,
            RemoteSettings::region,
            "The platforms' region; left out, the one that the AWS SDK finds in its environment.");
    private static final Key<RemoteSettings, URI> ENDPOINT = Key.optional(
            "endpoint", Scalars.ADDRESS, RemoteSettings::endpoint, "Where the platforms answer, if not at AWS.");
    private static final Key<RemoteSettings, Glue> GLUE =
            Key.optional("glue", GlueJob.SECTION, RemoteSettings::glue, "A job of AWS Glue: `--on glue`.");
    private static final Key<RemoteSettings, EmrServerless> SERVERLESS = Key.optional(
            "emr-serverless",
            Serverless.SECTION,
            RemoteSettings::serverless,
            "An application of EMR Serverless: `--on emr-serverless`.");
    private static final Key<RemoteSettings, Emr> EMR =
            Key.optional("emr", Cluster.SECTION, RemoteSettings::emr, "A cluster of EMR, by its steps: `--on emr`.");
    private static final Key<RemoteSettings, Batch> BATCH =
            Key.optional("batch", Queue.SECTION, RemoteSettings::batch, "A queue of AWS Batch: `--on batch`.");

    private static final Key<RemoteSettings, StepFunctions> STEP_FUNCTIONS = Key.optional(
            "step-functions",
            Machine.SECTION,
            RemoteSettings::stepFunctions,
            "State machines that chain the phases of a job: `--on step-functions`.");

    static final Section<RemoteSettings> SECTION = Section.of(
            List.of(REGION, ENDPOINT, GLUE, SERVERLESS, EMR, BATCH, STEP_FUNCTIONS),
            v -> new RemoteSettings(
                    v.find(REGION),
                    v.find(ENDPOINT),
                    v.find(GLUE),
                    v.find(SERVERLESS),
                    v.find(EMR),
                    v.find(BATCH),
                    v.find(STEP_FUNCTIONS)));
}
