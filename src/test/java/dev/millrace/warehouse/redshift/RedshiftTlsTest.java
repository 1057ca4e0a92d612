package dev.millrace.warehouse.redshift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.config.WarehouseSettings.Redshift;
import dev.millrace.config.WarehouseSettings.Tls;
import dev.millrace.fault.Fault;
import dev.millrace.testing.Certificates;
import dev.millrace.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the driver protects the connection, against a front with a certificate that nobody trusts, and one without TLS. */
class RedshiftTlsTest {
    @TempDir
    private static Path folder;

    private static RedshiftFront secure;
    private static String database;

    @BeforeAll
    static void startFront() throws IOException {
        Certificates.write(folder, "redshift", "DNS:localhost,IP:127.0.0.1");
        secure = RedshiftFront.withTls(folder.resolve("redshift.p12"));
        database = RedshiftFront.newDatabase();
    }

    private static RedshiftWarehouse warehouse(RedshiftFront front, Tls tls) {
        Redshift plain = RedshiftFront.options(front.port(), database).server();
        return new RedshiftWarehouse(
                new RedshiftOptions(
                        new Redshift(
                                plain.host(),
                                plain.port(),
                                plain.database(),
                                plain.user(),
                                plain.password(),
                                plain.iamRole(),
                                tls,
                                plain.patience(),
                                plain.dependents(),
                                plain.json(),
                                plain.tables()),
                        PostgresServer.PASSWORD),
                "shop");
    }

    private static String refused(RedshiftFront front, Tls tls) {
        Fault fault =
                catchThrowableOfType(Fault.class, () -> warehouse(front, tls).live());
        assertThat(fault.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(fault.getMessage())
                .startsWith("Cannot connect: Redshift at 127.0.0.1:" + front.port() + ", database " + database
                        + ", user warehouse: ")
                .endsWith(": check host, port and tls, and whether the cluster is up; then run again")
                .doesNotContain("\n", PostgresServer.PASSWORD);
        return fault.getMessage();
    }

    @Test
    void aCertificateThatNobodyTrustsIsRefused() {
        int before = secure.encrypted();
        assertThat(refused(secure, Tls.VERIFY_FULL)).containsIgnoringCase("certif");
        assertThat(secure.encrypted()).isEqualTo(before);
    }

    @Test
    void encryptedOnlyAsksForNoProofAndInClearForNothing() {
        int before = secure.encrypted();
        assertThat(warehouse(secure, Tls.REQUIRE).live()).isEmpty();
        assertThat(secure.encrypted()).isEqualTo(before + 1);
        assertThat(warehouse(secure, Tls.DISABLE).live()).isEmpty();
        assertThat(secure.encrypted()).isEqualTo(before + 1);
    }

    @Test
    void aServerWithoutTlsIsAskedOnlyWhereTheJobFileAllowsIt() {
        for (Tls tls : new Tls[] {Tls.VERIFY_FULL, Tls.REQUIRE}) {
            assertThat(refused(RedshiftFront.front(), tls)).containsIgnoringCase("ssl");
        }
        assertThat(warehouse(RedshiftFront.front(), Tls.DISABLE).live()).isEmpty();
    }
}
