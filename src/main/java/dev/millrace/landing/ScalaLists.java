package dev.millrace.landing;

import java.util.List;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/** Lists from and for Spark and Delta: the only place that touches Scala's collections. */
public final class ScalaLists {
    private ScalaLists() {}

    public static <T> List<T> list(Seq<T> seq) {
        return JavaConverters.seqAsJavaList(seq);
    }

    public static <T> Seq<T> seq(List<T> list) {
        return JavaConverters.asScalaBuffer(list).toSeq();
    }
}
