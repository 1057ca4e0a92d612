package dev.millrace.job;

import dev.millrace.config.FileLocation;
import dev.millrace.config.JobFile;
import dev.millrace.config.RemoteSettings;
import dev.millrace.fault.Fault;
import dev.millrace.remote.Asking;
import dev.millrace.remote.BatchQueue;
import dev.millrace.remote.ClusterSteps;
import dev.millrace.remote.ExecutedMachine;
import dev.millrace.remote.ExitFile;
import dev.millrace.remote.Following;
import dev.millrace.remote.GlueJob;
import dev.millrace.remote.Pace;
import dev.millrace.remote.Platform;
import dev.millrace.remote.RemoteState;
import dev.millrace.remote.ServerlessApplication;
import dev.millrace.remote.Submission;
import dev.millrace.remote.Submissions;
import dev.millrace.remote.Submitting;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseState;
import dev.millrace.run.RunEnd;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import dev.millrace.run.TableRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Submits a job to a platform, or finds what was submitted, and follows it to its end. */
final class RemoteRun {
    private final Arguments arguments;
    private final Surroundings around;
    private final Pace pace;
    private final Consumer<String> out;

    /** @param out is told what happens, a line at a time */
    RemoteRun(Arguments arguments, Surroundings around, Pace pace, Consumer<String> out) {
        this.arguments = arguments;
        this.around = around;
        this.pace = pace;
        this.out = out;
    }

    /** Submits a phase, or all, unless that was done before. Returns the exit code of what ran. */
    int submit(String phase, RemotePhase.On on) {
        OpenJob open = OpenJob.load(arguments, around);
        requirePhase(open, phase);
        if (on == RemotePhase.On.STEP_FUNCTIONS) {
            requireWhole(phase);
        }
        PlatformJob.requireReachable(open);
        Submissions submissions = new Submissions(open.staging(), open.job().name());
        try (Platform platform = platform(open, on)) {
            open.requireUsablePlaces();
            RunId id = arguments.run().orElseGet(() -> unfinished(open, submissions, phase));
            RunStore run = open.store().run(id);
            if (isDone(open, run, phase)) {
                out.accept("run " + id + " had ended before: nothing was submitted");
                return 0;
            }
            Asking asking = new Asking(platform, pace, out);
            asking.ask("", () -> {
                platform.check();
                return true;
            });
            Submitting submitting = new Submitting(
                    platform, submissions, asking, around.clock(), ThisProcess.name(), ThisProcess::isDead, out);
            Submitting.Order order = new Submitting.Order(
                    id,
                    phase,
                    Entry.mainClass(phase),
                    on.label(),
                    JobFile.toJson(open.job().withoutRemote()),
                    arguments.selectionOptions(),
                    shares(open, run, phase, on));
            try (Cancelling hook = new Cancelling(platform, out, () -> submitting.findId(order))) {
                Submitting.Submitted submitted = submitting.submit(order, () -> isDone(open, run, phase));
                out.accept("run " + id + (submitted.isNew() ? ": submitted to " : ": was submitted before to ")
                        + platform + ", where it is " + submitted.id());
                return follow(open, platform, submissions, submitted.submission(), hook);
            }
        }
    }

    /** Follows what was submitted of a run: the last that has not ended, else the last. */
    int attach(RunId id, Optional<RemotePhase.On> on) {
        OpenJob open = arguments.hasJob() ? OpenJob.load(arguments, around) : holding(id);
        Submissions submissions = new Submissions(open.staging(), open.job().name());
        List<Submission> known = submissions.of(id).stream()
                .filter(s -> on.map(kind -> kind.label().equals(s.platform())).orElse(true))
                .toList();
        Submission last = known.stream()
                .max(Comparator.comparing(Submission::isOpen).thenComparing(Submission::asked))
                .orElseThrow(() ->
                        Fault.user("Run " + id + " of job " + open.job().name() + " was never submitted"
                                + on.map(kind -> " to " + kind.label()).orElse("") + ": nothing is known of it below "
                                + open.staging().uri(open.job().name() + "/submissions/")));
        RemotePhase.On kind = RemotePhase.On.named(last.platform())
                .orElseThrow(() -> Fault.user("Run " + id + " was submitted to " + last.platform()
                        + ", which this version of Millrace does not know: use a newer one"));
        try (Platform platform = platform(open, kind)) {
            if (!last.place().equals(platform.toString())) {
                throw Fault.user("Run " + id + " was submitted to " + last.place() + ", and " + open.file() + " names "
                        + platform + ": give the job file or the --env that it was submitted with");
            }
            if (last.id().isEmpty()) {
                throw Fault.world("Run " + id + " was about to be submitted to " + platform + " at " + last.asked()
                        + " by " + last.by() + ", and whether it was is not known: " + again(open, last)
                        + " looks for it there before it submits anything");
            }
            String there = last.id().get();
            out.accept("run " + id + ": was submitted to " + platform + ", where it is " + there);
            try (Cancelling hook = new Cancelling(platform, out, () -> Optional.of(there))) {
                return follow(open, platform, submissions, last, hook);
            }
        }
    }

