package dev.millrace.warehouse.snowflake;

import dev.millrace.fault.Fault;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Private keys as text. What is none is told before the driver sees it, which would print where it failed. */
final class PrivateKeys {
    private static final Pattern PEM = Pattern.compile(
            "\\s*-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\\s+([A-Za-z0-9+/=\\s]+)-----END (?:ENCRYPTED )?PRIVATE KEY-----\\s*");

    private PrivateKeys() {}

    /** What stands between the marks, on one line. */
    static String body(String text) {
        Matcher pem = PEM.matcher(text);
        return pem.matches() ? pem.group(2).replaceAll("\\s", "") : "";
    }

    /** A key that is not encrypted, which the others are not taken for. */
    static PrivateKey plain(String text) {
        try {
            byte[] key = Base64.getDecoder().decode(body(text));
            return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(key));
        } catch (IllegalArgumentException | GeneralSecurityException e) {
            throw Fault.user(
                    "Invalid warehouse.snowflake.key: it is encrypted, which connector: spark-snowflake does not"
                            + " take: decrypt it, or take copy");
        }
    }

    /** Throws a USER fault, without the text, when it is no key. */
    static void require(String text) {
        Matcher pem = PEM.matcher(text);
        boolean isKey = pem.matches();
        try {
            byte[] key = isKey ? Base64.getMimeDecoder().decode(pem.group(2)) : new byte[0];
            if (isKey && pem.group(1) == null) {
                KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(key));
            }
        } catch (IllegalArgumentException | GeneralSecurityException e) {
            isKey = false;
        }
        if (!isKey) {
            throw Fault.user("Invalid warehouse.snowflake.key: it is no RSA private key in PKCS#8 PEM: make one, for"
                    + " example, by: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048");
        }
    }
}
