package dev.millrace.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An STS on loopback: each time a role is assumed it gives a new access key, {@code ROLE1}, {@code ROLE2} and so on. */
public final class CannedSts implements AutoCloseable {
    private final HttpServer server;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile boolean isRefusing;

    public CannedSts() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** From now on the credentials of whoever asks have expired. */
    public void refuse() {
        isRefusing = true;
    }

    /** Bodies of the requests so far. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            requests.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            String body = isRefusing
                    ? "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                            + "<Code>ExpiredTokenException</Code><Message>The security token included in the request is "
                            + "expired</Message></Error><RequestId>1</RequestId></ErrorResponse>"
                    : "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"
                            + "<AssumedRoleUser><AssumedRoleId>A:millrace</AssumedRoleId><Arn>arn:aws:sts::1:a/b</Arn>"
                            + "</AssumedRoleUser><Credentials><AccessKeyId>ROLE" + requests.size() + "</AccessKeyId>"
                            + "<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>"
                            + Instant.now().plus(1, ChronoUnit.HOURS).truncatedTo(ChronoUnit.SECONDS)
                            + "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/xml");
            exchange.sendResponseHeaders(isRefusing ? 403 : 200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
