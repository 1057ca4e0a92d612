package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsAssumeRoleCredentialsProvider;
import software.amazon.awssdk.services.sts.model.StsException;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/** Clients for a table, and what their failures mean. */
public final class DynamoDbClients {
    /** With these, a server that is not there is told within half a minute, retries included. */
    static final Duration CONNECT = Duration.ofSeconds(3);

    private static final Duration ANSWER = Duration.ofSeconds(30);

    private DynamoDbClients() {}

    /** A client for the table's region, endpoint and role; to be closed. */
    public static DynamoDbClient open(TableAccess access) {
        return open(access, Patience.USUAL);
    }

    static DynamoDbClient open(TableAccess access, Patience patience) {
        AwsCredentialsProvider own = isLoopback(access)
                ? localCredentials()
                : DefaultCredentialsProvider.builder().build();
        return open(access, patience, own);
    }

    /** With the credentials that the role is assumed with, if there is one; closing the client closes them too. */
    static DynamoDbClient open(TableAccess access, Patience patience, AwsCredentialsProvider own) {
        try {
            DynamoDbClientBuilder builder = DynamoDbClient.builder()
                    .httpClientBuilder(http())
                    .region(region(access))
                    .credentialsProvider(access.role().isEmpty() ? own : assumed(access, own))
                    .overrideConfiguration(
                            o -> o.retryStrategy(retries(patience)).addExecutionInterceptor(new RawBody()));
            if (!access.endpoint().isEmpty()) {
                builder.endpointOverride(URI.create(access.endpoint()));
            }
            return builder.build();
        } catch (SdkException e) {
            throw told(access, "", e);
        }
    }

    private static ApacheHttpClient.Builder http() {
        return ApacheHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(ANSWER);
    }

    private static StandardRetryStrategy retries(Patience patience) {
        StandardRetryStrategy.Builder retries = StandardRetryStrategy.builder().maxAttempts(patience.inner());
        if (!patience.waits()) {
            retries.backoffStrategy(BackoffStrategy.retryImmediately())
                    .throttlingBackoffStrategy(BackoffStrategy.retryImmediately());
        }
        return retries.build();
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

    private static AwsCredentialsProvider assumed(TableAccess access, AwsCredentialsProvider own) {
        StsClient sts = StsClient.builder()
                .httpClientBuilder(http())
                .region(region(access))
                .credentialsProvider(own)
                .build();
        return new AssumedRole(
                sts,
                StsAssumeRoleCredentialsProvider.builder()
                        .stsClient(sts)
                        .refreshRequest(r -> r.roleArn(access.role())
                                .roleSessionName("millrace")
                                .externalId(access.externalId().isEmpty() ? null : access.externalId()))
                        .build());
    }

    /** A role's credentials with the client that fetches them: the one that uses them closes both. */
    private record AssumedRole(StsClient sts, StsAssumeRoleCredentialsProvider provider)
            implements AwsCredentialsProvider, SdkAutoCloseable {
        @Override
        public AwsCredentials resolveCredentials() {
            return provider.resolveCredentials();
        }

        @Override
        public void close() {
            provider.close();
            sts.close();
        }
    }

    /** DynamoDB Local wants to be asked with some credentials and looks at none. */
    private static AwsCredentialsProvider localCredentials() {
        return StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));
    }

    private static boolean isLoopback(TableAccess access) {
        String host = access.endpoint().isEmpty()
                ? null
                : URI.create(access.endpoint()).getHost();
        if (host == null) {
            return false;
        }
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /**
     * A failure of the SDK as one line that names table, region and endpoint, and what to do.
     *
     * @param where more about the place, put after the problem; may be empty
     */
    static Fault told(TableAccess access, String where, SdkException failure) {
        if (failure instanceof ResourceNotFoundException) {
            return Fault.world(
                    "There is no " + access + where + ": is the name right, and the region? "
                            + "`aws dynamodb list-tables` lists what is there",
                    failure);
        }
        if (failure instanceof AwsServiceException service) {
            return Fault.world(access + ": " + problem(access, service, where), failure);
        }
        if (firstLine(failure.getMessage()).startsWith("Unable to load credentials")) {
            return Fault.world(
                    access + " cannot be reached" + where + ": no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID "
                            + "and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
                    failure);
        }
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String problem = root instanceof UnknownHostException
                ? "unknown host " + firstLine(root.getMessage())
                : firstLine(root.getMessage());
        return Fault.world(
                access + " cannot be reached: " + problem + where
                        + ": is the network up, and are source.dynamodb.region and endpoint right?",
                failure);
    }

    private static String problem(TableAccess access, AwsServiceException failure, String where) {
        String status = "HTTP " + failure.statusCode();
        AwsErrorDetails details = failure.awsErrorDetails();
        String code = details == null || details.errorCode() == null ? status : details.errorCode();
        String said = details == null || details.errorMessage() == null ? "" : ": " + firstLine(details.errorMessage());
        String remedy = switch (code) {
            case "ExpiredTokenException", "ExpiredToken" -> "get new credentials and run the same command again";
            case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException" ->
                "the credentials are not valid here";
            case "AccessDeniedException", "AccessDenied" ->
                failure instanceof StsException
                        ? "the credentials must be allowed to assume " + access.role()
                        : "the credentials need dynamodb:DescribeTable and dynamodb:Scan on the table";
            default ->
                failure.isThrottlingException()
                        ? "give the table more read capacity, or run the same command again later"
                        : "if it passes, run the same command again";
        };
        return code + said + where + ": " + remedy;
    }

    private static String firstLine(String message) {
        return message == null ? "no reason given" : message.lines().findFirst().orElse("");
    }
}
