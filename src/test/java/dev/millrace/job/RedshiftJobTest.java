package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.PostgresServer;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.duckdb.DuckDbOptions;
import dev.millrace.warehouse.duckdb.DuckDbWarehouse;
import dev.millrace.warehouse.redshift.RedshiftFront;
import dev.millrace.warehouse.redshift.RedshiftWarehouse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The shop's job with its landing on S3, from where Redshift's driver has it copied. */
@ExtendWith(SharedSpark.class)
class RedshiftJobTest {
    private static final String TABLE = "redshift-job-test";

    @TempDir(factory = InMemory.class)
    private static Path folder;

    @Test
    void theSameJobFillsRedshiftWithTheSameRows() throws IOException {
        ShopJob.fill(TABLE, 200);
        ShopJob duckDb = new ShopJob(folder.resolve("duckdb"), TABLE, 2);
        assertThat(duckDb.run().exitCode()).isZero();

        String database = RedshiftFront.newDatabase();
        int port = RedshiftFront.front().port();
        String staging = "s3://" + S3Server.newBucket() + "/staging";
        ShopJob redshift = new ShopJob(folder.resolve("redshift"), TABLE, 2, staging, S3Server.options());
        redshift.setVariable("SHOP_PASSWORD", PostgresServer.PASSWORD);
        String text = Files.readString(redshift.file());
        Files.writeString(
                redshift.file(),
                text.replace(
                        "duckdb: {path: " + redshift.database() + "}",
                        "redshift: {host: 127.0.0.1, port: " + port + ", database: " + database
                                + ", user: " + RedshiftFront.USER
                                + ", password: \"${env:SHOP_PASSWORD}\", tls: disable,"
                                + " iam-role: default, tables: {orders: {diststyle: even}}}"));
        Storage s3 = Storages.open(staging, S3Server.options());
        PostgresServer.execute(
                database, PostgresServer.ADMIN, "UPDATE public.user_info SET syslog_access = 'RESTRICTED'");
        StoredJob.Ended sightless = redshift.run();
        assertThat(sightless.exitCode()).isEqualTo(1);
        assertThat(sightless.output()).contains("does not see what others do, and lacks SYSLOG ACCESS UNRESTRICTED");
        // It is told before the source is read.
        assertThat(s3.list("shop/runs/")).isEmpty();
        PostgresServer.execute(
                database, PostgresServer.ADMIN, "UPDATE public.user_info SET syslog_access = 'UNRESTRICTED'");
        StoredJob.Ended ended = redshift.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(ended.output()).contains("127.0.0.1:" + port + "/" + database + " (Redshift, schema shop)");
        try (Warehouse one = new DuckDbWarehouse(duckDb.database(), "shop", DuckDbOptions.DEFAULT);
                Warehouse other = new RedshiftWarehouse(RedshiftFront.options(port, database), "shop")) {
            PostgresJobTest.assertSameRows(one, other);
        }
        assertThat(s3.list("shop/runs/")).anyMatch(file -> file.path().contains("/copy/orders/"));
    }
}
