package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import dev.millrace.json.NameTable;

/** What is done with the value at a path. */
final class PathNode {
    /** JSON text of the pointer to it, without quotes. */
    final byte[] pointer;

    /** Its attribute's name as UTF-8. */
    final byte[] name;

    SourceType shape = SourceType.NULL;
    int column = -1;
    boolean key;
    Conversion conversion;

    /** Columns that the job file gives, each by the ways to it by the ordinal of the value's type. */
    Conversion[][] given = new Conversion[0][];

    /** Whether a given column holds all of the map, so that nothing in it is without one. */
    boolean covered;

    /** Whether the name has neither column nor table: it is known only to be found fast. */
    boolean isStranger;

    /** The map above; null at the top. */
    final PathNode above;

    /** What was met here without a column, where columns are given; null until something was. */
    PathCensus unnamed;

    /** Record and map where this name was met last, to see that it stands there twice. */
    long seen;

    /** The last place of the name in a map where one stands twice. */
    int last;

    final NameTable<PathNode> fields = new NameTable<>();
    int table = -1;
    PathNode element;

    /** The field that stood first the last time. */
    PathNode first;

    /** The field that followed the last time. */
    PathNode follower;

    /** The number that a tape gave its name; 0: none yet. */
    int nameNumber;

    /** The tape that gave it. */
    JsonTape numbering;

    PathNode(byte[] pointer, byte[] name, PathNode above) {
        this.pointer = pointer;
        this.name = name;
        this.above = above;
    }
}
