package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lake.Accesses.Access;
import dev.millrace.storage.Storage;
import dev.millrace.testing.S3Front;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.apache.spark.sql.delta.DeltaOperations;
import org.apache.spark.sql.delta.OptimisticTransaction;
import org.apache.spark.sql.delta.storage.DelegatingLogStore;
import org.apache.spark.sql.delta.storage.LogStore;
import org.apache.spark.sql.delta.storage.LogStoreAdaptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import scala.Option;
import scala.collection.JavaConverters;

@ExtendWith(SharedSpark.class)
class S3LogStoreTest {
    private static final List<Access> ACCESSES =
            List.of(Access.of("a1", "f1", "2026-11-20"), Access.of("a2", "f1", "2026-11-21"));
    private static final String TABLE = "access_record/";

    /** Stores that share nothing but the bucket. */
    @Test
    void grantsAVersionToOneOfManyDrivers() throws Exception {
        int drivers = 6;
        int versions = 10;
        Storage log = OnS3.storage("a table/_delta_log/");
        CyclicBarrier together = new CyclicBarrier(drivers);
        List<Callable<List<Integer>>> attempts = new ArrayList<>();
        for (int driver = 0; driver < drivers; driver++) {
            String name = "driver " + driver;
            attempts.add(() -> {
                Configuration hadoop = new Configuration();
                S3a.configure(hadoop, bucket(log), S3Server.options(), true);
                S3LogStore store = new S3LogStore(hadoop);
                List<Integer> won = new ArrayList<>();
                for (int version = 0; version < versions; version++) {
                    together.await();
                    if (isWritten(store, hadoop, path(log, version), name)) {
                        won.add(version);
                    }
                }
                return won;
            });
        }
        List<Integer> won = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(drivers);
        try {
            int driver = 0;
            for (Future<List<Integer>> done : threads.invokeAll(attempts)) {
                String name = "driver " + driver++;
                assertThat(done.get())
                        .allSatisfy(version -> assertThat(
                                        log.find(file(version)).orElseThrow().utf8())
                                .isEqualTo(name + "\nsecond line of " + name + "\n"));
                won.addAll(done.get());
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(won).hasSize(versions).doesNotHaveDuplicates();
    }

    private static boolean isWritten(S3LogStore store, Configuration hadoop, Path path, String name) {
        try {
            store.write(path, List.of(name, "second line of " + name).iterator(), false, hadoop);
            return true;
        } catch (FileAlreadyExistsException another) {
            assertThat(another).hasMessage(path.toString());
            return false;
        }
    }

    private static String bucket(Storage storage) {
        return java.net.URI.create(storage.root().replace(" ", "%20")).getHost();
    }

    private static String file(int version) {
        return "%020d.json".formatted(version);
    }

    private static Path path(Storage log, int version) {
        return new Path(LakePath.hadoop(log, file(version)));
    }

    @ParameterizedTest
    @EnumSource(names = {"LOSE_ANSWER", "ERROR_AFTER", "CONFLICT"})
    void aCommitWhoseFirstAnswerIsWrongIsMadeOnce(S3Front.Fault fault) {
        SparkSession spark = SharedSpark.session();
        Accesses job = OnS3.job(spark);
        Publication publication =
                job.publication(Accesses.run(1), 1, Optional.empty(), job.land(Accesses.run(1), List.of(ACCESSES)));
        S3Server.front()
                .breakNext(
                        request -> request.startsWith("PUT /" + bucket(job.lake) + "/")
                                && request.endsWith("_delta_log/" + file(0)),
                        fault);

        Published published = new DeltaPublisher(spark, job.lake, TABLE).publish(publication);

        assertThat(published.at()).isEqualTo("version 0");
        assertThat(published.isRepeated()).isFalse();
        assertThat(logStore(job.lake)).isInstanceOf(S3LogStore.class);
        assertThat(job.lake.names(TABLE + "_delta_log/")).contains(file(0)).doesNotContain(file(1));
        assertThat(Readers.spark(spark, LakePath.hadoop(job.lake, TABLE))).isEqualTo(Accesses.texts(ACCESSES));
    }

    /** What Delta has taken for a table. */
    private static io.delta.storage.LogStore logStore(Storage lake) {
        DeltaLog log = DeltaLog.forTable(Readers.deltaSession(SharedSpark.session()), LakePath.hadoop(lake, TABLE));
        LogStore delegate = ((DelegatingLogStore) log.store()).getDelegate(log.logPath());
        return ((LogStoreAdaptor) delegate).logStoreImpl();
    }

    /** As in another process: Delta's memory of the table is taken from this one meanwhile. */
    @Test
    void aDriverThatMeetsTheCommitOfAnotherGoesOnFromThere(SparkSession spark) {
        Accesses job = OnS3.job(spark);
        DeltaPublisher publisher = new DeltaPublisher(spark, job.lake, TABLE);
        publisher.publish(
                job.publication(Accesses.run(1), 1, Optional.empty(), job.land(Accesses.run(1), List.of(ACCESSES))));
        List<Access> more = List.of(Access.of("b1", "f2", "2026-11-22"));
        SparkSession delta = Readers.deltaSession(spark);
        DeltaLog one = DeltaLog.forTable(delta, LakePath.hadoop(job.lake, TABLE));
        OptimisticTransaction late = one.startTransaction(Option.empty(), Option.empty());
        DeltaLog.clearCache();

        Published published = publisher.publish(
                job.publication(Accesses.run(2), 2, Optional.of(1L), job.land(Accesses.run(2), List.of(more))));
        SparkSession.setActiveSession(delta);
        long version = late.commit(
                JavaConverters.asScalaBuffer(List.of(DeltaTransactions.action(DeltaTransactions.read(
                                "{\"txn\":{\"appId\":\"another\",\"version\":7,\"lastUpdated\":1}}"))))
                        .toSeq(),
                new DeltaOperations.Write(SaveMode.Append, Option.empty(), Option.empty(), Option.empty()));

        assertThat(published.at()).isEqualTo("version 1");
        assertThat(version).isEqualTo(2);
        List<Access> all = new ArrayList<>(ACCESSES);
        all.addAll(more);
        assertThat(Readers.spark(spark, LakePath.hadoop(job.lake, TABLE))).isEqualTo(Accesses.texts(all));
    }

    @Test
    void readersNeedNoCommitsBeforeACheckpoint(SparkSession spark) {
        Accesses job = OnS3.job(spark);
        DeltaPublisher publisher = new DeltaPublisher(spark, job.lake, TABLE);
        for (int n = 1; n <= 2; n++) {
            publisher.publish(job.publication(
                    Accesses.run(n),
                    n,
                    n == 1 ? Optional.empty() : Optional.of(n - 1L),
                    job.land(Accesses.run(n), List.of(ACCESSES.subList(n - 1, n)))));
        }
        String path = LakePath.hadoop(job.lake, TABLE);
        DeltaLog log = DeltaLog.forTable(Readers.deltaSession(spark), path);
        log.checkpoint(log.update(false, Option.empty(), Option.empty()), Option.empty());
        DeltaLog.clearCache();
        job.lake.delete(List.of(TABLE + "_delta_log/" + file(0)));

        assertThat(job.lake.names(TABLE + "_delta_log/"))
                .contains("_last_checkpoint", "00000000000000000001.checkpoint.parquet");
        assertThat(Readers.spark(spark, path)).isEqualTo(Accesses.texts(ACCESSES));
    }
}
