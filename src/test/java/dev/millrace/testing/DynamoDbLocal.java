package dev.millrace.testing;

import dev.millrace.sample.EmbeddedDynamoDb;
import dev.millrace.sample.ServerClassPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/**
 * Gives tests the one DynamoDB Local of this JVM: its endpoint as a {@link URI} or a {@link DynamoDbClient}.
 *
 * <p>The server ends with this JVM, also when that is killed. All tests share its tables: name yours after your test.
 */
public final class DynamoDbLocal implements ParameterResolver {
    private static URI endpoint;
    private static DynamoDbClient client;

    /** The server's endpoint; the first call starts it. */
    public static synchronized URI endpoint() {
        if (endpoint == null) {
            long self = ProcessHandle.current().pid();
            try {
                Path home = Files.createTempDirectory(
                        Files.createDirectories(repository().resolve("target/servers")), "dynamodb-local-test-");
                endpoint = new EmbeddedDynamoDb(home, DynamoDbLocal::classPath, Duration.ofHours(6))
                        .endingWith(self)
                        .start()
                        .endpoint();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return endpoint;
    }

    /** A client of the server, shared; do not close it. */
    public static synchronized DynamoDbClient client() {
        if (client == null) {
            client = EmbeddedDynamoDb.client(endpoint());
        }
        return client;
    }

    /** DynamoDB Local's own class path, as the launcher gets it. */
    public static String classPath() {
        return ServerClassPath.of(repository(), "dynamodb-local");
    }

    private static Path repository() {
        return Path.of(System.getProperty("millrace.home", "")).toAbsolutePath();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == URI.class || type == DynamoDbClient.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == URI.class ? endpoint() : client();
    }
}