    private int follow(
            OpenJob open, Platform platform, Submissions submissions, Submission submission, Cancelling hook) {
        RunStore run = open.store().run(submission.run());
        String id = submission.id().orElseThrow();
        out.accept("Ctrl-C cancels it; " + attach(open, run.id()) + " follows it from elsewhere");
        String advice = "The run goes on there. Follow it again, by " + attach(open, run.id()) + ", or look it up, by "
                + platform.command(id);
        Following following = new Following(
                platform,
                new Asking(platform, pace, out),
                pace,
                () -> run.record().flatMap(RemoteRun::progress),
                out);
        hook.before(following::stop);
        RemoteState state = following.toItsEnd(id, advice);
        Submission ended = submissions.ended(submission, state);
        return told(open, ended, platform, state, submissions.exits(ended));
    }

    private static Optional<String> progress(RunRecord record) {
        return record.phases().stream()
                .filter(phase -> phase.state() == PhaseState.RUNNING)
                .reduce((earlier, later) -> later)
                .map(phase -> phase.phase().label()
                        + (phase.unitsAll() > 0
                                ? "  " + Figures.count(phase.unitsDone()) + "/" + Figures.count(phase.unitsAll())
                                        + " units"
                                : ""));
    }

    /** Tells how the run ended, by what it wrote itself. Returns 0, or throws what the run ended with. */
    private int told(OpenJob open, Submission submission, Platform platform, RemoteState state, List<ExitFile> exits) {
        RunStore run = open.store().run(submission.run());
        if (isDone(open, run, submission.phase())) {
            summary(open, run, platform, submission);
            return 0;
        }
        String where = " (" + platform + ", " + submission.id().orElseThrow() + ": " + state + ")";
        Optional<RunEnd> end = run.end().filter(e -> e.outcome() != Outcome.DONE);
        Optional<ExitFile> worst = exits.stream().max(Comparator.comparingInt(ExitFile::code));
        if (worst.filter(exit -> exit.code() != 0).isPresent()) {
            throw fault(worst.get().code(), worst.get().message() + where);
        }
        if (end.isPresent()) {
            throw fault(
                    end.get().outcome() == Outcome.ABANDONED ? Fault.Kind.WORLD.exitCode() : Fault.Kind.GATE.exitCode(),
                    "Run " + run.id() + " has ended: " + end.get().outcome() + ": "
                            + end.get().reason() + where);
        }
        boolean endedWell =
                worst.isPresent() || (!platform.writesExits() && state.stage() == RemoteState.Stage.SUCCEEDED);
        if (endedWell && run.findPlan().isEmpty()) {
            out.accept("nothing new: job " + open.job().name() + " has read all there is" + where);
            return 0;
        }
        if (state.stage() == RemoteState.Stage.TURNED_AWAY) {
            throw Fault.held("Another run holds job " + open.job().name() + where + ": run again after it");
        }
        String remedy = "; look it up by " + platform.command(submission.id().orElseThrow()) + "; then "
                + again(open, submission) + " goes on where it was";
        throw Fault.world("Run " + run.id() + problem(state, run.findPlan().isEmpty()) + where + remedy);
    }

    private static String problem(RemoteState state, boolean hasNotBegun) {
        return switch (state.stage()) {
            case CANCELLED -> " was cancelled before its end";
            case SUCCEEDED ->
                hasNotBegun
                        ? " did not begin, although its process ended well: Millrace did not run there; do script and jar"
                                + " start it?"
                        : " has no end, although its process ended well";
            case TURNED_AWAY, FAILED, WAITING, RUNNING -> " ended without saying why";
        };
    }

