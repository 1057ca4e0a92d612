package dev.millrace.job;

import dev.millrace.config.DynamoDbSource;
import dev.millrace.config.FileSource;
import dev.millrace.config.Job;
import dev.millrace.config.JobFile;
import dev.millrace.config.SnapshotSource;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.LandingManifests;
import dev.millrace.run.Commit;
import dev.millrace.run.Lease;
import dev.millrace.run.Outcome;
import dev.millrace.run.Overlap;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.PhaseState;
import dev.millrace.run.Plan;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.Recorder;
import dev.millrace.run.ResolvedJob;
import dev.millrace.run.RunEnd;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableRecord;
import dev.millrace.warehouse.Warehouse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs phases of a job, in order: the ones wanted that are not done. What each phase commits is all that the next one
 * needs, so a run may be stopped anywhere and taken up again, here or elsewhere.
 */
final class PipelineRunner {
    private static final Logger LOG = LoggerFactory.getLogger(PipelineRunner.class);

    /** How a run stands when its process ends. */
    enum Result {
        /** All its phases are done. */
        DONE,
        /** It had ended before this process began. */
        DONE_BEFORE,
        /** The phases wanted are done, others are not. */
        PHASES_DONE,
        /** Units that other processes took are not done. */
        UNITS_MISSING
    }

    /**
     * What is told of a run at its end.
     *
     * @param context the run's
     * @param result how it stands
     * @param unregistered why what it published is not registered in the lake's catalog, where that is so
     */
    record Ended(RunContext context, Result result, Optional<Fault> unregistered) {}

    private final Surroundings around;
    private final Selection selection;

    PipelineRunner(Surroundings around) {
        this(around, Selection.NEW);
    }

    /** @param selection what of its source a new run takes */
    PipelineRunner(Surroundings around, Selection selection) {
        this.around = around;
        this.selection = selection;
    }

    /**
     * Runs phases of a job.
     *
     * @param run to work on; else the unfinished one or a new one
     * @param units the share of the run's units to do
     * @param wanted phases to do; none: all that the job file needs
     * @return empty where there is no run, because the source has nothing new
     * @throws Fault by its kind, with the run's record saying the same
     */
    Optional<Ended> run(OpenJob open, Optional<RunId> run, Arguments.Share units, List<Phase> wanted) {
        return run(open, run, units, wanted, Optional.empty());
    }

    /**
     * Makes rows anew of items that an earlier run has read: all phases of a new run, or of one that began so.
     *
     * @param handover asked when a new run begins
     */
    Ended again(OpenJob open, Supplier<Handover> handover) {
        return run(open, Optional.empty(), Arguments.Share.ALL, List.of(), Optional.of(handover))
                .orElseThrow();
    }

    private Optional<Ended> run(
            OpenJob open,
            Optional<RunId> run,
            Arguments.Share units,
            List<Phase> wanted,
            Optional<Supplier<Handover>> handover) {
        List<Phase> phases = phases(open.job());
        for (Phase phase : wanted) {
            if (!phases.contains(phase)) {
                String needed = loads(phase) ? "warehouse" : "lake";
                throw Fault.user(open.file() + ": " + needed + ": is missing: phase " + phase.label() + " needs one");
            }
        }
        requireRunFor(wanted, run, open);
        if (reads(wanted)) {
            requireReader(open);
        }
        if (replacesAnyway(open)) {
            open.store().live().forget();
        }
        if (wanted.isEmpty() || wanted.stream().anyMatch(PipelineRunner::loads)) {
            requireWarehouse(open);
        }
        boolean looksAtLake = open.isAddingToLake() && wanted.contains(Phase.EXTRACT);
        if (wanted.isEmpty() || wanted.contains(Phase.COMPACT) || wanted.contains(Phase.PUBLISH) || looksAtLake) {
            open.requireReachableLake();
        }
        try (Sparks spark = new Sparks(open.job().name(), open::reachLake)) {
            while (true) {
                // Whoever did the run that was waited for has read what there was then: it is looked for anew.
                boolean isNewOfFiles = isNewOfFiles(open, run);
                try (LazySource source = new LazySource(open, selection, around)) {
                    // A phase that reads nothing begins no run: the one that is named had nothing to read.
                    if (isNewOfFiles && (!reads(wanted) || source.get().isEmpty())) {
                        return Optional.empty();
                    }
                    Optional<Ended> ended =
                            run(open, run, units, wanted.isEmpty() ? phases : wanted, handover, source, spark);
                    if (ended.isPresent()) {
                        return ended;
                    }
                }
            }
        }
    }

