package dev.millrace.landing;

import java.util.OptionalLong;

/**
 * A file in a manifest.
 *
 * @param uri of the file
 * @param bytes its size
 * @param rows the records in it; empty where nobody has counted them
 * @param etag of the file; empty text where the manifest does not say
 */
public record ManifestEntry(String uri, long bytes, OptionalLong rows, String etag) {}
