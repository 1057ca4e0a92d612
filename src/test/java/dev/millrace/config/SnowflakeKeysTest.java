package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.config.WarehouseSettings.Snowflake;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The keys of {@code warehouse.snowflake}. */
class SnowflakeKeysTest {
    @TempDir
    private Path folder;

    private JobFiles files;

    @BeforeEach
    void open() {
        files = new JobFiles(folder);
    }

    private static String job(String staging, String snowflake) {
        return "job: shop\nsource: {dynamodb: {table: shop}}\nstaging: {at: " + staging
                + "}\nwarehouse:\n  snowflake: {" + snowflake + "}\n";
    }

    @Test
    void whatIsLeftOutHasItsDefault() {
        Job job = files.job(job(
                        "s3://acme/staging/",
                        "account: acme-prod, user: MILLRACE, key: '${secret:prod/snowflake#key}', warehouse: LOAD_XS,"
                                + " database: RAW, stage: OPS.LANDING"))
                .load();
        assertThat(job.warehouse().orElseThrow().engine())
                .isEqualTo(new Snowflake(
                        "acme-prod",
                        "MILLRACE",
                        SecretRef.parse("${secret:prod/snowflake#key}"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        "LOAD_XS",
                        "RAW",
                        Optional.of("OPS.LANDING"),
                        Optional.empty(),
                        Connector.COPY,
                        JsonColumns.TEXT,
                        Optional.empty(),
                        443,
                        true,
                        Duration.ofMinutes(10)));
    }

    @Test
    void everyKeyIsReadAndWrittenAgain() {
        Job job = files.job(job(
                        "s3://acme/staging/",
                        "account: acme.eu-west-1, user: m, key: '${secret:a#b}', key-passphrase: '${secret:a#c}', role: r,"
                                + " warehouse: w, database: 'My Data', storage-integration: i, json: variant, host:"
                                + " acme.privatelink.snowflakecomputing.com, port: 8443, tls: true, patience: 90s"))
                .load();
        assertThat(job.warehouse().orElseThrow().engine())
                .isEqualTo(new Snowflake(
                        "acme.eu-west-1",
                        "m",
                        SecretRef.parse("${secret:a#b}"),
                        SecretRef.parse("${secret:a#c}"),
                        Optional.empty(),
                        Optional.of("r"),
                        "w",
                        "My Data",
                        Optional.empty(),
                        Optional.of("i"),
                        Connector.COPY,
                        JsonColumns.VARIANT,
                        Optional.of("acme.privatelink.snowflakecomputing.com"),
                        8443,
                        true,
                        Duration.ofSeconds(90)));
        assertThat(JobFile.toJson(job)).contains("\"key\" : \"${secret:a#b}\"", "\"json\" : \"variant\"");
    }

    @Test
    void theConnectorForSparkTakesNoEncryptedKeyAndNoVariant() {
        Job job = files.job(job(
                        "s3://acme/staging/",
                        "account: a, user: u, key: '${secret:a#b}', warehouse: w, database: d, stage: S.T, connector:"
                                + " spark-snowflake"))
                .load();
        assertThat(((Snowflake) job.warehouse().orElseThrow().engine()).connector())
                .isEqualTo(Connector.SPARK_SNOWFLAKE);
        assertThat(files.job(job(
                                "s3://acme/staging/",
                                "account: a, user: u, key: '${secret:a#b}', key-passphrase: '${secret:a#c}', warehouse: w,"
                                        + " database: d, stage: S.T, connector: spark-snowflake, json: variant"))
                        .mistakes())
                .extracting(Object::toString)
                .satisfiesExactlyInAnyOrder(
                        mistake -> assertThat(mistake).contains("key-passphrase", "decrypt it"),
                        mistake -> assertThat(mistake).contains("json", "take copy"));
    }

    private static final String LOGIN = "account: a, user: u, warehouse: w, database: d, ";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "stage: O.S | .key: is missing: give the user's private key, or password",
                "stage: O.S, key: '${secret:a#b}', password: '${secret:a#c}' | .key: is given beside password: keep one of"
                        + " them",
                "stage: O.S, password: '${secret:a#c}', key-passphrase: '${secret:a#b}' | .key-passphrase: has no key to"
                        + " decrypt: remove it",
                "stage: O.S, key: geheim | .key: must be ${env:NAME}, ${file:/PATH} or ${secret:ID#key}: secrets are never written here",
                "key: '${secret:a#b}' | : must hold one of: stage, storage-integration",
                "key: '${secret:a#b}', stage: LANDING | .stage: LANDING: must be SCHEMA.STAGE or DATABASE.SCHEMA.STAGE, for"
                        + " example OPS.LANDING",
                "key: '${secret:a#b}', stage: O.S, tls: false | .tls: false: is for test servers on this machine"
                        + " (host: 127.0.0.1 or localhost): remove it",
                "key: '${secret:a#b}', stage: O.S, host: 127.0.0.1.example.com, tls: false | .tls: false: is for test servers on this machine"
                        + " (host: 127.0.0.1 or localhost): remove it",
                "key: '${secret:a#b}', stage: O.S, json: super | .json: super: must be text or variant",
            })
    void aMistakeIsNamed(String keys, String message) {
        assertThat(files.job(job("s3://acme/staging/", LOGIN + keys)).mistakes())
                .hasSize(1)
                .allSatisfy(mistake -> assertThat(mistake)
                        .endsWith(" warehouse.snowflake" + message)
                        .doesNotContain("geheim"));
    }

    @Test
    void theStagingMustLieOnS3() {
        assertThat(files.job(job("staging", LOGIN + "key: '${secret:a#b}', stage: O.S"))
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:3: staging.at: staging: is read by the warehouse itself, which reads from"
                                + " S3 only: must be s3://bucket/prefix");
    }

    @Test
    void aKeyInTheEnvironmentMustBeOne() {
        assertThat(files.variable("SNOWFLAKE_KEY", "geheim")
                        .job(job("s3://acme/p", LOGIN + "key: '${env:SNOWFLAKE_KEY}', stage: O.S"))
                        .mistakes())
                .containsExactly("jobs/test.yaml:5: warehouse.snowflake.key: ${env:SNOWFLAKE_KEY}: is no PEM: must be a"
                        + " private key in PKCS#8 PEM");
    }
}
