package dev.millrace.schema;

/** How a source value is written in its column. */
public enum Encoding {
    /** As the value itself: text, number, truth value, bytes. */
    PLAIN,
    /** A list, map or set as JSON text; only where plain JSON says it without loss. */
    JSON,
    /** A list or map as DynamoDB JSON text, because binaries or sets are among its values. */
    DYNAMODB_JSON,
    /** A number of milliseconds since 1970 as a timestamp. */
    EPOCH_MILLIS,
    /** A number of seconds since 1970 as a timestamp. */
    EPOCH_SECONDS,
    /** Text of a pattern as a timestamp or date. */
    PATTERN
}
