package dev.millrace.config;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A DynamoDB table that is scanned.
 *
 * @param table its name
 * @param region empty: as the AWS SDK finds it
 * @param endpoint empty: that of the region
 * @param sample name of the sample data that fills a missing table; only with the embedded endpoint
 * @param role ARN of the role to assume
 * @param externalId for assuming the role
 * @param consistent whether reads are strongly consistent
 * @param segments empty: by table size and cores
 * @param projection top-level attributes to read besides the keys; empty: all
 * @param reader what reads the table
 * @param expire name of the attribute with the epoch second after which an item is left out
 * @param readCapacity what the scan may use; empty: 25 %, and no limit on DynamoDB Local
 * @param maxReadUnits capacity units that a run may cost; empty: any number
 */
public record DynamoDbSource(
        String table,
        Optional<String> region,
        Optional<Endpoint> endpoint,
        Optional<String> sample,
        Optional<String> role,
        Optional<String> externalId,
        boolean consistent,
        OptionalInt segments,
        List<String> projection,
        Reader reader,
        Optional<String> expire,
        Optional<ReadCapacity> readCapacity,
        Optional<Long> maxReadUnits)
        implements Source {
    public DynamoDbSource {
        projection = List.copyOf(projection);
    }

    /** What reads a table into the spool. */
    public enum Reader {
        MILLRACE,
        /** The Spark connector of that name, which loses some values: see {@code docs/reader.md}. */
        AUDIENCEPROJECT
    }

    /** Whether the table is served by DynamoDB Local, started on this machine. */
    public boolean isEmbedded() {
        return endpoint.filter(Endpoint::isEmbedded).isPresent();
    }

    /** An address in place of the region's, or DynamoDB Local started on this machine. */
    public sealed interface Endpoint {
        default boolean isEmbedded() {
            return this instanceof Embedded;
        }
    }

    /** DynamoDB Local, started on this machine where it is not up. */
    public record Embedded() implements Endpoint {}

    /** An http or https address. */
    public record At(URI uri) implements Endpoint {}
}
