package dev.millrace.job;

import dev.millrace.config.DynamoDbSource;
import dev.millrace.config.Job;
import dev.millrace.config.SchemaSettings;
import dev.millrace.config.SnapshotSource;
import dev.millrace.config.StagingSettings;
import dev.millrace.dynamodb.DynamoDbClients;
import dev.millrace.dynamodb.ReadBudget;
import dev.millrace.dynamodb.Spool;
import dev.millrace.dynamodb.SpoolKey;
import dev.millrace.dynamodb.SpoolSource;
import dev.millrace.dynamodb.TableAccess;
import dev.millrace.dynamodb.TableDescription;
import dev.millrace.dynamodb.TableScan;
import dev.millrace.fault.Fault;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunStore;
import dev.millrace.sample.EmbeddedDynamoDb;
import dev.millrace.sample.ShopSample;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import dev.millrace.table.TableDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/** A job's DynamoDB table, found and described. */
final class TableSource implements JobSource {
    private final Job job;
    private final TableAccess access;
    private final TableDescription description;
    private final SpoolKey spoolKey;
    private final Optional<EmbeddedDynamoDb.KeepAlive> embedded;

    private TableSource(
            Job job,
            TableAccess access,
            TableDescription description,
            SpoolKey spoolKey,
            Optional<EmbeddedDynamoDb.KeepAlive> embedded) {
        this.job = job;
        this.access = access;
        this.description = description;
        this.spoolKey = spoolKey;
        this.embedded = embedded;
    }

    /**
     * Finds a job's table; the embedded server is started and filled when it is not.
     *
     * @throws Fault of kind WORLD when the table cannot be read
     */
    static TableSource open(Job job, Surroundings around) {
        DynamoDbSource source = dynamoDb(job);
        SpoolKey key = spoolKey(job, around);
        if (!source.isEmbedded()) {
            return described(job, remote(job, source), key, Optional.empty());
        }
        EmbeddedDynamoDb server = SampleServer.open(around);
        EmbeddedDynamoDb.Server running = SampleServer.started(server);
        EmbeddedDynamoDb.KeepAlive alive = server.keepAlive();
        if (source.sample().isPresent()) {
            fill(source.table(), running);
        }
        return described(job, embedded(job, source, running), key, Optional.of(alive));
    }

    /**
     * A job's table as it is, for looking at. Nothing is started or filled: empty where a run would do that.
     *
     * @throws Fault of kind WORLD when the table cannot be described
     */
    static Optional<TableSource> look(Job job, Surroundings around) {
        DynamoDbSource source = dynamoDb(job);
        if (!source.isEmbedded()) {
            return Optional.of(described(job, remote(job, source), SpoolKey.NONE, Optional.empty()));
        }
        Optional<EmbeddedDynamoDb.Server> running = SampleServer.open(around).find();
        if (running.isEmpty() || (source.sample().isPresent() && !holds(running.get(), source.table()))) {
            return Optional.empty();
        }
        return Optional.of(described(job, embedded(job, source, running.get()), SpoolKey.NONE, Optional.empty()));
    }

    /**
     * The source of a job that reads DynamoDB.
     *
     * @throws Fault of kind USER for a job of another source
     */
    static DynamoDbSource dynamoDb(Job job) {
        if (job.source() instanceof DynamoDbSource source) {
            return source;
        }
        throw Fault.user("Job " + job.name() + " reads no DynamoDB table: its source is one of files");
    }

    private static boolean holds(EmbeddedDynamoDb.Server server, String table) {
        try (DynamoDbClient client = EmbeddedDynamoDb.client(server.endpoint())) {
            return client.listTablesPaginator().tableNames().stream().anyMatch(table::equals);
        }
    }

    private static TableSource described(
            Job job, TableAccess access, SpoolKey key, Optional<EmbeddedDynamoDb.KeepAlive> embedded) {
        return new TableSource(job, access, TableDescription.load(access), key, embedded);
    }

    private static TableAccess remote(Job job, DynamoDbSource source) {
        String endpoint = source.endpoint()
                .map(e -> ((DynamoDbSource.At) e).uri().toString())
                .orElse("");
        return DynamoDbClients.located(access(job, source, source.region().orElse(""), endpoint));
    }

    private static TableAccess embedded(Job job, DynamoDbSource source, EmbeddedDynamoDb.Server server) {
        return access(
                job, source, EmbeddedDynamoDb.REGION.id(), server.endpoint().toString());
    }

    private static void fill(String table, EmbeddedDynamoDb.Server server) {
        try (DynamoDbClient client = EmbeddedDynamoDb.client(server.endpoint());
                FillProgress progress = new FillProgress()) {
            ShopSample.fillIfMissing(client, table, ShopSample.SEED, ShopSample.ITEMS, progress::written);
        }
    }

    /** Shows a fill; nothing where the table is full already. */
    private static final class FillProgress implements AutoCloseable {
        private Optional<ProgressLine> line = Optional.empty();
        private long shown;

        /** Told the number of items so far, by several threads. */
        synchronized void written(long items) {
            if (line.isEmpty()) {
                line = Optional.of(ProgressLine.start("filling the sample", 1));
            }
            line.get().add(0, Math.max(0, items - shown), 0);
            shown = Math.max(shown, items);
        }

        @Override
        public synchronized void close() {
            line.ifPresent(shownLine -> {
                shownLine.add(1, 0, 0);
                shownLine.close();
            });
        }
    }

    private static TableAccess access(Job job, DynamoDbSource source, String region, String endpoint) {
        return new TableAccess(
                source.table(),
                region,
                endpoint,
                source.role().orElse(""),
                source.externalId().orElse(""),
                source.consistent(),
                projection(job, source));
    }