    /**
     * Whether a run begins that reads files: only then something of its source can be selected, or nothing be there.
     */
    private boolean isNewOfFiles(OpenJob open, Optional<RunId> named) {
        if (!(open.job().source() instanceof FileSource)) {
            (replacesAnyway(open) ? Selection.NEW : selection)
                    .requireNone(
                            open.job().source() instanceof SnapshotSource
                                    ? "a snapshot is read whole"
                                    : "a DynamoDB table is read whole");
            return false;
        }
        Optional<RunStore> begun = named.isPresent()
                ? named.map(open.store()::run).filter(store -> store.findPlan().isPresent())
                : open.store().toTakeUp(open.job().resumeWithin());
        begun.ifPresent(unfinished -> selection.requireNone("run " + unfinished.id()
                + " has begun without it: finish that one first, by scripts/millrace local " + open.file()));
        return begun.isEmpty();
    }

    /** Whether {@code --again} means that the warehouse is replaced also by what is live already. */
    private boolean replacesAnyway(OpenJob open) {
        return selection.equals(Selection.AGAIN) && open.job().warehouse().isPresent();
    }

    /** Empty when the run that was taken up had ended before the lock was free. */
    private Optional<Ended> run(
            OpenJob open,
            Optional<RunId> named,
            Arguments.Share units,
            List<Phase> wanted,
            Optional<Supplier<Handover>> handover,
            Supplier<JobSource> source,
            Sparks spark) {
        String json = JobFile.toJson(open.job().withoutRemote());
        List<Phase> phases = phases(open.job());
        RunStore run = open.store()
                .begin(
                        named,
                        open.job().resumeWithin(),
                        new ResolvedJob(json, planned -> OpenJob.rewritten(planned, around)),
                        id -> plan(open, id, json, handover, source));
        if (handover.isPresent() && run.plan().input().isEmpty()) {
            throw Fault.world("Run " + run.id() + " of job " + open.job().name() + " began at the same time: it reads "
                    + "the table anew, so wait for its end and look at its quarantine");
        }
        boolean share = units.count() > 1;
        try (Lease lease = acquire(open, run, named.isEmpty(), share)) {
            Optional<RunEnd> end = run.end();
            if (end.isPresent() && named.isEmpty()) {
                return Optional.empty();
            }
            // A run that has ended keeps its record as it is.
            Optional<Recorder> recorder = share || end.isPresent()
                    ? Optional.empty()
                    : Optional.of(run.recorder(open.job().name(), phases));
            RunContext context = new RunContext(open, run, run.plan(), units, spark, recorder);
            if (end.isPresent()) {
                requireDone(run.id(), end.get());
                return Optional.of(new Ended(context, Result.DONE_BEFORE, registered(context, wanted)));
            }
            Optional<String> replaced = replacedTable(context, wanted, source);
            if (replaced.isPresent()) {
                open.store().abandon(run, replaced.get());
                if (named.isPresent()) {
                    throw Fault.world("Run " + run.id() + " is abandoned: " + replaced.get()
                            + ": start a new one by leaving --run out");
                }
                LOG.warn("Run {} is abandoned, a new one begins: {}", run.id(), replaced.get());
                return Optional.empty();
            }
            Result result = run(context, lease, wanted, source);
            return Optional.of(new Ended(context, result, registered(context, wanted)));
        }
    }

    /** Registers what the run has published, where nobody has; also where an earlier process had not come to it. */
    private static Optional<Fault> registered(RunContext context, List<Phase> wanted) {
        return wanted.contains(Phase.PUBLISH) && Registering.isMissing(context.open(), context.run())
                ? Registering.afterPublish(context)
                : Optional.empty();
    }

    /**
     * Why a run cannot be read to its end: its table is gone and another one has the name, here or in the region that
     * is meant now; or its snapshot is another by now. Empty where that is not so, or nothing is to be read any more.
     */
    private static Optional<String> replacedTable(RunContext context, List<Phase> wanted, Supplier<JobSource> source) {
        boolean reads = List.of(Phase.INFER_SCHEMA, Phase.EXTRACT).stream()
                .anyMatch(phase ->
                        wanted.contains(phase) && context.run().phase(phase).isEmpty());
        if (!reads || source.get().isSpooled(context)) {
            return Optional.empty();
        }
        return source.get().difference(context.run());
    }

