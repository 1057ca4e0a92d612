package dev.millrace.storage;

import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.auth.BasicSessionCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;

/**
 * Our own client's credentials for Hadoop's S3A, which by itself looks in fewer places: not at profiles, for example. S3A
 * of Hadoop 3.3 makes one by its name; none of them is written into a configuration.
 */
public final class S3aCredentials implements AWSCredentialsProvider {
    private final AwsCredentialsProvider ours =
            DefaultCredentialsProvider.builder().build();

    @Override
    public AWSCredentials getCredentials() {
        AwsCredentials now = ours.resolveCredentials();
        return now instanceof AwsSessionCredentials session
                ? new BasicSessionCredentials(session.accessKeyId(), session.secretAccessKey(), session.sessionToken())
                : new BasicAWSCredentials(now.accessKeyId(), now.secretAccessKey());
    }

    /** Nothing: each answer is asked for, and kept by the provider as long as it is good. */
    @Override
    public void refresh() {}
}
