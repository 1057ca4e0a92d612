package dev.millrace.warehouse.snowflake;

import dev.millrace.fault.Fault;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Private keys as text. What is none is told before the driver sees it, which would print where it failed. */
final class PrivateKeys {
    private static final Pattern PEM = Pattern.compile(
            "\\s*-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\\s+([A-Za-z0-9+/=\\s]+)-----END (?:ENCRYPTED )?PRIVATE KEY-----\\s*");

    private PrivateKeys() {}

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