    private Plan plan(
            OpenJob open, RunId id, String json, Optional<Supplier<Handover>> handover, Supplier<JobSource> source) {
        Optional<Handover> taken = handover.map(Supplier::get);
        List<PlannedUnit> units = taken.map(Handover::units)
                .orElseGet(() -> source.get().units(open.store().run(id)));
        return new Plan(
                Plan.FORMAT,
                id,
                open.job().name(),
                json,
                phases(open.job()),
                units,
                taken.map(Handover::input),
                Optional.of(around.clock().instant()),
                Optional.of(open.store().ledger().last().map(Commit::n).orElse(0L)));
    }

    private Lease acquire(OpenJob open, RunStore run, boolean found, boolean share) {
        try {
            return open.store()
                    .lock()
                    .acquire(run.id(), ThisProcess.name(), overlap(open.job()), share, ThisProcess::isDead);
        } catch (Fault fault) {
            // Planned by us a moment ago, while another began too: nobody shall take it up later. Unless that other one
            // has found our plan and is at work on it, before it has written the record.
            if (fault.kind() == Fault.Kind.HELD
                    && found
                    && !open.store().lock().heldBy().equals(Optional.of(run.id()))
                    && run.record().isEmpty()) {
                open.store().abandon(run, "another run held the job");
            }
            throw fault;
        }
    }

    private static void requireDone(RunId run, RunEnd end) {
        if (end.outcome() != Outcome.DONE) {
            String accept = acceptance(run, end)
                    .map(command -> ", or let this one pass by " + command)
                    .orElse("");
            throw Fault.user("Run " + run + " has ended: " + end.outcome() + ": " + end.reason()
                    + ": start a new one by leaving --run out" + accept);
        }
    }

    /** What brings a run to its end that others wait for. */
    static String remedy(RunStore run) {
        Optional<RunEnd> end = run.end().filter(e -> e.outcome() != Outcome.DONE);
        return end.map(e -> ": it has ended: " + e.outcome() + ": " + e.reason()
                        + acceptance(run.id(), e)
                                .map(command -> ": let it pass by " + command)
                                .orElse(""))
                .orElse(". Finish that one first, by scripts/millrace resume " + run.id());
    }

    /** The command that lets a run pass the gates that have refused it. */
    private static Optional<String> acceptance(RunId run, RunEnd end) {
        return end.rules()
                .filter(rules -> !rules.isEmpty())
                .map(rules -> "scripts/millrace accept " + run + " --gate " + String.join(" --gate ", rules)
                        + " --reason TEXT");
    }

