package dev.millrace.storage;

/** How S3 is asked to encrypt an object: the values of its header {@code x-amz-server-side-encryption}. */
public enum S3Encryption {
    /** It is asked for nothing, and does what the bucket is set to. */
    BY_BUCKET(""),
    SSE_S3("AES256"),
    SSE_KMS("aws:kms");

    private final String header;

    S3Encryption(String header) {
        this.header = header;
    }

    String header() {
        return header;
    }
}