    private static Fault fault(int code, String message) {
        return Stream.of(Fault.Kind.USER, Fault.Kind.GATE, Fault.Kind.HELD)
                .filter(kind -> kind.exitCode() == code)
                .findFirst()
                .map(kind -> switch (kind) {
                    case USER -> Fault.user(message);
                    case GATE, SUPERSEDED -> Fault.gate(message);
                    case HELD -> Fault.held(message);
                    case WORLD, SPOILED -> Fault.world(message);
                })
                .orElseGet(() -> Fault.world(message));
    }

    private void summary(OpenJob open, RunStore run, Platform platform, Submission submission) {
        List<Summary.Table> tables = new ArrayList<>();
        Map<String, TableRecord> recorded = run.record().map(RunRecord::tables).orElse(Map.of());
        // Processes that share a run's units do not record it.
        run.phase(Phase.EXTRACT)
                .ifPresent(extracted -> ExtractWork.tables(extracted)
                        .forEach(name -> tables.add(RunReport.table(
                                name,
                                Optional.ofNullable(recorded.get(name))
                                        .orElseGet(() -> new TableRecord(
                                                extracted.counts().getOrDefault(name, TableCounts.NONE), 0, 0, 0))))));
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("run", run.id() + (run.end().isPresent() ? "" : " (its other phases are still to do)"));
        facts.put("ran at", platform + ", " + submission.id().orElseThrow());
        run.record().ifPresent(record -> {
            record.ended()
                    .ifPresent(ended -> facts.put("took", Figures.duration(Duration.between(record.started(), ended))));
            facts.putAll(RunReport.compacted(record));
        });
        run.phase(Phase.PUBLISH).ifPresent(published -> facts.putAll(RunReport.lake(open, published, true)));
        run.phase(Phase.REPLACE).ifPresent(replaced -> facts.put("warehouse", open.warehouseName()));
        facts.put("record", run.storage().uri(run.path("record.json")));
        String text = new Summary(
                        tables, List.copyOf(facts.entrySet()), List.of("scripts/millrace status " + open.given()))
                .text(Terminal.detect());
        text.lines().forEach(out);
    }

    /** Publishing includes that its tables are registered, where the job file wants that. */
    private static boolean isDone(OpenJob open, RunStore run, String phase) {
        boolean publishes = phase.equals(RemotePhase.PIPELINE) || phase.equals(Phase.PUBLISH.label());
        if (publishes && Registering.isMissing(open, run)) {
            return false;
        }
        return phase.equals(RemotePhase.PIPELINE)
                ? run.end().filter(end -> end.outcome() == Outcome.DONE).isPresent()
                : run.phase(Phase.named(phase).orElseThrow()).isPresent();
    }

    /**
     * The run that a start goes on with which names none: one that was submitted and never came to a plan, else as
     * anywhere.
     */
    private RunId unfinished(OpenJob open, Submissions submissions, String phase) {
        Optional<RunId> submitted = submissions.newest().stream()
                .filter(s -> s.isOpen() && s.phase().equals(phase))
                .map(Submission::run)
                .findFirst()
                .filter(id -> open.store().run(id).end().isEmpty()
                        && id.start()
                                .plus(open.job().resumeWithin())
                                .isAfter(around.clock().instant()));
        return submitted
                .or(() -> open.store().toTakeUp(open.job().resumeWithin()).map(RunStore::id))
                .orElseGet(open.store()::nextId);
    }

    private static void requirePhase(OpenJob open, String phase) {
        List<Phase> needed = PipelineRunner.phases(open.job());
        if (!phase.equals(RemotePhase.PIPELINE)
                && !needed.contains(Phase.named(phase).orElseThrow())) {
            throw Fault.user(open.file() + ": has no phase " + phase + ": it needs "
                    + String.join(", ", needed.stream().map(Phase::label).toList()));
        }
    }

    /** A state machine has tasks of its own, with their own arguments. */
    private void requireWhole(String phase) {
        if (!phase.equals(RemotePhase.PIPELINE)) {
            throw Fault.user("Invalid --on: step-functions: a state machine runs all phases: leave " + phase
                    + " out, or name the platform that runs it");
        }
        arguments.selectionOptions().keySet().stream().findFirst().ifPresent(option -> {
            throw Fault.user("Invalid " + option + ": a state machine takes what is new: name the platform that runs"
                    + " the phases, for example --on glue");
        });
    }

