package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsAssumeRoleCredentialsProvider;

/** Clients for a table, and what their failures mean. */
public final class DynamoDbClients {
    /** With these, a server that is not there is told within half a minute, retries included. */
    private static final Duration CONNECT = Duration.ofSeconds(3);

    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final int ATTEMPTS = 5;

    private DynamoDbClients() {}

    /** A client for the table's region, endpoint and role; to be closed. */
    public static DynamoDbClient open(TableAccess access) {
        try {
            DynamoDbClientBuilder builder = DynamoDbClient.builder()
                    .httpClientBuilder(ApacheHttpClient.builder()
                            .connectionTimeout(CONNECT)
                            .socketTimeout(ANSWER))
                    .region(region(access))
                    .credentialsProvider(credentials(access))
                    .overrideConfiguration(o -> o.retryStrategy(StandardRetryStrategy.builder()
                                    .maxAttempts(ATTEMPTS)
                                    .build())
                            .addExecutionInterceptor(new RawBody()));
            if (!access.endpoint().isEmpty()) {
                builder.endpointOverride(URI.create(access.endpoint()));
            }
            return builder.build();
        } catch (SdkException e) {
            throw told(access, e);
        }
    }

    private static Region region(TableAccess access) {
        if (!access.region().isEmpty()) {
            return Region.of(access.region());
        }
        if (!access.endpoint().isEmpty()) {
            return Region.US_EAST_1;
        }
        try {
            return DefaultAwsRegionProviderChain.builder().build().getRegion();
        } catch (SdkClientException e) {
            throw Fault.world(access + ": no region is known: set source.dynamodb.region or AWS_REGION");
        }
    }

    private static AwsCredentialsProvider credentials(TableAccess access) {
        AwsCredentialsProvider own = isLoopback(access)
                ? localCredentials()
                : DefaultCredentialsProvider.builder().build();
        if (access.role().isEmpty()) {
            return own;
        }
        StsClient sts = StsClient.builder()
                .httpClientBuilder(
                        ApacheHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(ANSWER))
                .region(region(access))
                .credentialsProvider(own)
                .build();
        return StsAssumeRoleCredentialsProvider.builder()
                .stsClient(sts)
                .refreshRequest(r -> r.roleArn(access.role())
                        .roleSessionName("millrace")
                        .externalId(access.externalId().isEmpty() ? null : access.externalId()))
                .build();
    }

    /** DynamoDB Local wants to be asked with some credentials and looks at none. */
    private static AwsCredentialsProvider localCredentials() {
        return StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));
    }

    private static boolean isLoopback(TableAccess access) {
        if (access.endpoint().isEmpty()) {
            return false;
        }
        try {
            return InetAddress.getByName(URI.create(access.endpoint()).getHost())
                    .isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** A failure of the SDK as one line that names table, region and endpoint. */
    static Fault told(TableAccess access, SdkException failure) {
        if (failure instanceof ResourceNotFoundException) {
            return Fault.world("There is no " + access + ": is the name right, and the region? "
                    + "`aws dynamodb list-tables` lists what is there");
        }
        if (failure instanceof AwsServiceException service && service.awsErrorDetails() != null) {
            String code = service.awsErrorDetails().errorCode();
            String remedy = switch (code) {
                case "AccessDeniedException" -> ": the role needs dynamodb:DescribeTable and dynamodb:Scan on it";
                case "ExpiredTokenException", "ExpiredToken" -> ": get new credentials and run the same command again";
                case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException" ->
                    ": the credentials are not valid here";
                default -> "";
            };
            return Fault.world(
                    access + ": " + code + ": " + service.awsErrorDetails().errorMessage() + remedy, failure);
        }
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String problem = firstLine(root.getMessage());
        if (firstLine(failure.getMessage()).startsWith("Unable to load credentials")) {
            problem = "no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a "
                    + "role is attached";
        }
        return Fault.world(access + " cannot be reached: " + problem, failure);
    }

    private static String firstLine(String message) {
        return message == null ? "no reason given" : message.lines().findFirst().orElse("");
    }
}
