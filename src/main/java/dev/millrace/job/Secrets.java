package dev.millrace.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import java.io.IOException;
import java.util.Optional;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;

/** Secrets that a job file refers to by {@code ${secret:ID#key}}. */
final class Secrets {
    private Secrets() {}

    /** A text in a secret's JSON object, or empty where secret or key do not exist. */
    static Optional<String> find(String id, String key) {
        try (SecretsManagerClient client = SecretsManagerClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .build()) {
            String secret = client.getSecretValue(r -> r.secretId(id)).secretString();
            JsonNode value = new ObjectMapper().readTree(secret).path(key);
            return value.isTextual() ? Optional.of(value.textValue()) : Optional.empty();
        } catch (ResourceNotFoundException e) {
            return Optional.empty();
        } catch (SdkException e) {
            throw Fault.world("The secret " + id + " cannot be read: " + e.getMessage(), e);
        } catch (IOException e) {
            // The parser's message would show what it read.
            throw Fault.user("The secret " + id + " is no JSON object: ${secret:" + id + "#" + key + "} needs one");
        }
    }
}
