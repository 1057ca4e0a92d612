package dev.millrace.dynamodb;

import java.io.Serializable;
import java.util.List;

/**
 * Which table is read, and how it is reached. Holds no secret. An empty text stands for what is not given.
 *
 * @param table its name
 * @param region empty: that which the AWS SDK finds; for another endpoint than Amazon's, any
 * @param endpoint uri in place of the region's own
 * @param role ARN of a role to assume
 * @param externalId that the role asks for
 * @param consistent whether reads are strongly consistent, at twice the capacity
 * @param projection top-level attributes to read besides the keys; none: all
 */
public record TableAccess(
        String table,
        String region,
        String endpoint,
        String role,
        String externalId,
        boolean consistent,
        List<String> projection)
        implements Serializable {
    public TableAccess {
        projection = List.copyOf(projection);
    }

    /** In another region. */
    TableAccess in(String other) {
        return new TableAccess(table, other, endpoint, role, externalId, consistent, projection);
    }

    /** As messages name it: {@code table shop in eu-west-1 at http://127.0.0.1:8000}. */
    @Override
    public String toString() {
        return "DynamoDB table " + table + (region.isEmpty() ? "" : " in " + region)
                + (endpoint.isEmpty() ? "" : " at " + endpoint);
    }
}
