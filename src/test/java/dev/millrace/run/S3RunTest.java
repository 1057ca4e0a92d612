package dev.millrace.run;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.S3Server;

class S3RunTest extends RunContract {
    private final String bucket = S3Server.newBucket();

    @Override
    Storage staging() {
        return Storages.open("s3://" + bucket + "/staging/", S3Server.options());
    }
}
