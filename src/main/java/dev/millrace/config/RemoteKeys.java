package dev.millrace.config;

import dev.millrace.config.RemoteSettings.Glue;
import java.net.URI;
import java.util.List;

/** The keys of {@code remote}. */
final class RemoteKeys {
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

    private static final Key<RemoteSettings, String> REGION = Key.optional(
            "region",
            Scalars.REGION,
            RemoteSettings::region,
            "The platforms' region; left out, the one that the AWS SDK finds in its environment.");
    private static final Key<RemoteSettings, URI> ENDPOINT = Key.optional(
            "endpoint", Scalars.ADDRESS, RemoteSettings::endpoint, "Where the platforms answer, if not at AWS.");
    private static final Key<RemoteSettings, Glue> GLUE =
            Key.optional("glue", GlueJob.SECTION, RemoteSettings::glue, "A job of AWS Glue: `--on glue`.");

    static final Section<RemoteSettings> SECTION = Section.of(
            List.of(REGION, ENDPOINT, GLUE), v -> new RemoteSettings(v.find(REGION), v.find(ENDPOINT), v.find(GLUE)));
}
