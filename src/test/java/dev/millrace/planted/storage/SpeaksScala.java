package dev.millrace.planted.storage;

import scala.collection.JavaConverters;
import scala.collection.Seq;

/** One of two that use Scala collections. */
final class SpeaksScala {
    Object list(Seq<String> seq) {
        return JavaConverters.seqAsJavaListConverter(seq).asJava();
    }
}
