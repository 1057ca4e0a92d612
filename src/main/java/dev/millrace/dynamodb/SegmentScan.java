package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import dev.millrace.json.JsonTape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 * grow to {@link #LONGEST_PAUSE}; after {@link #ATTEMPTS} the segment fails by name.
 */
final class SegmentScan implements AutoCloseable {
    private static final int ATTEMPTS = 10;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private final TableAccess access;
    private final DynamoDbClient client;
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
    SegmentScan(TableAccess access, List<String> keys, DynamoDbClient client, int segment, int segments) {
        this.access = access;
        this.client = client;
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
            List<String> attributes = new ArrayList<>(keys);
            access.projection().stream().filter(a -> !keys.contains(a)).forEach(attributes::add);
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
                return Page.cut(holder.body(), tape);
            } catch (Page.BrokenPage e) {
                if (attempt == ATTEMPTS) {
                    throw Fault.world(
                            access + ": " + name + " failed " + attempt + " times, the last time because "
                                    + e.getMessage(),
                            e);
                }
            } catch (SdkException e) {
                if (attempt == ATTEMPTS || !isPassing(e)) {
                    Fault told = DynamoDbClients.told(access, e);
                    throw Fault.world(told.getMessage() + " (" + name + ", attempt " + attempt + ")", e);
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

    private static void pause(int attempt) throws InterruptedException {
        long most = Math.min(LONGEST_PAUSE.toMillis(), 50L << attempt);
        Thread.sleep(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
    }

    @Override
    public void close() {
        fetcher.shutdownNow();
    }
}
