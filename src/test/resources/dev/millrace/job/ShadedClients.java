import dev.millrace.shaded.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import dev.millrace.shaded.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import dev.millrace.shaded.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import dev.millrace.shaded.amazon.awssdk.regions.Region;
import dev.millrace.shaded.amazon.awssdk.services.dynamodb.DynamoDbClient;
import dev.millrace.shaded.amazon.awssdk.services.glue.GlueClient;
import dev.millrace.shaded.amazon.awssdk.services.s3.S3Client;
import dev.millrace.shaded.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import dev.millrace.shaded.amazon.awssdk.services.sts.StsClient;
import java.net.URI;

/** Calls each service once by the clients of the shaded jar. Run by ShadedJarIT from this source, never compiled. */
public class ShadedClients {
    public static void main(String[] arguments) {
        URI endpoint = URI.create(arguments[0]);
        try (DynamoDbClient dynamo = at(endpoint, DynamoDbClient.builder());
                S3Client s3 = at(endpoint, S3Client.builder().forcePathStyle(true));
                GlueClient glue = at(endpoint, GlueClient.builder());
                StsClient sts = at(endpoint, StsClient.builder());
                SecretsManagerClient secrets = at(endpoint, SecretsManagerClient.builder())) {
            System.out.println("tables " + dynamo.listTables().tableNames());
            System.out.println(
                    "object " + s3.getObjectAsBytes(r -> r.bucket("bucket").key("key")).asUtf8String());
            System.out.println("database "
                    + glue.getDatabase(r -> r.name("lake")).database().name());
            System.out.println("token "
                    + sts.assumeRole(r -> r.roleArn("arn:aws:iam::111122223333:role/reader")
                                    .roleSessionName("test"))
                            .credentials()
                            .sessionToken());
            System.out.println(
                    "secret " + secrets.getSecretValue(r -> r.secretId("id")).secretString());
        }
    }

    private static <B extends AwsClientBuilder<B, C>, C> C at(URI endpoint, B builder) {
        return builder.endpointOverride(endpoint)
                .region(Region.EU_WEST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret")))
                .build();
    }
}
