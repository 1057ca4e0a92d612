package dev.millrace.config;

/** Where a job's rows come from; one child of {@code source}. */
public sealed interface Source permits DynamoDbSource, FileSource, SnapshotSource {}
