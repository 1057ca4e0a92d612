package dev.millrace.sample;

import dev.millrace.fault.Fault;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/** Writes items to a table in batches, a few at a time. */
final class ItemWriter {
    /** What one BatchWriteItem request may hold. */
    private static final int BATCH_ITEMS = 25;

    private static final int THREADS = 4;
    private static final int ATTEMPTS = 12;

    private final DynamoDbClient client;
    private final String table;

    ItemWriter(DynamoDbClient client, String table) {
        this.client = client;
        this.table = table;
    }

    /**
     * Writes all items and returns their number. No two may have the same key.
     *
     * @param progress told the number of items written so far, from several threads
     */
    long write(Stream<Map<String, AttributeValue>> items, LongConsumer progress) {
        Iterator<Map<String, AttributeValue>> left = items.iterator();
        AtomicLong written = new AtomicLong();
        AtomicBoolean failed = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                writers.add(threads.submit(() -> {
                    try {
                        List<WriteRequest> batch = next(left);
                        while (!batch.isEmpty() && !failed.get()) {
                            write(batch);
                            progress.accept(written.addAndGet(batch.size()));
                            batch = next(left);
                        }
                    } catch (RuntimeException e) {
                        failed.set(true);
                        throw e;
                    }
                }));
            }
            for (Future<?> writer : writers) {
                writer.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Interrupted while items were written to table " + table, e);
        } finally {
            threads.shutdownNow();
        }
        return written.get();
    }

    private static List<WriteRequest> next(Iterator<Map<String, AttributeValue>> left) {
        List<WriteRequest> batch = new ArrayList<>(BATCH_ITEMS);
        synchronized (left) {
            while (batch.size() < BATCH_ITEMS && left.hasNext()) {
                Map<String, AttributeValue> item = left.next();
                batch.add(
                        WriteRequest.builder().putRequest(put -> put.item(item)).build());
            }
        }
        return batch;
    }

    private void write(List<WriteRequest> batch) {
        List<WriteRequest> left = batch;
        for (int attempt = 0; !left.isEmpty(); attempt++) {
            if (attempt == ATTEMPTS) {
                throw Fault.world("Table " + table + " did not take " + left.size() + " of " + batch.size()
                        + " items in " + ATTEMPTS + " attempts: give it more write capacity and try again");
            }
            if (attempt > 0) {
                pause(attempt);
            }
            left = client.batchWriteItem(BatchWriteItemRequest.builder()
                            .requestItems(Map.of(table, left))
                            .build())
                    .unprocessedItems()
                    .getOrDefault(table, List.of());
        }
    }

    private void pause(int attempt) {
        try {
            TimeUnit.MILLISECONDS.sleep(Math.min(5_000, 10L << attempt));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Interrupted while items were written to table " + table, e);
        }
    }
}
