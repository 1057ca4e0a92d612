package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.storage.StorageOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ExportDescription;
import software.amazon.awssdk.services.dynamodb.model.ExportFormat;
import software.amazon.awssdk.services.dynamodb.model.ExportStatus;
import software.amazon.awssdk.services.dynamodb.model.ExportSummary;
import software.amazon.awssdk.services.dynamodb.model.ExportTableToPointInTimeRequest;
import software.amazon.awssdk.services.dynamodb.model.S3SseAlgorithm;
import software.amazon.awssdk.services.sts.model.StsException;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * Full exports of a table to S3, which DynamoDB makes from its backups: reading none of the table's capacity. One is asked
 * for by a token, so that whoever asks again with it is told of the export that there is.
 */
public final class TableExport implements SdkAutoCloseable {
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    /** Clocks of ours and theirs differ by less. */
    private static final Duration UNSURE = Duration.ofHours(1);

    private static final Set<String> DENIED = Set.of("AccessDeniedException", "AccessDenied");

    private final TableAccess access;
    private final DynamoDbClient client;

    private TableExport(TableAccess access, DynamoDbClient client) {
        this.access = access;
        this.client = client;
    }

    /** Whoever exports the table; to be closed. */
    public static TableExport open(TableAccess access) {
        return new TableExport(access, DynamoDbClients.open(access));
    }

    /**
     * The table that is exported.
     *
     * @param arn that exports name it by
     * @param keys partition key first
     */
    public record Table(String arn, List<KeyAttribute> keys) {
        public Table {
            keys = List.copyOf(keys);
        }
    }

    /** How an export stands. */
    public enum State {
        IN_PROGRESS,
        COMPLETED,
        /** Also one that is not known any more. */
        FAILED
    }

    /** Describes the table. */
    public Table describe() {
        try {
            var table = client.describeTable(r -> r.tableName(access.table())).table();
            return new Table(table.tableArn(), TableDescription.keys(table));
        } catch (SdkException e) {
            throw told(e);
        }
    }

    /**
     * Asks for an export of all items as they are now. Asked again within eight hours, DynamoDB tells of the same export;
     * after that {@link #find} does.
     *
     * @param token of the request
     * @param prefix in the bucket, without a slash at its end; empty for none
     * @param s3 how the objects are encrypted, and who has to own the bucket
     * @return the export's ARN
     * @throws Fault of kind WORLD that tells what is missing
     */
    public String request(Table table, String token, String bucket, String prefix, StorageOptions s3) {
        ExportTableToPointInTimeRequest.Builder request = ExportTableToPointInTimeRequest.builder()
                .tableArn(table.arn())
                .clientToken(token)
                .s3Bucket(bucket)
                .s3Prefix(prefix.isEmpty() ? null : prefix)
                .s3BucketOwner(s3.owners().get(bucket))
                .exportFormat(ExportFormat.DYNAMODB_JSON);
        switch (s3.encryption()) {
            case BY_BUCKET -> {}
            case SSE_S3 -> request.s3SseAlgorithm(S3SseAlgorithm.AES256);
            case SSE_KMS ->
                request.s3SseAlgorithm(S3SseAlgorithm.KMS)
                        .s3SseKmsKeyId(s3.kmsKey().isEmpty() ? null : s3.kmsKey());
        }
        try {
            return client.exportTableToPointInTime(request.build())
                    .exportDescription()
                    .exportArn();
        } catch (SdkException e) {
            throw told(e);
        }
    }

    /** The ARN of the export that was asked for with a token, at some time or after it; empty where there is none. */
    public Optional<String> find(Table table, String token, Instant asked) {
        try {
            return client.listExportsPaginator(r -> r.tableArn(table.arn())).stream()
                    .flatMap(page -> page.exportSummaries().stream())
                    .map(ExportSummary::exportArn)
                    .filter(arn ->
                            isAfter(arn, asked) && token.equals(description(arn).clientToken()))
                    .findFirst();
        } catch (SdkException e) {
            throw told(e);
        }
    }

