package dev.millrace.lake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.PartitionPath;
import dev.millrace.landing.ScalaLists;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Column;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.DeltaOperations;
import org.apache.spark.sql.delta.OptimisticTransaction;
import org.apache.spark.sql.delta.actions.Action;
import org.apache.spark.sql.delta.actions.Metadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;

/**
 * The part of {@link DeltaPublisher} that speaks to Delta. Actions are made and read as the JSON of Delta's protocol,
 * which changes less than Delta's classes.
 */
final class DeltaTransactions {
    private static final Logger LOG = LoggerFactory.getLogger(DeltaTransactions.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LOG_FOLDER = "_delta_log/";
    private static final String PHASE = "publish";
    private static final int TRIES = 20;

    private final SparkSession spark;
    private final Storage lake;
    private final String folder;

    DeltaTransactions(SparkSession spark, Storage lake, String folder) {
        this.spark = spark;
        this.lake = lake;
        this.folder = folder;
    }

    Published publish(Publication publication) {
        String application =
                "millrace/" + publication.job() + "/" + publication.table().name();
        for (int tries = 1; ; tries++) {
            try {
                OptimisticTransaction transaction = DeltaLog.forTable(spark, LakePath.hadoop(lake, folder))
                        .startTransaction(Option.empty(), Option.empty());
                long last = transaction.txnVersion(application);
                if (last >= publication.n()) {
                    return repeated(publication, application);
                }
                requirePrevious(publication, last);
                return commit(publication, transaction, application);
            } catch (ConcurrentModificationException another) {
                if (tries == TRIES) {
                    throw Fault.world(
                            "Table " + lake.uri(folder) + " is changed by others all the time: gave up after " + tries
                                    + " attempts, the last met this: "
                                    + another.getMessage().lines().findFirst().orElse(""),
                            another);
                }
                LOG.info("Table {}: another transaction was first, once more", lake.uri(folder));
            }
        }
    }

    private void requirePrevious(Publication publication, long last) {
        if (publication.previous().isPresent() && last < publication.previous().get()) {
            throw Fault.world("Commit " + publication.previous().get() + " is not in table " + lake.uri(folder)
                    + " yet: it has to be published before commit " + publication.n());
        }
    }

    private Published commit(Publication publication, OptimisticTransaction transaction, String application) {
        LandedTable table = publication.table();
        DeltaShape shape = DeltaShape.of(transaction.metadata(), transaction.readVersion() < 0, lake.uri(folder));
        Optional<Metadata> metadata = shape.with(table).map(json -> (Metadata) action(json));
        List<ObjectNode> present = Change.needsPresent(publication) ? present(transaction) : List.of();
        Map<String, ObjectNode> byPath = new HashMap<>();
        present.forEach(add -> byPath.put(folder + decoded(add.get("path").textValue()), add));
        TableFiles target = new TableFiles(lake, folder, shape.columns(), shape.partitions());
        Change change = Change.plan(
                spark, publication, target, List.copyOf(files(byPath)), PHASE + "@" + transaction.readVersion());

        List<Action> actions = new ArrayList<>();
        for (Rewrite.Rewritten rewritten : change.replacements()) {
            actions.add(action(removal(byPath.get(rewritten.touched().path()))));
        }
        for (DataFile file : change.added()) {
            String below = PartitionPath.below(table.partitions(), file.path());
            StoredFile brought = lake.bring(publication.staging(), file.path(), folder + below);
            actions.add(action(addition(table.partitions(), below, file, brought)));
        }
        actions.add(action(node(
                "txn",
                txn -> txn.put("appId", application)
                        .put("version", publication.n())
                        .put("lastUpdated", System.currentTimeMillis()))));
        metadata.ifPresent(changed -> transaction.updateMetadata(changed, false));
        long version =
                transaction.commit(ScalaLists.seq(actions), operation(table, told(publication, application, change)));
        return new Published(
                change.rows(),
                change.duplicates(),
                change.replaced(),
                change.added().size(),
                "version " + version,
                false);
    }

    /** Files that the table has, as the protocol's JSON. As many objects as files. */
    private List<ObjectNode> present(OptimisticTransaction transaction) {
        List<ObjectNode> present = new ArrayList<>();
        for (Object file : ScalaLists.list(transaction.filterFiles())) {
            ObjectNode add = (ObjectNode) read(((Action) file).json()).get("add");
            if (add.hasNonNull("deletionVector")) {
                throw Fault.user(
                        "Rows of table " + lake.uri(folder) + " cannot be replaced: it has deletion vectors. Run"
                                + " REORG TABLE ... APPLY (PURGE) and set delta.enableDeletionVectors = false");
            }
            present.add(add);
        }
        return present;
    }

    private static List<DataFile> files(Map<String, ObjectNode> byPath) {
        List<DataFile> files = new ArrayList<>();
        byPath.forEach(
                (path, add) -> files.add(new DataFile("", path, add.get("size").longValue(), 0, "")));
        files.sort(java.util.Comparator.comparing(DataFile::path));
        return files;
    }

    private static DeltaOperations.Operation operation(LandedTable table, String told) {
        return new DeltaOperations.Write(
                SaveMode.Append,
                Option.apply(ScalaLists.seq(
                        table.partitions().stream().map(Column::name).toList())),
                Option.empty(),
                Option.apply(told));
    }

    private static ObjectNode addition(List<Column> partitions, String below, DataFile file, StoredFile brought) {
        return node("add", add -> {
            add.put("path", encoded(below));
            ObjectNode values = add.putObject("partitionValues");
            List<Optional<String>> texts = PartitionPath.values(partitions, below);
            for (int i = 0; i < partitions.size(); i++) {
                values.put(partitions.get(i).name(), texts.get(i).orElse(null));
            }
            add.put("size", brought.bytes());
            add.put("modificationTime", brought.modified().toEpochMilli());
            add.put("dataChange", true);
            add.put("stats", "{\"numRecords\":" + file.rows() + "}");
        });
    }

    private static ObjectNode removal(ObjectNode added) {
        return node("remove", remove -> {
            remove.set("path", added.get("path"));
            remove.put("deletionTimestamp", System.currentTimeMillis());
            remove.put("dataChange", true);
            remove.put("extendedFileMetadata", true);
            remove.set("partitionValues", added.get("partitionValues"));
            remove.set("size", added.get("size"));
        });
    }

    private static ObjectNode node(String name, Consumer<ObjectNode> fields) {
        ObjectNode root = JSON.createObjectNode();
        fields.accept(root.putObject(name));
        return root;
    }

    static Action action(JsonNode json) {
        return org.apache.spark.sql.delta.actions.Action$.MODULE$.fromJson(json.toString());
    }

    static JsonNode read(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Delta gave this as JSON: " + json, e);
        }
    }

