package dev.millrace.dynamodb;

import static dev.millrace.dynamodb.CannedDynamoDb.error;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.fault.Fault;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProviderChain;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sts.model.StsException;
import software.amazon.awssdk.utils.SdkAutoCloseable;

class DynamoDbClientsTest {
    private static final int ATTEMPTS = 2;
    private static final AwsCredentialsProvider SOME =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b"));

    private static TableAccess at(String endpoint) {
        return new TableAccess("shop", "eu-west-1", endpoint, "", "", false, List.of());
    }

    private static Fault failure(TableAccess access, AwsCredentialsProvider credentials) {
        try (DynamoDbClient client = DynamoDbClients.open(access, credentials, ATTEMPTS)) {
            TableDescription.load(access, client);
        } catch (Fault fault) {
            assertThat(fault.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(fault.getMessage()).doesNotContain("\n");
            return fault;
        }
        throw new AssertionError("It was described");
    }

    private static Fault failure(CannedDynamoDb.Answer answer, int requests) {
        try (CannedDynamoDb server = new CannedDynamoDb(answer)) {
            Fault fault = failure(server.access(), SOME);
            assertThat(server.requests()).hasSize(requests);
            assertThat(fault.getMessage())
                    .contains("DynamoDB table shop in eu-west-1 at http://127.0.0.1:")
                    .contains(server.access().endpoint());
            return fault;
        }
    }

    @Test
    void tellsAMissingTable() {
        assertThat(failure(error(400, "ResourceNotFoundException", "Requested resource not found"), 1))
                .hasMessageStartingWith("There is no DynamoDB table shop in eu-west-1 at http://127.0.0.1:")
                .hasMessageEndingWith(
                        ": is the name right, and the region? `aws dynamodb list-tables` lists what is " + "there");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "AccessDeniedException|the credentials need dynamodb:DescribeTable and dynamodb:Scan on the table",
                "ExpiredTokenException|get new credentials and run the same command again",
                "UnrecognizedClientException|the credentials are not valid here",
                "ValidationException|if it passes, run the same command again"
            })
    void tellsWhatToDo(String code, String remedy) {
        assertThat(failure(error(400, code, "Not you\\nsecond line"), 1))
                .hasMessageEndingWith(": " + code + ": Not you: " + remedy);
    }

    @Test
    void repeatsWhatMayPass() {
        assertThat(failure(error(500, "InternalServerError", "Oops"), ATTEMPTS))
                .hasMessageContaining(": InternalServerError: Oops");
    }

    @Test
    void tellsARoleThatCannotBeAssumed() {
        TableAccess access = new TableAccess("shop", "eu-west-1", "", "arn:aws:iam::1:role/read", "", false, List.of());
        StsException denied = (StsException) StsException.builder()
                .statusCode(403)
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode("AccessDenied")
                        .errorMessage("User x is not authorized")
                        .build())
                .build();
        assertThat(DynamoDbClients.told(access, "", denied))
                .hasMessage("DynamoDB table shop in eu-west-1: AccessDenied: User x is not authorized: the credentials "
                        + "must be allowed to assume arn:aws:iam::1:role/read");
    }

    @Test
    void tellsAnEndpointThatRefuses() {
        String endpoint = "http://127.0.0.1:" + freePort();
        assertThat(failure(at(endpoint), SOME))
                .hasMessageStartingWith(
                        "DynamoDB table shop in eu-west-1 at " + endpoint + " cannot be reached: Connection refused")
                .hasMessageEndingWith(": is the network up, and are source.dynamodb.region and endpoint right?");
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void tellsAnUnknownHost() {
        assertThat(failure(at("http://no-such-host.invalid:8000"), SOME))
                .hasMessageStartingWith(
                        "DynamoDB table shop in eu-west-1 at http://no-such-host.invalid:8000 cannot be "
                                + "reached: unknown host no-such-host.invalid");
    }

    @Test
    void tellsThatThereAreNoCredentials() {
        ProfileFile none = ProfileFile.builder()
                .content(new ByteArrayInputStream(new byte[0]))
                .type(ProfileFile.Type.CREDENTIALS)
                .build();
        AwsCredentialsProvider empty = AwsCredentialsProviderChain.of(
                ProfileCredentialsProvider.builder().profileFile(none).build());
        assertThat(failure(at("http://no-such-host.invalid:8000"), empty))
                .hasMessage(
                        "DynamoDB table shop in eu-west-1 at http://no-such-host.invalid:8000 cannot be reached: no "
                                + "credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a "
                                + "role is attached");
    }

    @Test
    void givesUpOnAServerThatIsNotThereWithinHalfAMinute() {
        try (DynamoDbClient client = DynamoDbClients.open(at("http://127.0.0.1:1"))) {
            int attempts = client.serviceClientConfiguration()
                    .overrideConfiguration()
                    .retryStrategy()
                    .orElseThrow()
                    .maxAttempts();
            assertThat(attempts).isEqualTo(DynamoDbClients.ATTEMPTS);
            // The SDK's pauses between attempts are at most 0.1, 0.2, 0.4 … s.
            double pauses = 0.1 * ((1 << (attempts - 1)) - 1);
            assertThat(attempts * DynamoDbClients.CONNECT.toMillis() / 1e3 + pauses)
                    .isLessThan(30);
        }
    }

    @Test
    void closesTheCredentialsWithTheClient() {
        class Counting implements AwsCredentialsProvider, SdkAutoCloseable {
            private final AtomicInteger closed = new AtomicInteger();

            @Override
            public AwsCredentials resolveCredentials() {
                return AwsBasicCredentials.create("a", "b");
            }

            @Override
            public void close() {
                closed.incrementAndGet();
            }
        }

        Counting credentials = new Counting();
        DynamoDbClients.open(at("http://127.0.0.1:1"), credentials, ATTEMPTS).close();
        assertThat(credentials.closed).hasPositiveValue();
    }

    private static TableDescription sized(long bytes) {
        return new TableDescription(List.of(), bytes, 0, new TableCapacity(1, TableCapacity.Kind.ASSUMED), "id", false);
    }

    @Test
    void cutsATableIntoMoreSegmentsThanTasks() {
        assertThat(sized(0).segments(2, OptionalInt.empty())).isEqualTo(2);
        assertThat(sized(10L << 20).segments(2, OptionalInt.empty())).isEqualTo(8);
        assertThat(sized(10L << 30).segments(2, OptionalInt.empty())).isEqualTo(80);
        assertThat(sized(Long.MAX_VALUE >> 1).segments(2, OptionalInt.empty())).isEqualTo(1_000_000);
        assertThat(sized(10L << 30).segments(2, OptionalInt.of(7))).isEqualTo(7);
    }
}