    private Platform platform(OpenJob open, RemotePhase.On on) {
        RemoteSettings remote = open.job()
                .remote()
                .orElseThrow(
                        () -> Fault.user(open.file() + ": remote: is missing: say where the job is submitted to, for"
                                + " example remote: {glue: {job: millrace}}; conf/<env>.yaml is a good place for it"));
        Predicate<String> exists = uri -> exists(open, uri);
        return switch (on) {
            case GLUE ->
                new GlueJob(remote, remote.glue().orElseThrow(() -> unset(open, "glue", "{job: millrace}")), exists);
            case EMR ->
                new ClusterSteps(
                        remote,
                        remote.emr()
                                .orElseThrow(() ->
                                        unset(open, "emr", "{cluster: j-2AXXXXXXGAPLF, jar: s3://acme/millrace.jar}")),
                        exists,
                        folder -> open.storages()
                                .apply(folder, OpenJob.options(open.job().s3())));
            case EMR_SERVERLESS ->
                new ServerlessApplication(
                        remote,
                        remote.serverless()
                                .orElseThrow(() -> unset(
                                        open,
                                        "emr-serverless",
                                        "{application: 00f1abcd, role: \"arn:aws:iam::111122223333:role/millrace\","
                                                + " jar: s3://acme/millrace.jar}")),
                        exists);
            case BATCH ->
                new BatchQueue(
                        remote,
                        remote.batch()
                                .orElseThrow(() -> unset(
                                        open,
                                        "batch",
                                        "{queue: spark, definition: millrace, jar: /opt/millrace/millrace.jar}")),
                        exists);
            case STEP_FUNCTIONS ->
                new ExecutedMachine(
                        remote,
                        remote.stepFunctions()
                                .orElseThrow(
                                        () -> unset(
                                                open,
                                                "step-functions",
                                                "{machine: \"arn:aws:states:eu-west-1:111122223333:stateMachine:millrace-prod-{job}\"}"))
                                .of(open.job().name()));
        };
    }

    /** Processes that share the units of a phase: the children of an array, which only Batch has. */
    private OptionalInt shares(OpenJob open, RunStore run, String phase, RemotePhase.On on) {
        Optional<Integer> units = open.job()
                .remote()
                .flatMap(RemoteSettings::batch)
                .flatMap(RemoteSettings.Batch::units)
                .filter(n -> on == RemotePhase.On.BATCH);
        boolean reads = List.of(Phase.INFER_SCHEMA, Phase.EXTRACT).stream()
                .anyMatch(reading -> reading.label().equals(phase));
        if (units.isEmpty() || !reads) {
            return OptionalInt.empty();
        }
        // A child that is not the last to count would end there.
        if (phase.equals(Phase.EXTRACT.label()) && run.phase(Phase.INFER_SCHEMA).isEmpty()) {
            throw Fault.user("Phase infer-schema of run " + run.id()
                    + " is not done, and the children of an array do one"
                    + " phase each: run scripts/millrace remote infer-schema " + open.file() + " --on batch first, or"
                    + " leave remote.batch.units out");
        }
        return OptionalInt.of(units.get());
    }

    private static Fault unset(OpenJob open, String key, String example) {
        return Fault.user(open.file() + ": remote." + key + ": is missing: add, for example, remote: {" + key + ": "
                + example + "}");
    }

    private boolean exists(OpenJob open, String uri) {
        return FileLocation.parse(uri, around.base())
                .filter(file -> open.storages()
                        .apply(file.folder().uri(), OpenJob.options(open.job().s3()))
                        .stat(file.name())
                        .isPresent())
                .isPresent();
    }

    /** The job in {@code jobs/} that has submitted a run. */
    private OpenJob holding(RunId id) {
        return StoredRun.jobFiles(around).stream()
                .flatMap(file -> readable(file).stream())
                .filter(open -> !new Submissions(open.staging(), open.job().name())
                        .of(id)
                        .isEmpty())
                .findFirst()
                .orElseThrow(() -> Fault.user("Unknown run: " + id + ": no job file that can be read in jobs/ has"
                        + " submitted it: name its job file, as in scripts/millrace remote jobs/shop.yaml --attach "
                        + id));
    }

    private Optional<OpenJob> readable(String file) {
        try {
            return Optional.of(OpenJob.load(file, arguments.env(), arguments.settings(), around));
        } catch (Fault unreadable) {
            return Optional.empty(); // What is wrong with a job file that may not be the one is not what was asked.
        }
    }

    private String attach(OpenJob open, RunId id) {
        return "scripts/millrace remote " + open.given() + " --attach " + id;
    }

    private String again(OpenJob open, Submission submission) {
        return "scripts/millrace remote " + submission.phase() + " " + open.given() + " --on " + submission.platform()
                + " --run " + submission.run();
    }
}