    /** An export's id begins with the time of its request in milliseconds; one of another form may be it, too. */
    private static boolean isAfter(String arn, Instant asked) {
        String id = id(arn);
        int dash = id.indexOf('-');
        String millis = dash < 0 ? "" : id.substring(0, dash);
        return !millis.matches("\\d{1,18}")
                || Instant.ofEpochMilli(Long.parseLong(millis)).isAfter(asked.minus(UNSURE));
    }

    /** The last part of an ARN, which names the export's folder. */
    public static String id(String arn) {
        return arn.substring(arn.lastIndexOf('/') + 1);
    }

    /** How an export stands now. */
    public State state(String arn) {
        try {
            return state(description(arn));
        } catch (SdkException e) {
            boolean isGone = e instanceof AwsServiceException refused
                    && DynamoDbClients.code(refused).equals("ExportNotFoundException");
            if (isGone) {
                return State.FAILED;
            }
            throw told(e);
        }
    }

    /**
     * Waits until an export is done. It is asked after each second at first, then each half minute.
     *
     * @throws Fault of kind WORLD when it has failed
     */
    public void await(String arn) {
        Duration pause = FIRST_PAUSE;
        while (true) {
            ExportDescription export = described(arn);
            switch (state(export)) {
                case COMPLETED -> {
                    return;
                }
                case FAILED ->
                    throw Fault.world("Export " + arn + " of " + access + " has failed: "
                            + text(export.failureCode(), "no reason given")
                            + ": " + text(export.failureMessage(), "").strip()
                            + ". Put that right, then start a new run, without --run: it asks for another one");
                case IN_PROGRESS -> {
                    pause(pause);
                    pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
                }
            }
        }
    }

    private static void pause(Duration pause) {
        try {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Stopped while waiting for an export; the next start goes on waiting for it", e);
        }
    }

    private static State state(ExportDescription export) {
        ExportStatus status = export.exportStatus();
        return status == ExportStatus.COMPLETED
                ? State.COMPLETED
                : status == ExportStatus.FAILED ? State.FAILED : State.IN_PROGRESS;
    }

    private ExportDescription described(String arn) {
        try {
            return description(arn);
        } catch (SdkException e) {
            throw told(e);
        }
    }

    private ExportDescription description(String arn) {
        return client.describeExport(r -> r.exportArn(arn)).exportDescription();
    }

    private static String text(String said, String otherwise) {
        return said == null || said.isEmpty() ? otherwise : said;
    }

    private Fault told(SdkException failure) {
        if (!(failure instanceof AwsServiceException refused) || failure instanceof StsException) {
            return DynamoDbClients.told(access, "", failure);
        }
        String code = DynamoDbClients.code(refused);
        String said = text(
                refused.awsErrorDetails() == null
                        ? ""
                        : refused.awsErrorDetails().errorMessage(),
                "no reason given");
        if (code.equals("PointInTimeRecoveryUnavailableException")) {
            return Fault.world(
                    access
                            + " cannot be exported: it has no point-in-time recovery, from which exports are made. Turn it"
                            + " on: aws dynamodb update-continuous-backups --table-name " + access.table()
                            + " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
                    failure);
        }
        if (code.equals("LimitExceededException")) {
            return Fault.world(
                    access + " cannot be exported now: " + said
                            + ": other exports have to end first; run the same command again later",
                    failure);
        }
        if (code.equals("ExportConflictException") || code.equals("InvalidExportTimeException")) {
            return Fault.world(
                    access + " cannot be exported: " + code + ": " + said
                            + ". Start a new run, without --run: it asks for another export",
                    failure);
        }
        if (DENIED.contains(code)) {
            return Fault.world(
                    access + " cannot be exported: " + code + ": " + said
                            + ": the credentials need dynamodb:DescribeTable, ExportTableToPointInTime, DescribeExport and"
                            + " ListExports, and s3:PutObject, PutObjectAcl and AbortMultipartUpload where source.snapshot.to"
                            + " is",
                    failure);
        }
        return DynamoDbClients.told(access, "", failure);
    }

    @Override
    public void close() {
        client.close();
    }
}
