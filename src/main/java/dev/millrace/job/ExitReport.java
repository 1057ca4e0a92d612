package dev.millrace.job;

import dev.millrace.config.FileLocation;
import dev.millrace.fault.Fault;
import dev.millrace.remote.ExitFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import java.util.Optional;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes down how this process ends, where {@code remote} has submitted it: platforms do not tell exit codes. */
final class ExitReport {
    private static final Logger LOG = LoggerFactory.getLogger(ExitReport.class);

    private final Arguments arguments;
    private final Surroundings around;

    ExitReport(Arguments arguments, Surroundings around) {
        this.arguments = arguments;
        this.around = around;
    }

    int of(IntSupplier work) {
        if (arguments.submission().isEmpty() || !OpenJob.isOnStorage(arguments.job())) {
            return work.getAsInt();
        }
        try {
            int code = work.getAsInt();
            write(ExitFile.of(code, ""));
            return code;
        } catch (Exception | Error failure) { // Spark throws exceptions that are checked and that nobody declares.
            Optional<Fault> fault = Fault.in(failure);
            write(ExitFile.of(
                    fault.map(Fault::exitCode).orElse(Fault.Kind.WORLD.exitCode()),
                    fault.map(Fault::getMessage).orElseGet(failure::toString)));
            throw failure;
        }
    }

    /** As the job reaches S3; where its file cannot be read, as this machine does. */
    private StorageOptions options() {
        try {
            return OpenJob.options(OpenJob.load(arguments, around).job().s3());
        } catch (Fault fault) {
            LOG.debug("The job file does not tell how S3 is reached", fault);
            return StorageOptions.DEFAULT;
        }
    }

    private void write(ExitFile exit) {
        try {
            FileLocation at = OpenJob.location(arguments.job(), around);
            Storage storage = around.storages().apply(at.folder().uri(), options());
            String share =
                    arguments.units().count() > 1 ? "-" + arguments.units().index() : "";
            exit.put(storage, "", arguments.submission().orElseThrow() + share);
        } catch (Fault fault) {
            // What the process has done stands, and its run tells of it.
            LOG.warn("It could not be written down how this process ends: {}", fault.getMessage());
        }
    }
}