    /** What tells an item's kind is always read. */
    private static List<String> projection(Job job, DynamoDbSource source) {
        List<String> projection = new ArrayList<>(source.projection());
        boolean byAttribute = job.schema().kind() instanceof SchemaSettings.KindAttribute;
        if (!projection.isEmpty() && byAttribute) {
            String attribute = ((SchemaSettings.KindAttribute) job.schema().kind()).attribute();
            if (!projection.contains(attribute)) {
                projection.add(attribute);
            }
        }
        return projection;
    }

    private static SpoolKey spoolKey(Job job, Surroundings around) {
        return job.staging()
                .spoolKey()
                .map(ref ->
                        SpoolKey.of(StagingSettings.decodeSpoolKey(ref.resolve(around.environment(), Secrets::find))))
                .orElse(SpoolKey.NONE);
    }

    List<KeyAttribute> keys() {
        return description.keys();
    }

    @Override
    public boolean isEmpty() {
        return false;
    }

    @Override
    public List<PlannedUnit> units(RunStore run) {
        return units();
    }

    /** The units of a new run. */
    List<PlannedUnit> units() {
        int tasks = Runtime.getRuntime().availableProcessors();
        return Spool.units(description.segments(tasks, settings().segments()), description.id());
    }

    @Override
    public boolean isSpooled(RunContext context) {
        return context.plan().input().isPresent()
                || context.run().units().units(Spool.PHASE).size()
                        == context.plan().units().size();
    }

    @Override
    public SourceReading reading(RunContext context) {
        return TableReading.of(context, this);
    }

    @Override
    public Optional<String> difference(RunStore run) {
        return difference(run.plan().units().get(0));
    }

    /** How the table is another than the one that a unit was planned for; empty where it is the same. */
    Optional<String> difference(PlannedUnit unit) {
        return Spool.tableId(unit)
                .filter(planned -> !planned.equals(description.id()))
                .map(planned -> access + " has the id " + description.id()
                        + ", the table that the run was planned for had " + planned
                        + ": it was deleted and created anew, or is of another region. The two are not mixed");
    }

    TableAccess access() {
        return access;
    }

    TableDescription description() {
        return description;
    }

    DynamoDbSource settings() {
        return dynamoDb(job);
    }

    /** A run's spool, read within a budget. */
    Spool spool(RunStore run, ReadBudget budget) {
        return new Spool(
                run.storage(),
                run.path("spool/AWSDynamoDB/" + run.id() + "/"),
                run.units(),
                new TableScan(access, keys().stream().map(KeyAttribute::name).toList(), budget, run.reads()),
                spoolKey);
    }

    /** Before units are read: where another reader than ours is wanted, it reads those that are not in the spool. */
    void fill(Spool spool, RunContext context, List<PlannedUnit> units, ReadLimits limits) {
        switch (settings().reader()) {
            case MILLRACE -> {}
            case AUDIENCEPROJECT ->
                AudienceProject.fill(
                        context.spark().get(),
                        spool,
                        access,
                        limits.unitsPerSecond() / context.share().count(),
                        context.plan().units(),
                        units);
        }
    }

    /** What tells an item's kind. */
    private KindRule kindRule() {
        return kindRule(job);
    }

    /** What tells the kind of what a job reads; folders of tables, which each run has others of, are left out. */
    static KindRule kindRule(Job job) {
        SchemaSettings.KindRule rule = job.schema().kind();
        if (rule instanceof SchemaSettings.KindAttribute by) {
            return new KindRule.ByAttribute(by.attribute());
        }
        if (rule instanceof SchemaSettings.KindPatterns by) {
            return new KindRule.ByPatterns(by.patterns().entrySet().stream()
                    .map(p -> new KindRule.KindPattern(p.getKey(), p.getValue()))
                    .toList());
        }
        if (job.source() instanceof SnapshotSource snapshot && snapshot.hasTables()) {
            return new KindRule.ByFolder(Map.of());
        }
        return new KindRule.Single(job.onlyKind());
    }

    @Override
    public Optional<DataSchema> given() {
        return Optional.empty();
    }

    @Override
    public DataSchema unknown() {
        return DataSchema.none(keys());
    }

    @Override
    public ShredPlan shredding(DataSchema schema, RunStore run) {
        return ShredPlan.of(schema, kindRule(), job.tables(), expiry(run));
    }

    @Override
    public TableDefinition quarantine() {
        return SpoolSource.QUARANTINE;
    }

    @Override
    public CensusTaker.Settings census(RunStore run) {
        return new CensusTaker.Settings(
                kindRule(),
                ShredPlan.redactions(job.tables()),
                keys(),
                job.schema().sample().fraction(),
                expiry(run));
    }

    /** When an item has expired, seen from a run's start. */
    private ShredPlan.Expiry expiry(RunStore run) {
        return settings()
                .expire()
                .map(attribute -> new ShredPlan.Expiry(attribute, run.began().getEpochSecond()))
                .orElse(ShredPlan.Expiry.NEVER);
    }

    /** With one kind, all but the table's own name. */
    @Override
    public List<String> kindMistakes(String file) {
        List<String> mistakes = new ArrayList<>();
        if (kindRule() instanceof KindRule.Single single) {
            for (String kind : job.tables().keySet()) {
                if (!kind.equals(single.kind())) {
                    mistakes.add(file + ": tables." + kind + ": the table has one kind, " + single.kind()
                            + ": name that, or set schema.kind");
                }
            }
        }
        return mistakes;
    }

    @Override
    public void close() {
        embedded.ifPresent(EmbeddedDynamoDb.KeepAlive::close);
    }
}
