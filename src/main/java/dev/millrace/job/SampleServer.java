package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.sample.EmbeddedDynamoDb;
import dev.millrace.sample.ServerClassPath;
import java.nio.file.Path;

/** The embedded server of this checkout. */
final class SampleServer {
    private SampleServer() {}

    /** @throws Fault of kind USER when Millrace does not run from a checkout, where the server's class path is known */
    static EmbeddedDynamoDb open(Surroundings around) {
        Path home = around.home()
                .orElseThrow(() -> Fault.user("endpoint: embedded needs a checkout of Millrace and its launcher: run "
                        + "scripts/millrace, or set source.dynamodb.endpoint to a server's uri"));
        return new EmbeddedDynamoDb(home, () -> ServerClassPath.of(home, "dynamodb-local"));
    }

    /** The server, up: says so while a person waits for its start. */
    static EmbeddedDynamoDb.Server started(EmbeddedDynamoDb server) {
        if (server.find().isPresent()) {
            return server.start();
        }
        try (ProgressLine line = ProgressLine.start("starting DynamoDB Local", 1)) {
            EmbeddedDynamoDb.Server running = server.start();
            line.add(1, 0, 0);
            return running;
        }
    }
}
