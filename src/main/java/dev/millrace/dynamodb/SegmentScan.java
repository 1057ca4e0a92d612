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
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;

/**
 * One segment of a table, page by page. While a page is worked on, the next one is fetched.
 *
 * <p>Pages that come broken, and requests that are throttled, are asked for again at the same place, with pauses that
 * grow; once the {@link Patience} is at its end the segment fails by name.
 */
final class SegmentScan implements AutoCloseable {
    private static final long FIRST_PAUSE_MILLIS = 100;

    private final TableAccess access;
    private final DynamoDbClient client;
    private final Patience patience;
    private final String name;
    private final ScanRequest first;
    private final JsonTape tape = new JsonTape();
    private final ExecutorService fetcher = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "scan ahead");
        thread.setDaemon(true);
        return thread;
    });
    private Optional<Future<Page>> ahead;

    /** Begins segment {@code segment}, counted from 0, of {@code segments}. */
    SegmentScan(
            TableAccess access,
            List<String> keys,
            DynamoDbClient client,
            Patience patience,
            int segment,
            int segments) {
        this.access = access;
        this.client = client;
        this.patience = patience;
        this.name = "segment " + segment + " of " + segments;
        this.first = request(access, keys, segment, segments);
        this.ahead = Optional.of(fetcher.submit(() -> fetch(Map.of())));
    }

    private static ScanRequest request(TableAccess access, List<String> keys, int segment, int segments) {
        ScanRequest.Builder request = ScanRequest.builder()
                .tableName(access.table())
                .segment(segment)
                .totalSegments(segments)
                .consistentRead(access.consistent())
                .returnConsumedCapacity(ReturnConsumedCapacity.TOTAL);
        if (!access.projection().isEmpty()) {
            // Attribute names may hold dots and be reserved words: each gets a place holder.
            Map<String, String> names = new HashMap<>();
            List<String> holders = new ArrayList<>();
            Set<String> attributes = new LinkedHashSet<>(keys);
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
            throw Fault.in(e).orElseGet(() -> Fault.world(access + ": " + name + " failed", e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world(access + ": " + name + " was interrupted", e);
        }
    }

    private Page fetch(Map<String, AttributeValue> from) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            RawBody.Holder holder = new RawBody.Holder();
            try {
                client.scan(first.toBuilder()
                        .exclusiveStartKey(from.isEmpty() ? null : from)
                        .overrideConfiguration(o -> o.putExecutionAttribute(RawBody.HOLDER, holder))
                        .build());
                Page page = Page.cut(holder.body(), tape);
                if (!from.isEmpty() && page.lastKey().equals(from)) {
                    throw new Page.BrokenPage("a page ends where it begins, at " + from.keySet());
                }
                return page;
            } catch (Page.BrokenPage e) {
                if (attempt == patience.outer()) {
                    throw Fault.world(
                            access + ": " + name + " failed " + attempt + " times, the last time because "
                                    + e.getMessage() + ": run the same command again",
                            e);
                }
            } catch (SdkException e) {
                if (attempt == patience.outer() || !isPassing(e)) {
                    throw DynamoDbClients.told(access, " (" + name + ", attempt " + attempt + ")", e);
                }
            }
            pause(attempt);
        }
    }

    /** Whether the same request may succeed later, after the SDK's own retries. */
    private static boolean isPassing(SdkException failure) {
        boolean ofServer = failure instanceof SdkServiceException service
                && (service.isThrottlingException() || service.statusCode() >= 500);
        return failure.retryable() || ofServer;
    }

    private void pause(int attempt) throws InterruptedException {
        if (patience.waits()) {
            long most = Math.min(patience.longestPause().toMillis(), FIRST_PAUSE_MILLIS << Math.min(attempt - 1, 20));
            Thread.sleep(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
        }
    }

    @Override
    public void close() {
        fetcher.shutdownNow();
    }
}
