package com.amazonaws.services.glue {
  import org.apache.spark.SparkContext

  class GlueContext(val spark: SparkContext)
}

/** The signatures of Glue's own library that our script uses; it is nowhere to be had but on Glue. */
package com.amazonaws.services.glue.util {
  import com.amazonaws.services.glue.GlueContext

  object GlueArgParser {
    def getResolvedOptions(arguments: Array[String], names: Array[String]): Map[String, String] =
      names.map { name =>
        val at = arguments.indexOf("--" + name)
        require(at >= 0 && at + 1 < arguments.length, "--" + name + " is missing")
        name -> arguments(at + 1)
      }.toMap
  }

  object Job {
    def init(name: String, glue: GlueContext, arguments: java.util.Map[String, String]): Unit =
      println("glue: begins " + name + " on Spark " + glue.spark.version)

    def commit(): Unit = println("glue: is committed")
  }
}
