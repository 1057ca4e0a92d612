package dev.millrace.warehouse.postgres;

import dev.millrace.fault.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Work on several connections at once. The first failure ends all, each after the piece it is at. */
final class Streams {
    /** One piece of work, on a stream's connection. */
    interface Work<T> {
        void run(PostgresSession session, T piece);
    }

    private final int streams;

    Streams(int streams) {
        this.streams = streams;
    }

    <T> void run(List<T> pieces, Supplier<PostgresSession> sessions, Work<T> work) {
        if (pieces.isEmpty()) {
            return;
        }
        Queue<T> waiting = new ConcurrentLinkedQueue<>(pieces);
        int count = Math.min(streams, pieces.size());
        if (count == 1) {
            drain(waiting, sessions, work);
            return;
        }
        ExecutorService pool = Executors.newFixedThreadPool(count);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                all.add(pool.submit(() -> drain(waiting, sessions, work)));
            }
            for (Future<?> stream : all) {
                stream.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("The upload was interrupted: run again");
        } finally {
            pool.shutdown();
            awaitEnd(pool);
        }
    }

    /** Nobody is told of a failure while another stream still works. */
    private static void awaitEnd(ExecutorService pool) {
        try {
            while (!pool.awaitTermination(1, TimeUnit.MINUTES)) {
                Thread.onSpinWait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static <T> void drain(Queue<T> waiting, Supplier<PostgresSession> sessions, Work<T> work) {
        boolean isDone = false;
        try (PostgresSession session = sessions.get()) {
            for (T piece = waiting.poll(); piece != null; piece = waiting.poll()) {
                work.run(session, piece);
            }
            isDone = true;
        } finally {
            if (!isDone) {
                waiting.clear();
            }
        }
    }
}
