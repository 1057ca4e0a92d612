package dev.millrace.catalog;

import dev.millrace.config.CatalogSettings;
import dev.millrace.fault.Fault;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.glue.GlueClientBuilder;
import software.amazon.awssdk.services.glue.model.AlreadyExistsException;
import software.amazon.awssdk.services.glue.model.ConcurrentModificationException;
import software.amazon.awssdk.services.glue.model.EntityNotFoundException;
import software.amazon.awssdk.services.glue.model.Table;

/**
 * A database of the Glue Data Catalog. What is registered may be registered again, and by two at once: who comes second
 * finds what the first has made. A table is changed at the version that was read, so no change of another is lost.
 */
public final class GlueCatalog implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration SILENCE = Duration.ofSeconds(20);
    private static final Duration CALL = Duration.ofMinutes(1);

    /** Of a call that is throttled or gets no answer. */
    private static final int ATTEMPTS = 5;

    /** Of a change that another one comes before. */
    private static final int TRIES = 20;

    private static final String NEEDED =
            "glue:GetDatabase, CreateDatabase, GetTable, CreateTable and UpdateTable on the catalog, the database and its"
                    + " tables";

    private final GlueClient glue;
    private final String database;
    private final String job;
    private final boolean isDry;

    /**
     * @param job whose tables are registered
     * @param isDry whether nothing is written
     */
    public GlueCatalog(CatalogSettings settings, String job, boolean isDry) {
        this.glue = open(settings);
        this.database = settings.database();
        this.job = job;
        this.isDry = isDry;
    }

    private static GlueClient open(CatalogSettings settings) {
        GlueClientBuilder builder = GlueClient.builder()
                .httpClientBuilder(
                        ApacheHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(SILENCE))
                .overrideConfiguration(o -> o.apiCallTimeout(CALL)
                        .retryStrategy(StandardRetryStrategy.builder()
                                .maxAttempts(ATTEMPTS)
                                .build()));
        settings.region().map(Region::of).ifPresent(builder::region);
        settings.endpoint().ifPresent(builder::endpointOverride);
        try {
            return builder.build();
        } catch (SdkClientException e) {
            // Only a region can be missing by now.
            throw Fault.user("lake.catalog.region: no region is known: set it in the job file, or AWS_REGION");
        }
    }

    /** Makes the database where it is missing. Returns whether it was. */
    public boolean makeDatabase() {
        return ask(() -> {
            try {
                glue.getDatabase(r -> r.name(database));
                return false;
            } catch (EntityNotFoundException missing) {
                try {
                    if (!isDry) {
                        glue.createDatabase(r -> r.databaseInput(d -> d.name(database)));
                    }
                } catch (AlreadyExistsException another) {
                    return false;
                }
                return true;
            }
        });
    }

    /**
     * Registers a table: makes it, changes it, or finds that it is there.
     *
     * @param commit number of the job's commit that the table is of
     * @throws Fault of kind USER where the catalog's table is not the job's, or is partitioned in another way
     */
    public Registration register(CatalogTable table, long commit) {
        return ask(() -> {
            for (int tries = 1; tries <= TRIES; tries++) {
                Optional<Registration> registered = tried(table, commit);
                if (registered.isPresent()) {
                    return registered.get();
                }
            }
            throw Fault.world("Table " + database + "." + table.name() + " of the catalog is changed by others all the"
                    + " time: gave up after " + TRIES + " attempts");
        });
    }

    /** Empty where another was first. */
    private Optional<Registration> tried(CatalogTable table, long commit) {
        Optional<Table> there = find(table.name());
        GlueTable wanted = there.map(found -> GlueTable.evolved(found, table, job, commit))
                .orElseGet(() -> GlueTable.created(table, job, commit));
        if (isDry || wanted.input().isEmpty()) {
            return Optional.of(wanted.registration());
        }
        try {
            if (there.isEmpty()) {
                glue.createTable(
                        r -> r.databaseName(database).tableInput(wanted.input().get()));
            } else {
                glue.updateTable(r -> r.databaseName(database)
                        .tableInput(wanted.input().get())
                        .versionId(there.get().versionId())
                        // A version for each run would come to the account's limit.
                        .skipArchive(true));
            }
        } catch (AlreadyExistsException | ConcurrentModificationException another) {
            return Optional.empty();
        } catch (EntityNotFoundException gone) {
            if (there.isEmpty()) {
                throw gone;
            }
            return Optional.empty();
        }
        return Optional.of(wanted.registration());
    }

    private Optional<Table> find(String table) {
        try {
            return Optional.of(
                    glue.getTable(r -> r.databaseName(database).name(table)).table());
        } catch (EntityNotFoundException missing) {
            return Optional.empty();
        }
    }

    private <T> T ask(Supplier<T> call) {
        try {
            return call.get();
        } catch (SdkException failure) {
            throw Fault.world("Glue Data Catalog, database " + database + ": " + told(failure), failure);
        }
    }

    private static String told(SdkException failure) {
        if (failure instanceof AwsServiceException refused && refused.awsErrorDetails() != null) {
            String code = refused.awsErrorDetails().errorCode();
            String text = code + ": " + firstLine(refused.awsErrorDetails().errorMessage());
            if (code.startsWith("AccessDenied")) {
                return text + ": the credentials need " + NEEDED + ", and where Lake Formation guards it, its grants";
            }
            return code.startsWith("ExpiredToken") || code.equals("UnrecognizedClientException")
                    ? text + ": the credentials are not valid here, or not any more"
                    : text;
        }
        String said = firstLine(failure.getMessage());
        if (said.startsWith("Unable to load credentials")) {
            return "no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        }
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return "no answer: "
                + (root instanceof UnknownHostException ? "unknown host " : "")
                + firstLine(root.getMessage())
                + ": is lake.catalog.region right, and the network there?";
    }

    private static String firstLine(String message) {
        return message == null ? "no reason given" : message.lines().findFirst().orElse("");
    }

    @Override
    public void close() {
        glue.close();
    }
}
