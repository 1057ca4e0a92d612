package dev.millrace.warehouse.snowflake;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SnowflakeServer;
import dev.millrace.warehouse.Landing;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * An account to prove things on: the one that environment variables name, see {@code scripts/verify-snowflake}, else the
 * test server.
 *
 * @param options how to log in
 * @param staging where landing files lie, on S3
 */
record SnowflakeAccount(SnowflakeOptions options, Storage staging) {
    private static final String PREFIX = "MILLRACE_SNOWFLAKE_";

    static SnowflakeAccount find() throws IOException {
        Map<String, String> environment = System.getenv();
        return environment.containsKey(PREFIX + "ACCOUNT") ? named(environment) : ofServer();
    }

    private static SnowflakeAccount ofServer() {
        int port = SnowflakeServer.port();
        String staging = "s3://" + S3Server.newBucket() + "/staging/";
        return new SnowflakeAccount(
                new SnowflakeOptions(
                        new Snowflake(
                                SnowflakeServer.ACCOUNT,
                                SnowflakeServer.LOADER,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                SnowflakeServer.WAREHOUSE,
                                SnowflakeServer.newDatabase(),
                                Optional.empty(),
                                Optional.of(SnowflakeServer.INTEGRATION),
                                Connector.COPY,
                                JsonColumns.TEXT,
                                Optional.of("127.0.0.1"),
                                port,
                                false,
                                Duration.ofSeconds(30)),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(SnowflakeServer.PASSWORD),
                        staging),
                Storages.open(staging, S3Server.options()));
    }

    private static SnowflakeAccount named(Map<String, String> environment) throws IOException {
        String staging = required(environment, "STAGING") + "/millrace-proof-" + UUID.randomUUID() + "/";
        Optional<String> key = Optional.ofNullable(environment.get(PREFIX + "KEY_FILE"))
                .map(Path::of)
                .map(SnowflakeAccount::text);
        Storage storage = Storages.open(
                staging,
                new StorageOptions(
                        environment.getOrDefault(PREFIX + "S3_ENDPOINT", ""),
                        environment.getOrDefault(PREFIX + "S3_REGION", ""),
                        environment.containsKey(PREFIX + "S3_ENDPOINT")));
        return new SnowflakeAccount(
                new SnowflakeOptions(
                        new Snowflake(
                                required(environment, "ACCOUNT"),
                                required(environment, "USER"),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.ofNullable(environment.get(PREFIX + "ROLE")),
                                required(environment, "WAREHOUSE"),
                                required(environment, "DATABASE"),
                                Optional.ofNullable(environment.get(PREFIX + "STAGE")),
                                Optional.ofNullable(environment.get(PREFIX + "INTEGRATION")),
                                Connector.COPY,
                                JsonColumns.TEXT,
                                Optional.ofNullable(environment.get(PREFIX + "HOST")),
                                Integer.parseInt(environment.getOrDefault(PREFIX + "PORT", "443")),
                                !"off".equals(environment.get(PREFIX + "TLS")),
                                Duration.ofMinutes(10)),
                        key,
                        Optional.ofNullable(environment.get(PREFIX + "KEY_PASSPHRASE")),
                        Optional.ofNullable(environment.get(PREFIX + "PASSWORD")),
                        storage.root()),
                storage);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String required(Map<String, String> environment, String name) {
        String value = environment.get(PREFIX + name);
        if (value == null) {
            throw new IllegalStateException(
                    PREFIX + name + " is not set: scripts/verify-snowflake tells what it needs");
        }
        return value.replaceAll("/+$", "");
    }

    /** The same, where columns of JSON are {@code VARIANT}. */
    SnowflakeOptions variant() {
        Snowflake a = options.account();
        return new SnowflakeOptions(
                new Snowflake(
                        a.account(),
                        a.user(),
                        a.key(),
                        a.keyPassphrase(),
                        a.password(),
                        a.role(),
                        a.warehouse(),
                        a.database(),
                        a.stage(),
                        a.storageIntegration(),
                        a.connector(),
                        JsonColumns.VARIANT,
                        a.host(),
                        a.port(),
                        a.tls(),
                        a.patience()),
                options.key(),
                options.passphrase(),
                options.password(),
                options.staging());
    }

    /** A table's files, brought from a folder to the staging. */
    LandedTable bring(LandedTable table, Storage from) throws IOException {
        List<DataFile> files = new ArrayList<>();
        for (DataFile file : table.files()) {
            try (InputStream in = from.open(file.path())) {
                staging.put(file.path(), in.readAllBytes());
            }
            String etag = staging.stat(file.path()).orElseThrow().etag();
            files.add(new DataFile(file.table(), file.path(), file.bytes(), file.rows(), etag));
        }
        return Landing.table(table.definition(), table.format(), table.codec(), files);
    }

    /** Removes what was brought. */
    void clear() {
        staging.delete(staging.list("").stream().map(file -> file.path()).toList());
    }
}
