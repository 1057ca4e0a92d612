package dev.millrace.planted.cellar;

/** Lives in no room. */
public final class Homeless {}
