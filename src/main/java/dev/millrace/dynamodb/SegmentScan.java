package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import dev.millrace.json.JsonTape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;

/**
 * One segment of a table, page by page. While a page is worked on, the next one is fetched.
 *
 * <p>Pages that come broken and requests that fail are asked for again at the same place, with pauses that grow; once
 * the {@link Patience} is at its end the segment fails by name. A request that is refused for its rate is no failure: it
 * slows the meter down. Credentials that have expired are fetched anew. A segment only ends when the table is still the
 * one that it belongs to.
 */
final class SegmentScan implements AutoCloseable {
    private static final int RENEWALS = 5;

    private final TableAccess access;
    private final Supplier<DynamoDbClient> clients;
    private final ReadMeter meter;
    private final Patience patience;
    private final Segment segment;
    private final ScanRequest first;
    private final JsonTape tape = new JsonTape();
    private final ExecutorService fetcher = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "scan ahead");
        thread.setDaemon(true);
        return thread;
    });
    private volatile DynamoDbClient client;
    private Optional<Future<Page>> ahead;

    /**
     * Begins a segment.
     *
     * @param clients opens a client that asks once, with the credentials of now
     * @param meter that all requests pass
     */
    SegmentScan(TableScan scan, Supplier<DynamoDbClient> clients, ReadMeter meter, Patience patience, Segment segment) {
        this.access = scan.access();
        this.clients = clients;
        this.meter = meter;
        this.patience = patience;
        this.segment = segment;
        this.first = request(scan, segment);
        this.client = clients.get();
        this.ahead = Optional.of(fetcher.submit(() -> fetch(Map.of())));
    }

    private static ScanRequest request(TableScan scan, Segment segment) {
        TableAccess access = scan.access();
        ScanRequest.Builder request = ScanRequest.builder()
                .tableName(access.table())
                .segment(segment.index())
                .totalSegments(segment.all())
                .consistentRead(access.consistent())
                .returnConsumedCapacity(ReturnConsumedCapacity.TOTAL);
        if (!access.projection().isEmpty()) {
            // Attribute names may hold dots and be reserved words: each gets a place holder.
            Map<String, String> names = new HashMap<>();
            List<String> holders = new ArrayList<>();
            Set<String> attributes = new LinkedHashSet<>(scan.keys());
            attributes.addAll(access.projection());
            for (String attribute : attributes) {
                String holder = "#a" + holders.size();
                names.put(holder, attribute);
                holders.add(holder);
            }
            request.expressionAttributeNames(names).projectionExpression(String.join(",", holders));
        }
        return request.build();
    }

    /** The next page, or empty after the last one. Pages without items occur. */
    Optional<Page> next() {
        if (ahead.isEmpty()) {
            return Optional.empty();
        }
        try {
            Page page = ahead.get().get();
            ahead = page.lastKey().isEmpty()
                    ? Optional.empty()
                    : Optional.of(fetcher.submit(() -> fetch(page.lastKey())));
            return Optional.of(page);
        } catch (ExecutionException e) {
            throw Fault.in(e).orElseGet(() -> Fault.world(access + ": " + segment + " failed", e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world(access + ": " + segment + " was interrupted", e);
        }
    }

    private Page fetch(Map<String, AttributeValue> from) throws InterruptedException {
        if (from.isEmpty()) {
            requireSameTable();
        }
        Page page = answer(() -> page(from));
        if (page.lastKey().isEmpty()) {
            requireSameTable();
        }
        return page;
    }

    /** Ids never come back: where the table has its id at the end of a scan, all was read from it. */
    private void requireSameTable() throws InterruptedException {
        if (!segment.table().isEmpty()) {
            answer(() -> TableDescription.ask(access, client)).requireId(segment.table(), access);
        }
    }

    private Page page(Map<String, AttributeValue> from) throws Page.BrokenPage, InterruptedException {
        ReadMeter.Request request = meter.next();
        RawBody.Holder holder = new RawBody.Holder();
        try {
            client.scan(first.toBuilder()
                    .exclusiveStartKey(from.isEmpty() ? null : from)
                    .limit(request.limit().isPresent() ? request.limit().getAsInt() : null)
                    .overrideConfiguration(o -> o.putExecutionAttribute(RawBody.HOLDER, holder))
                    .build());
            Page page = Page.cut(holder.body(), tape);
            if (!from.isEmpty() && page.lastKey().equals(from)) {
                throw new Page.BrokenPage("a page ends where it begins, at " + from.keySet());
            }
            request.answered(page.consumed().doubleValue(), page.items());
            return page;
        } catch (SdkServiceException e) {
            if (DynamoDbClients.isThrottled(e)) {
                request.throttled();
            } else {
                request.refused();
            }
            throw e;
        } finally {
            request.lost();
        }
    }

    private interface Question<T> {
        T ask() throws Page.BrokenPage, InterruptedException;
    }

    /** The answer to a question that is asked until the patience is at its end. */
    private <T> T answer(Question<T> question) throws InterruptedException {
        int broken = 0;
        int failures = 0;
        int renewals = 0;
        int throttles = 0;
        long begun = meter.ticker().nanos();
        while (true) {
            try {
                return question.ask();
            } catch (Page.BrokenPage e) {
                broken++;
                if (broken == patience.broken()) {
                    throw Fault.world(
                            access + ": " + segment + " failed " + broken + " times, the last time because "
                                    + e.getMessage() + ": run the same command again",
                            e);
                }
                pause(broken);
            } catch (ResourceNotFoundException e) {
                throw Fault.world(
                        access + " was deleted while it was read (" + segment
                                + "): run the same command again when there "
                                + "is such a table: one that was created anew is read by a new run",
                        e);
            } catch (SdkException e) {
                if (DynamoDbClients.isThrottled(e)) {
                    throttles++;
                    requireMovement(begun, e);
                    pause(throttles);
                } else if (DynamoDbClients.isExpired(e) && renewals < RENEWALS) {
                    renewals++;
                    renew();
                    pause(renewals);
                } else {
                    failures++;
                    if (failures == patience.attempts() || !isPassing(e)) {
                        throw DynamoDbClients.told(access, " (" + segment + ", attempt " + failures + ")", e);
                    }
                    pause(failures);
                }
            }
        }
    }

    /** Gives up only when no task has read anything for long. */
    private void requireMovement(long begun, SdkException refused) {
        long nanos = Math.min(meter.ticker().nanos() - begun, meter.idle().toNanos());
        if (nanos >= patience.stalled().toNanos()) {
            throw DynamoDbClients.told(
                    access,
                    " (" + segment + ", nothing read for " + patience.stalled().toSeconds() + " s)",
                    refused);
        }
    }

    private void renew() {
        DynamoDbClient old = client;
        client = clients.get();
        old.close();
    }

    /** Whether the same request may succeed later. */
    private static boolean isPassing(SdkException failure) {
        boolean ofServer = failure instanceof SdkServiceException service
                && (service.isThrottlingException() || service.isClockSkewException() || service.statusCode() >= 500);
        return failure.retryable() || ofServer;
    }

    private void pause(int failures) throws InterruptedException {
        long most = patience.pause(failures).toNanos();
        if (most > 0) {
            meter.ticker().sleep(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
        }
    }

    @Override
    public void close() {
        fetcher.shutdownNow();
        client.close();
    }
}
