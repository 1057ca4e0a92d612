package dev.millrace.warehouse.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.config.WarehouseSettings.Dependents;
import dev.millrace.config.WarehouseSettings.Postgres;
import dev.millrace.config.WarehouseSettings.Tls;
import dev.millrace.fault.Fault;
import dev.millrace.testing.Certificates;
import dev.millrace.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the connection is protected, against a server with a certificate, and against one without TLS. */
class PostgresTlsTest {
    @TempDir
    private static Path folder;

    private static String database;

    @BeforeAll
    static void makeDatabase() {
        database = PostgresServer.newDatabase();
    }

    private static PostgresWarehouse warehouse(String host, Tls tls, Optional<Path> certificates) {
        return new PostgresWarehouse(
                new PostgresOptions(
                        new Postgres(
                                host,
                                PostgresServer.port(),
                                database,
                                PostgresServer.LOADER,
                                Optional.empty(),
                                tls,
                                certificates,
                                1,
                                Duration.ofSeconds(10),
                                Dependents.RECREATE),
                        Optional.of(PostgresServer.PASSWORD)),
                "shop");
    }

    private static String refused(String host, Tls tls, Optional<Path> certificates) {
        Fault fault = catchThrowableOfType(
                Fault.class, () -> warehouse(host, tls, certificates).live());
        assertThat(fault.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(fault.getMessage())
                .startsWith("Cannot connect: PostgreSQL at " + host + ":" + PostgresServer.port() + ", database "
                        + database + ", user loader: ")
                .doesNotContain("\n", PostgresServer.PASSWORD);
        return fault.getMessage();
    }

    @Test
    void aServerThatProvesItsNameIsLetIn() {
        assertThat(warehouse("127.0.0.1", Tls.VERIFY_FULL, Optional.of(PostgresServer.certificate()))
                        .live())
                .isEmpty();
        assertThat(warehouse("localhost", Tls.REQUIRE, Optional.empty()).live()).isEmpty();
        assertThat(isEncrypted(Tls.REQUIRE)).isTrue();
        assertThat(isEncrypted(Tls.DISABLE)).isFalse();
    }

    private static boolean isEncrypted(Tls tls) {
        try (PostgresSession session = PostgresSession.open(new PostgresOptions(
                new Postgres(
                        "127.0.0.1",
                        PostgresServer.port(),
                        database,
                        PostgresServer.LOADER,
                        Optional.empty(),
                        tls,
                        Optional.empty(),
                        1,
                        Duration.ofSeconds(10),
                        Dependents.RECREATE),
                Optional.of(PostgresServer.PASSWORD)))) {
            return session.rows(
                            "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()",
                            row -> row.getBoolean(1))
                    .get(0);
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void oneThatDoesNotIsNot() throws IOException {
        assertThat(refused("127.0.0.1", Tls.VERIFY_FULL, Optional.empty()))
                .endsWith(": its certificate is of no authority that this JVM trusts: name a file with the right one by"
                        + " warehouse.postgres.certificates");
        Certificates.write(folder, "other", "IP:127.0.0.1");
        Path other = folder.resolve("other.crt");
        assertThat(refused("127.0.0.1", Tls.VERIFY_FULL, Optional.of(other)))
                .endsWith(": is its certificate of an authority in " + other + " (warehouse.postgres.certificates)?");
        assertThat(refused("localhost", Tls.VERIFY_FULL, Optional.of(PostgresServer.certificate())))
                .endsWith(": its certificate is for other names: set warehouse.postgres.host to one of those");
        Path missing = folder.resolve("missing.crt");
        assertThat(refused("127.0.0.1", Tls.VERIFY_FULL, Optional.of(missing))).contains(missing.toString());
    }

    @Test
    void aServerWithoutTlsIsAskedOnlyWhereTheJobFileAllowsIt() {
        PostgresServer.setTls(false);
        try {
            for (Tls tls : new Tls[] {Tls.VERIFY_FULL, Tls.REQUIRE}) {
                assertThat(refused("127.0.0.1", tls, Optional.empty()))
                        .endsWith(": have TLS switched on there (ssl = on); only where nobody else can listen,"
                                + " warehouse.postgres.tls: disable does without");
            }
            assertThat(warehouse("127.0.0.1", Tls.DISABLE, Optional.empty()).live())
                    .isEmpty();
        } finally {
            PostgresServer.setTls(true);
        }
    }
}
