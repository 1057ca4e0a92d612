package dev.millrace.planted.storage;

import scala.collection.Seq;

/** The other one. */
final class SpeaksScalaToo {
    int size(Seq<String> seq) {
        return seq.size();
    }
}
