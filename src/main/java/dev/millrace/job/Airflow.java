package dev.millrace.job;

import dev.millrace.config.RemoteSettings;
import dev.millrace.fault.Fault;
import dev.millrace.schedule.AirflowDag;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes job files as DAGs. */
@Command(
        name = "airflow",
        description =
                "Writes a DAG of Airflow 3 for each job file: its phases, schedule, retries and what it waits for.",
        mixinStandardHelpOptions = true)
final class Airflow implements Callable<Integer> {
    /** The Glue job that runs the phases. */
    private static final class OnGlue {
        @Option(
                names = "--glue-job",
                paramLabel = "NAME",
                required = true,
                description = "The phases run by this Glue job.")
        private String job = "";
    }

    /** The application that runs the phases. */
    private static final class OnEmrServerless {
        @Option(
                names = "--emr-application",
                paramLabel = "ID",
                required = true,
                description = "The phases run on this application of EMR Serverless.")
        private String application = "";

        @Option(names = "--emr-role", paramLabel = "ARN", required = true, description = "The role that they run as.")
        private String role = "";

        @Option(names = "--emr-jar", paramLabel = "URI", required = true, description = "The jar, s3://….")
        private String jar = "";

        @Option(
                names = "--emr-jars",
                paramLabel = "JARS",
                description = "Others that it needs, with commas; left out, ${DEFAULT-VALUE}, which EMR 7 has.")
        private String jars = "/usr/share/aws/delta/lib/delta-spark.jar,/usr/share/aws/delta/lib/delta-storage.jar";
    }

    /** One of them or none. */
    private static final class Where {
        @ArgGroup(exclusive = false)
        private OnGlue glue;

        @ArgGroup(exclusive = false)
        private OnEmrServerless emrServerless;
    }

    @Parameters(arity = "1..*", paramLabel = "JOB", description = "Job files, for example jobs/*.yaml.")
    private List<String> files = List.of();

    @Option(names = "--to", paramLabel = "FOLDER", description = "Where the files go; ${DEFAULT-VALUE} if left out.")
    private Path folder = Path.of("dags");

    @Option(
            names = "--env",
            paramLabel = "NAME",
            converter = EnvConverter.class,
            description = "Lays conf/NAME.yaml under the job files.")
    private Optional<String> env = Optional.empty();

    @Option(
            names = "--home",
            paramLabel = "FOLDER",
            description = "Where Millrace lies on Airflow's workers; left out, where it lies here.")
    private Optional<Path> home = Optional.empty();

    @Option(
            names = "--jobs-at",
            paramLabel = "URI",
            description = "Where the job files lie for Glue or EMR Serverless, for example s3://acme/millrace/jobs/.")
    private Optional<String> jobsAt = Optional.empty();

    @Option(
            names = "--region",
            paramLabel = "REGION",
            description = "Of Glue or EMR Serverless; left out, that of remote, else the connection's.")
    private Optional<String> region = Optional.empty();

    @ArgGroup
    private Where where = new Where();

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        Surroundings around = Surroundings.ofProcess();
        Map<Path, String> dags = new TreeMap<>();
        List<String> mistakes = new ArrayList<>();
        for (String file : files) {
            try {
                AirflowDag dag = dag(OpenJob.load(file, env, Map.of(), around), around);
                Path at = folder.resolve(dag.id().replace('-', '_') + ".py");
                if (dags.put(at, dag.text()) != null) {
                    mistakes.add(file + ": job: another of these files has job " + dag.id() + " too: rename one");
                }
            } catch (Fault wrong) {
                mistakes.add(wrong.getMessage());
            }
        }
        if (!mistakes.isEmpty()) {
            throw Fault.user(String.join(System.lineSeparator(), mistakes));
        }
        PrintWriter out = command.commandLine().getOut();
        dags.forEach((at, text) -> {
            write(around.base().resolve(at), text);
            out.println(at);
        });
        return 0;
    }

    private AirflowDag dag(OpenJob open, Surroundings around) {
        return new AirflowDag(open.job(), PipelineRunner.phases(open.job()), platform(open, around));
    }

    private AirflowDag.Platform platform(OpenJob open, Surroundings around) {
        if (where.glue != null) {
            return new AirflowDag.Glue(where.glue.job, region(open), stored(open));
        }
        if (where.emrServerless != null) {
            OnEmrServerless emr = where.emrServerless;
            return new AirflowDag.EmrServerless(
                    emr.application, emr.role, region(open), emr.jar, emr.jars, stored(open));
        }
        Path there = home.or(around::home).orElse(around.base());
        return new AirflowDag.Local(there.toString(), open.file(), env.orElse(""));
    }

    private String region(OpenJob open) {
        return region.or(() -> open.job().remote().flatMap(RemoteSettings::region))
                .orElse("");
    }

    /** The job file as a platform finds it. */
    private String stored(OpenJob open) {
        PlatformJob.requireElsewhere(open);
        String at = jobsAt.orElseThrow(
                () -> Fault.user(
                        "Missing --jobs-at: Glue and EMR Serverless read job files from S3, for example --jobs-at s3://acme/millrace/jobs/"));
        return (at.endsWith("/") ? at : at + "/") + Path.of(open.file()).getFileName();
    }

    private static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw Fault.world("Cannot write " + file + ": " + e, e);
        }
    }
}
