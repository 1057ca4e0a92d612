package dev.millrace.warehouse.snowflake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.Certificates;
import dev.millrace.testing.SnowflakeServer;
import dev.millrace.testing.TlsFront;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the connection is protected, against the test server behind TLS with certificates that tests make. */
class SnowflakeTlsTest {
    @TempDir
    private Path folder;

    @Test
    void onlyAServerThatProvesItsNameIsTalkedTo() throws IOException, GeneralSecurityException, InterruptedException {
        SnowflakeOptions options = SnowflakeWarehouseTest.Engine.options(folder);
        Certificates.write(folder, "trusted", "IP:127.0.0.1");
        Certificates.write(folder, "other", "IP:127.0.0.1");
        Path trust = trustStore("trusted");
        try (TlsFront trusted =
                        new TlsFront(folder, "trusted", options.account().port());
                TlsFront other = new TlsFront(folder, "other", options.account().port())) {
            Process process = new ProcessBuilder(List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx200m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "--add-opens=java.base/java.nio=ALL-UNNAMED",
                            "-Djavax.net.ssl.trustStore=" + trust,
                            "-Djavax.net.ssl.trustStorePassword=changeit",
                            "-Dnet.snowflake.jdbc.ocspResponseCacheDir=" + folder,
                            "-cp",
                            System.getProperty("java.class.path"),
                            TlsProcess.class.getName(),
                            options.account().database(),
                            options.staging(),
                            "127.0.0.1:" + trusted.port(),
                            "localhost:" + trusted.port(),
                            "127.0.0.1:" + other.port()))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(said).isZero();
            List<String> lines = said.lines().toList();
            assertThat(lines).hasSize(3).noneMatch(line -> line.contains(SnowflakeServer.PASSWORD));
            assertThat(lines.get(0)).isEqualTo("live: Optional.empty");
            assertThat(lines.get(1))
                    .startsWith("WORLD: Cannot connect: " + options + ": ")
                    .contains(
                            "Certificate for <localhost> doesn't match any of the subject alternative names: [127.0.0.1]");
            assertThat(lines.get(2))
                    .startsWith("WORLD: Cannot connect: " + options + ": ")
                    .contains("unable to find valid certification path");
        }
    }

    private Path trustStore(String name) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(folder.resolve(name + ".crt"))) {
            store.setCertificateEntry(
                    name, CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Path file = folder.resolve("trust.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, "changeit".toCharArray());
        }
        return file;
    }
}
