package dev.millrace.remote;

import dev.millrace.fault.Fault;
import dev.millrace.run.Json;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What was submitted of a job, at {@code <job>/submissions/<run>/<phase>-<n>/} of its staging: {@code submission.json},
 * the job file {@code job.json} that the platform is given, and the exits of the processes.
 */
public final class Submissions {
    private static final Pattern FOLDER = Pattern.compile("([a-z-]+)-([1-9][0-9]{0,8})/");
    private static final String FILE = "submission.json";
    private static final String JOB = "job.json";

    private final Storage staging;
    private final String job;
    private final String folder;

    /** @param job its name */
    public Submissions(Storage staging, String job) {
        this.staging = staging;
        this.job = job;
        this.folder = job + "/submissions/";
    }

    /** The newest run that was submitted, oldest submission first; empty where none was. */
    public List<Submission> newest() {
        return staging.names(folder).stream()
                .filter(name -> name.endsWith("/") && RunId.isRunId(name.substring(0, name.length() - 1)))
                .map(name -> new RunId(name.substring(0, name.length() - 1)))
                .max(Comparator.naturalOrder())
                .map(this::of)
                .orElse(List.of());
    }

    /** The submissions of a run, oldest first. */
    public List<Submission> of(RunId run) {
        return staging.names(folder + run + "/").stream()
                .filter(name -> FOLDER.matcher(name).matches())
                .map(name -> Json.find(staging, folder + run + "/" + name + FILE, Submission.class, Submission.FORMAT))
                .flatMap(Optional::stream)
                .sorted(Comparator.comparing(Submission::asked))
                .toList();
    }

    /** The last submission of a phase of a run. */
    Optional<Submission> last(RunId run, String phase) {
        return staging.names(folder + run + "/").stream()
                .map(FOLDER::matcher)
                .filter(name -> name.matches() && name.group(1).equals(phase))
                .map(name -> number(name))
                .max(Comparator.naturalOrder())
                .flatMap(n -> Json.find(staging, path(run, phase, n) + FILE, Submission.class, Submission.FORMAT));
    }

    private static int number(Matcher name) {
        return Integer.parseInt(name.group(2));
    }

    /** A name that no other submission of any job has. */
    String name(Submission submission) {
        return job + "-" + submission.run() + "-" + submission.phase() + "-" + submission.n();
    }

    /** The job file's uri, which the platform is given. */
    String jobUri(Submission submission) {
        return staging.uri(path(submission) + JOB);
    }

    void putJob(Submission submission, byte[] json) {
        staging.put(path(submission) + JOB, json);
    }

    /** Whether nobody else has submitted the same. */
    boolean begin(Submission first) {
        return staging.putIfAbsent(path(first) + FILE, Json.write(first));
    }

    /**
     * Changes what is known of a submission.
     *
     * @param seen as it was read; empty is returned where it is another by now
     */
    Optional<Submission> change(Submission seen, UnaryOperator<Submission> to) {
        String path = path(seen) + FILE;
        Versioned file = staging.find(path)
                .orElseThrow(() -> Fault.world("Cannot read " + staging.uri(path) + ": it was there and is gone"));
        if (!Json.read(staging.uri(path), file, Submission.class, Submission.FORMAT)
                .equals(seen)) {
            return Optional.empty();
        }
        Submission changed = to.apply(seen);
        return staging.compareAndPut(path, file.etag(), Json.write(changed)).map(etag -> changed);
    }

    /** As {@link #change}, over whatever others have written: for what is true whoever says it. */
    public Submission ended(Submission seen, RemoteState state) {
        Submission now = seen;
        while (now.isOpen()) {
            Optional<Submission> changed = change(now, s -> s.endedAs(state.said()));
            now = changed.isPresent()
                    ? changed.get()
                    : last(seen.run(), seen.phase()).orElseThrow();
            if (now.n() != seen.n()) {
                break; // A later one follows only one that is known to have ended.
            }
        }
        return now;
    }

    /** How the processes of a submission have ended, those that have said so. */
    public List<ExitFile> exits(Submission submission) {
        return ExitFile.in(staging, path(submission));
    }

    private String path(Submission submission) {
        return path(submission.run(), submission.phase(), submission.n());
    }

    private String path(RunId run, String phase, int n) {
        return folder + run + "/" + phase + "-" + n + "/";
    }
}
