package dev.millrace.config;

import java.net.URI;
import java.util.Optional;

/**
 * A database of the Glue Data Catalog that a lake's tables are registered in.
 *
 * @param database its name
 * @param region of the catalog; empty: as the AWS SDK finds it
 * @param endpoint where Glue answers; empty: that of the region
 */
public record CatalogSettings(String database, Optional<String> region, Optional<URI> endpoint) {
    /** The same catalog, another database. */
    public CatalogSettings with(String other) {
        return new CatalogSettings(other, region, endpoint);
    }
}