    /** The phases that a job file needs, in order. */
    static List<Phase> phases(Job job) {
        List<Phase> phases = new ArrayList<>(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT));
        if (job.lake().isPresent()) {
            phases.addAll(List.of(Phase.COMPACT, Phase.PUBLISH));
        }
        if (job.warehouse().isPresent()) {
            phases.addAll(List.of(Phase.PREPARE, Phase.UPLOAD, Phase.REPLACE));
        }
        return phases;
    }

    /** Phases after extract work on a run that exists; a new one would hold nothing for them. */
    private static void requireRunFor(List<Phase> wanted, Optional<RunId> run, OpenJob open) {
        if (!reads(wanted) && run.isEmpty() && open.store().unfinished().isEmpty()) {
            throw Fault.user("Job " + open.job().name() + " has no unfinished run for phase "
                    + wanted.get(0).label() + ": run infer-schema and extract first, or name a run by --run");
        }
    }

    private static boolean loads(Phase phase) {
        return switch (phase) {
            case INFER_SCHEMA, EXTRACT, COMPACT, PUBLISH -> false;
            case PREPARE, UPLOAD, REPLACE -> true;
        };
    }

    /** Whether units are read; none wanted means all phases. */
    private static boolean reads(List<Phase> wanted) {
        return wanted.isEmpty() || wanted.contains(Phase.INFER_SCHEMA) || wanted.contains(Phase.EXTRACT);
    }

    private static void requireReader(OpenJob open) {
        if (open.job().source() instanceof DynamoDbSource source
                && source.reader() == DynamoDbSource.Reader.AUDIENCEPROJECT) {
            AudienceProject.require(open.file());
        }
    }

    /**
     * A warehouse that cannot be used, or is another job's, is told before the table is read, which costs. One that the
     * last run could use is left asleep: it may be that this run brings nothing else.
     */
    private static void requireWarehouse(OpenJob open) {
        if (open.job().warehouse().isPresent() && SameAsLive.known(open).isEmpty()) {
            try (Warehouse warehouse = open.openWarehouse()) {
                warehouse.live().ifPresent(open::requireOwn);
                warehouse.requireUsable();
            }
        }
    }

    private Result run(RunContext context, Lease lease, List<Phase> wanted, Supplier<JobSource> source) {
        RunStore run = context.run();
        for (Phase phase : context.plan().phases()) {
            Optional<PhaseCommit> commit = run.phase(phase);
            if (commit.isPresent()) {
                recordDone(context, phase, commit.get());
            } else if (wanted.contains(phase)) {
                context.requireNotGivenUp();
                lease.requireHeld();
                // Here, not in the phase: a mistake of the command line does not end the run.
                context.plan().phases().stream()
                        .takeWhile(earlier -> earlier != phase)
                        .forEach(context::require);
                if (run(context, phase, source).isEmpty()) {
                    return Result.UNITS_MISSING;
                }
            }
        }
        boolean all =
                context.plan().phases().stream().allMatch(p -> run.phase(p).isPresent());
        if (!all) {
            return Result.PHASES_DONE;
        }
        // The record first: a run that has ended is not taken up, so nobody would complete it.
        context.record(r -> r.ended(Outcome.DONE, ""));
        RunEnd end = run.finish(Outcome.DONE, "");
        if (end.outcome() != Outcome.DONE) {
            context.record(r -> r.ended(end.outcome(), end.reason()));
            context.requireNotGivenUp();
        }
        enforceLifetimes(context);
        return Result.DONE;
    }

    private Optional<PhaseCommit> run(RunContext context, Phase phase, Supplier<JobSource> source) {
        // What this process lacks, such as a key in its environment, is no mistake of the run's.
        PhaseWork work = work(phase, source);
        try {
            if (reads(List.of(phase))) {
                Plan plan = context.plan();
                plan.input().ifPresent(input -> new Handover(input, plan.units()).to(context.run(), context.open()));
            }
            Optional<PhaseCommit> commit = work.run(context);
            commit.ifPresent(done -> recordDone(context, phase, done));
            return commit;
        } catch (Exception | Error failure) { // Spark throws exceptions that are checked and that nobody declares.
            Optional<Fault> fault = Fault.in(failure);
            String message = fault.map(Fault::getMessage).orElseGet(failure::toString);
            try {
                context.record(r -> r.phaseFailed(phase, message));
                end(
                        context,
                        fault.map(Fault::kind).orElse(Fault.Kind.WORLD),
                        message,
                        fault.map(Fault::rules).orElse(List.of()));
            } catch (RuntimeException second) {
                failure.addSuppressed(second);
            }
            if (fault.isPresent() && isPastReturn(context)) {
                throw advised(context, fault.get());
            }
            throw failure;
        }
    }

    /** What nobody else would bring has to be brought, or given up by a person. */
    private static Fault advised(RunContext context, Fault fault) {
        return switch (fault.kind()) {
            case WORLD, USER ->
                fault.with("What run " + context.run().id()
                        + " has read is committed, and the next start goes on with it."
                        + " Where what is wrong cannot be mended, give it up by scripts/millrace abandon "
                        + StoredRun.argument(context.open(), context.run().id())
                        + " --reason TEXT: then the next run reads that again");
            case SPOILED, GATE, SUPERSEDED, HELD -> fault;
        };
    }

    /** Whoever committed the phase may have been stopped before it was recorded. */
    private static void recordDone(RunContext context, Phase phase, PhaseCommit commit) {
        context.record(recorder -> {
            boolean recorded = recorder.record()
                    .phase(phase)
                    .filter(r -> r.state() == PhaseState.DONE || r.state() == PhaseState.SKIPPED)
                    .isPresent();
            if (!recorded) {
                if (phase == Phase.EXTRACT) {
                    recordTables(context, recorder, commit);
                }
                if (phase == Phase.PUBLISH) {
                    recordPublished(recorder, commit);
                }
                if (phase == Phase.REPLACE) {
                    recorder.warehouse(context.open().warehouseName());
                }
                Optional<RunId> same = SameAsLive.in(commit);
                same.ifPresent(recorder::unchanged);
                if (same.isPresent()) {
                    recorder.phaseSkipped(phase);
                } else {
                    recorder.phaseDone(phase);
                }
            }
        });
    }

    private static void end(RunContext context, Fault.Kind kind, String message, List<String> rules) {
        switch (kind) {
            case GATE -> {
                context.record(r -> r.ended(Outcome.REFUSED, message));
                context.run().finish(Outcome.REFUSED, message, rules);
                enforceLifetimes(context);
            }
            case SUPERSEDED -> {
                context.record(r -> r.ended(Outcome.SUPERSEDED, message));
                context.run().finish(Outcome.SUPERSEDED, message);
            }
            case USER, SPOILED -> {
                if (isPastReturn(context)) {
                    context.record(r -> r.ended(Outcome.FAILED, message));
                    return;
                }
                // What mends it is another job file, which this run would not take, or another run.
                context.record(r -> r.ended(Outcome.ABANDONED, message));
                context.open().store().abandon(context.run(), message);
            }
            // The run itself has not ended: it can be taken up again.
            case WORLD, HELD -> context.record(r -> r.ended(Outcome.FAILED, message));
        }
    }

    /**
     * Whether nobody else would bring what the run has committed: it has to be finished, once what is wrong is mended.
     * The ledger tells: a process may have been stopped before its phase said so.
     */
    private static boolean isPastReturn(RunContext context) {
        return context.open().store().committed(context.run()).isPresent();
    }

    /** What cannot be removed now is removed by the next run: it changes nothing of this one's end. */
    private static void enforceLifetimes(RunContext context) {
        try {
            context.open()
                    .store()
                    .enforceLifetimes(
                            context.open().job().staging().keep(), context.run().id());
        } catch (Fault fault) {
            LOG.warn(
                    "Run {} has ended, but not all that older runs left could be removed: {}",
                    context.run().id(),
                    fault.getMessage());
        }
    }

    private PhaseWork work(Phase phase, Supplier<JobSource> source) {
        return switch (phase) {
            case INFER_SCHEMA -> new InferSchemaWork(source.get(), around.clock());
            case EXTRACT -> new ExtractWork(source.get());
            case COMPACT -> new CompactWork();
            case PUBLISH -> new PublishWork(source);
            case PREPARE -> new PrepareWork();
            case UPLOAD -> new UploadWork();
            case REPLACE -> new ReplaceWork();
        };
    }

    private static void recordPublished(Recorder recorder, PhaseCommit published) {
        published.counts().keySet().forEach(table -> {
            TableRecord landed = recorder.record().tables().get(table);
            recorder.table(table, PublishWork.recorded(published, table, landed));
        });
    }

    private static void recordTables(RunContext context, Recorder recorder, PhaseCommit extracted) {
        for (String table : extracted.counts().keySet()) {
            if (!table.equals(LandedRun.QUARANTINE)) {
                LandedTable landed = LandingManifests.read(
                        context.run().storage(), LandingManifests.folder(LandedRun.dataFolder(context, table)));
                recorder.table(
                        table,
                        new TableRecord(
                                landed.counts(), landed.files().size(), landed.bytes(), landed.schemaVersion()));
            }
        }
    }

    private static Overlap overlap(Job job) {
        return switch (job.overlap()) {
            case SKIP -> Overlap.SKIP;
            case WAIT -> Overlap.WAIT;
        };
    }

    /** What a job reads, found when it is first needed. */
    private static final class LazySource implements Supplier<JobSource>, AutoCloseable {
        private final OpenJob open;
        private final Selection selection;
        private final Surroundings around;
        private Optional<JobSource> found = Optional.empty();

        LazySource(OpenJob open, Selection selection, Surroundings around) {
            this.open = open;
            this.selection = selection;
            this.around = around;
        }

        @Override
        public JobSource get() {
            if (found.isEmpty()) {
                found = Optional.of(JobSource.open(open, selection, around));
            }
            return found.get();
        }

        @Override
        public void close() {
            found.ifPresent(JobSource::close);
        }
    }
}
