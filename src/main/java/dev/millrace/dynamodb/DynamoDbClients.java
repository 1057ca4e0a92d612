package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import dev.millrace.fault.Problem;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
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
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsAssumeRoleCredentialsProvider;
import software.amazon.awssdk.services.sts.model.StsException;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/** Clients for a table, and what their failures mean. */
public final class DynamoDbClients {
    /** With these, a server that is not there is told within half a minute, retries included. */
    static final Duration CONNECT = Duration.ofSeconds(3);

    /** At what is asked outside of scans. */
    static final int ATTEMPTS = 5;

    private static final Set<String> THROTTLED =
            Set.of("ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException");
    private static final Set<String> EXPIRED =
            Set.of("ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId");

    private static final Duration ANSWER = Duration.ofSeconds(30);

    private DynamoDbClients() {}

    /** A client for the table's region, endpoint and role that asks again for what may pass; to be closed. */
    static DynamoDbClient open(TableAccess access) {
        return open(access, ownCredentials(access), ATTEMPTS);
    }

    /** One that asks once: who reads by it sees each failure. */
    static DynamoDbClient openOnce(TableAccess access) {
        return open(access, ownCredentials(access), 1);
    }

    /** With the credentials that the role is assumed with, if there is one; closing the client closes them too. */
    static DynamoDbClient open(TableAccess access, AwsCredentialsProvider own, int attempts) {
        try {
            DynamoDbClientBuilder builder = DynamoDbClient.builder()
                    .httpClientBuilder(http())
                    .region(region(access))
                    .credentialsProvider(access.role().isEmpty() ? own : assumed(access, own))
                    .overrideConfiguration(o -> o.retryStrategy(StandardRetryStrategy.builder()
                                    .maxAttempts(attempts)
                                    .build())
                            .addExecutionInterceptor(new RawBody()));
            if (!access.endpoint().isEmpty()) {
                builder.endpointOverride(URI.create(access.endpoint()));
            }
            return builder.build();
        } catch (SdkException e) {
            throw told(access, "", e);
        }
    }

    private static AwsCredentialsProvider ownCredentials(TableAccess access) {
        return isLoopback(access)
                ? localCredentials()
                : DefaultCredentialsProvider.builder().build();
    }

    private static ApacheHttpClient.Builder http() {
        return ApacheHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(ANSWER);
    }

    /** The access with the region that it leads to, so that every process of a run means the same table. */
    public static TableAccess located(TableAccess access) {
        return access.region().isEmpty() && access.endpoint().isEmpty()
                ? access.in(region(access).id())
                : access;
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

    /** Whether DynamoDB refused a request because more was asked for than the table or the account has. */
    static boolean isThrottled(SdkException failure) {
        return failure instanceof DynamoDbException refused && THROTTLED.contains(code(refused));
    }

    /** Whether other credentials may be accepted: temporary ones end, keys are replaced. */
    static boolean isExpired(SdkException failure) {
        return failure instanceof AwsServiceException refused && EXPIRED.contains(code(refused));
    }

    static String code(AwsServiceException failure) {
        AwsErrorDetails details = failure.awsErrorDetails();
        return details == null || details.errorCode() == null ? "" : details.errorCode();
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
        if (Problem.firstLine(failure.getMessage()).startsWith("Unable to load credentials")) {
            return Fault.world(
                    access + " cannot be reached" + where + ": no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID "
                            + "and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
                    failure);
        }
        String problem = Problem.atRootOf(failure);
        return Fault.world(
                access + " cannot be reached: " + problem + where
                        + ": is the network up, and are source.dynamodb.region and endpoint right?",
                failure);
    }

    private static String problem(TableAccess access, AwsServiceException failure, String where) {
        AwsErrorDetails details = failure.awsErrorDetails();
        String code = code(failure).isEmpty() ? "HTTP " + failure.statusCode() : code(failure);
        String said = details == null || details.errorMessage() == null
                ? ""
                : ": " + Problem.firstLine(details.errorMessage());
        String remedy = switch (code) {
            case "ExpiredTokenException", "ExpiredToken" ->
                (failure instanceof StsException
                                ? "the credentials that assume " + access.role() + " have expired: "
                                : "")
                        + "get new credentials and run the same command again";
            case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException" ->
                "the credentials are not valid here";
            case "AccessDeniedException", "AccessDenied" ->
                failure instanceof StsException
                        ? "the credentials must be allowed to assume " + access.role()
                        : "the credentials need dynamodb:DescribeTable and dynamodb:Scan on the table";
            default ->
                failure.isThrottlingException()
                        ? "lower source.dynamodb.read-capacity, give the table more read capacity, or run the same "
                                + "command again later"
                        : "if it passes, run the same command again";
        };
        return code + said + where + ": " + remedy;
    }
}
