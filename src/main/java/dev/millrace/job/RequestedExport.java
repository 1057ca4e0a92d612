package dev.millrace.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.config.FileLocation;
import dev.millrace.config.Location;
import dev.millrace.config.SnapshotSource.ExportRequest;
import dev.millrace.dynamodb.DynamoDbClients;
import dev.millrace.dynamodb.TableAccess;
import dev.millrace.dynamodb.TableExport;
import dev.millrace.fault.Fault;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunEnd;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.SourceType;
import dev.millrace.storage.Storage;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The export of a DynamoDB table that a run has made. What is asked for is written to the run's folder before it is asked
 * for, and the export's name once it is known: a run that is stopped meanwhile finds its export again, and so does the
 * next run of the job, if that one had come no further.
 */
final class RequestedExport {
    private static final Logger LOG = LoggerFactory.getLogger(RequestedExport.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int FORMAT = 1;
    private static final String FILE = "export.json";

    private final OpenJob open;
    private final ExportRequest settings;
    private final TableAccess access;
    private final Clock clock;

    RequestedExport(OpenJob open, ExportRequest settings, Clock clock) {
        this.open = open;
        this.settings = settings;
        this.access = DynamoDbClients.located(new TableAccess(
                settings.table(),
                settings.region().orElse(""),
                settings.endpoint().map(URI::toString).orElse(""),
                settings.role().orElse(""),
                settings.externalId().orElse(""),
                false,
                List.of()));
        this.clock = clock;
    }

    /**
     * What a run asks for.
     *
     * @param table that is exported
     * @param to the folder that exports are written below
     * @param token by which DynamoDB knows the request again
     * @param asked when it was first asked for
     * @param arn the export's, once it is known
     */
    private record Request(TableExport.Table table, Location to, String token, Instant asked, Optional<String> arn) {
        Request of(String found) {
            return new Request(table, to, token, asked, Optional.of(found));
        }

        byte[] json() {
            ObjectNode root = JSON.createObjectNode()
                    .put("format", FORMAT)
                    .put("table", table.arn())
                    .put("to", to.uri())
                    .put("token", token)
                    .put("asked", asked.toString());
            ArrayNode keys = root.putArray("keys");
            table.keys()
                    .forEach(key -> keys.addObject()
                            .put("name", key.name())
                            .put("type", key.type().name()));
            arn.ifPresent(known -> root.put("export", known));
            try {
                return JSON.writeValueAsBytes(root);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }

        static Request parse(String uri, byte[] json) {
            try {
                JsonNode root = JSON.readTree(new String(json, StandardCharsets.UTF_8));
                List<KeyAttribute> keys = new ArrayList<>();
                root.path("keys")
                        .forEach(key -> keys.add(new KeyAttribute(
                                key.path("name").asText(),
                                SourceType.valueOf(key.path("type").asText()))));
                return new Request(
                        new TableExport.Table(root.path("table").asText(), keys),
                        new Location(root.path("to").asText()),
                        root.path("token").asText(),
                        Instant.parse(root.path("asked").asText()),
                        Optional.ofNullable(root.path("export").textValue()));
            } catch (JsonProcessingException | RuntimeException e) {
                throw Fault.world("Cannot read " + uri + ": it is damaged (" + e.getMessage() + ")", e);
            }
        }

        FileLocation summary() {
            String folder = to.uri() + "AWSDynamoDB/" + TableExport.id(arn.orElseThrow()) + "/";
            return new FileLocation(new Location(folder), "manifest-summary.json");
        }
    }

    /** The summary of a run's export, which has it made and waits for it when there is none yet. */
    FileLocation made(RunStore run) {
        Optional<Request> known = find(run);
        try (TableExport exports = TableExport.open(access);
                ProgressLine line = ProgressLine.start("export " + settings.table(), 1)) {
            Request request = known.or(() -> adopted(run, exports)).orElseGet(() -> begun(run, exports));
            if (request.arn().isEmpty()) {
                Request asked = request;
                // Whoever was stopped here may have asked, longer ago than DynamoDB remembers the token for.
                Optional<String> before =
                        known.isEmpty() ? Optional.empty() : exports.find(asked.table(), asked.token(), asked.asked());
                request = keep(run, asked.of(before.orElseGet(() -> asked(asked, exports))));
            }
            LOG.info("Waiting for export {} to {}", request.arn().orElseThrow(), settings.to());
            exports.await(request.arn().orElseThrow());
            line.add(1, 0, 0);
            return request.summary();
        }
    }

    /** The summary of the export that a run has had made; empty where it was not, or is there no more. */
    Optional<FileLocation> there(RunStore run, Function<String, Storage> storages) {
        return find(run)
                .filter(request -> request.arn().isPresent())
                .map(Request::summary)
                .filter(summary -> storages.apply(summary.folder().uri())
                        .stat(summary.name())
                        .isPresent());
    }

    /** The keys of the table, partition key first. */
    List<KeyAttribute> keys(RunStore run) {
        return find(run).map(request -> request.table().keys()).orElseGet(this::keys);
    }

    List<KeyAttribute> keys() {
        try (TableExport exports = TableExport.open(access)) {
            return exports.describe().keys();
        }
    }

    @Override
    public String toString() {
        return access.toString();
    }

    private static Optional<Request> find(RunStore run) {
        String path = run.path(FILE);
        return run.storage().find(path).map(file -> Request.parse(run.storage().uri(path), file.content()));
    }

    private static Request keep(RunStore run, Request request) {
        run.storage().put(run.path(FILE), request.json());
        return request;
    }

    private static Request first(RunStore run, Request mine) {
        return run.storage().putIfAbsent(run.path(FILE), mine.json())
                ? mine
                : find(run).orElseThrow();
    }

    private Request begun(RunStore run, TableExport exports) {
        String token = UUID.nameUUIDFromBytes((open.job().name() + "/" + run.id()).getBytes(StandardCharsets.UTF_8))
                .toString();
        return first(run, new Request(exports.describe(), settings.to(), token, clock.instant(), Optional.empty()));
    }

    private String asked(Request request, TableExport exports) {
        String place = request.to().uri().substring("s3://".length());
        int slash = place.indexOf('/');
        String prefix = place.substring(slash + 1);
        return exports.request(
                request.table(),
                request.token(),
                place.substring(0, slash),
                prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1),
                OpenJob.options(open.job().s3()));
    }

    /**
     * The request of an earlier run that was stopped before it had a plan: its export is this run's, if it is not done
     * yet, or as young as a run is that is taken up.
     */
    private Optional<Request> adopted(RunStore run, TableExport exports) {
        Set<String> used = new HashSet<>();
        List<RunId> runs = open.store().runs();
        for (int i = runs.size() - 1; i >= 0; i--) {
            RunStore other = open.store().run(runs.get(i));
            Optional<RunEnd> end = other.end();
            if (end.filter(e -> e.outcome() == Outcome.DONE).isPresent()) {
                return Optional.empty();
            }
            Optional<Request> request = find(other)
                    .filter(r -> r.to().equals(settings.to())
                            && r.table().arn().endsWith("/" + settings.table())
                            && !other.id().equals(run.id()));
            if (end.isPresent() || other.findPlan().isPresent()) {
                request.ifPresent(r -> used.add(r.token()));
                continue;
            }
            Optional<Request> found = request.filter(r -> !used.contains(r.token()))
                    .flatMap(r -> r.arn()
                            .or(() -> exports.find(r.table(), r.token(), r.asked()))
                            .map(r::of))
                    .filter(r -> isOfUse(r, exports));
            if (found.isPresent()) {
                LOG.info("Run {} takes the export that run {} had asked for", run.id(), other.id());
                return Optional.of(first(run, found.get()));
            }
        }
        return Optional.empty();
    }

    private boolean isOfUse(Request request, TableExport exports) {
        boolean isYoung = request.asked().plus(open.job().resumeWithin()).isAfter(clock.instant());
        return switch (exports.state(request.arn().orElseThrow())) {
            case IN_PROGRESS -> true;
            case COMPLETED -> isYoung;
            case FAILED -> false;
        };
    }
}
