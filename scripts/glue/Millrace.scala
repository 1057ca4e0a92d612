import com.amazonaws.services.glue.GlueContext
import com.amazonaws.services.glue.util.{GlueArgParser, Job}
import org.apache.spark.SparkContext
import scala.collection.JavaConverters._

/** What a job of AWS Glue starts: all else is in millrace.jar, which the job names by --extra-jars. See docs/remote.md. */
object Millrace {
  def main(arguments: Array[String]): Unit = {
    val glue = GlueArgParser.getResolvedOptions(arguments, Array("JOB_NAME"))
    Job.init(glue("JOB_NAME"), new GlueContext(SparkContext.getOrCreate()), glue.asJava)
    // Ends the process, unless the exit code is 0.
    dev.millrace.job.Pipeline.main(arguments)
    Job.commit()
  }
}
