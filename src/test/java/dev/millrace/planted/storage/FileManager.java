package dev.millrace.planted.storage;

/** Is named after nothing. */
final class FileManager {}