    /** A path as the protocol writes it: relative and percent-encoded once more. */
    private static String encoded(String path) {
        try {
            return new URI(null, null, path, null).getRawPath();
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(path, e);
        }
    }

    private static String decoded(String path) {
        URI uri = URI.create(path);
        if (uri.isAbsolute() || path.startsWith("/")) {
            throw Fault.user("Rows of a table cannot be replaced that has files elsewhere: " + path
                    + ". Is it a shallow clone? Publish to a table of its own");
        }
        return uri.getPath();
    }

    /** What the transaction tells of itself, for attempts that come after it. */
    private static String told(Publication publication, String application, Change change) {
        return JSON.createObjectNode()
                .put("application", application)
                .put("commit", publication.n())
                .put("run", publication.run().value())
                .put("rows", change.rows())
                .put("duplicates", change.duplicates())
                .put("replaced", change.replaced())
                .put("files", change.added().size())
                .toString();
    }

    /** What the attempt did that was first, from the newest transactions backwards. */
    private Published repeated(Publication publication, String application) {
        List<String> names = lake.names(folder + LOG_FOLDER).stream()
                .filter(name -> name.matches("\\d{20}\\.json"))
                .toList();
        for (int i = names.size() - 1; i >= 0; i--) {
            String path = folder + LOG_FOLDER + names.get(i);
            String content = lake.find(path)
                    .map(file -> new String(file.content(), StandardCharsets.UTF_8))
                    .orElse("");
            Optional<JsonNode> told = content.lines()
                    .filter(line -> line.contains("\"commitInfo\""))
                    .map(line ->
                            read(line).path("commitInfo").path("userMetadata").asText(""))
                    .filter(text -> text.startsWith("{"))
                    .map(DeltaTransactions::read)
                    .filter(json -> json.path("application").asText().equals(application)
                            && json.path("commit").asLong() == publication.n())
                    .findFirst();
            if (told.isPresent()) {
                publication.requireOwn(told.get().path("run").asText(), lake.uri(path));
                long version = Long.parseLong(names.get(i).substring(0, 20));
                return new Published(
                        told.get().path("rows").asLong(),
                        told.get().path("duplicates").asLong(),
                        told.get().path("replaced").asLong(),
                        told.get().path("files").asInt(),
                        "version " + version,
                        true);
            }
        }
        throw Fault.world("Table " + lake.uri(folder) + " has commit " + publication.n() + " of " + application
                + " or a later one, but its log does not say what that did: was the log cleaned?");
    }
}
