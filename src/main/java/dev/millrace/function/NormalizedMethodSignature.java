package dev.millrace.function;

import java.util.List;
import java.util.regex.Pattern;
import org.apache.spark.sql.api.java.UDF2;

/**
 * {@code normalized_method_signature(method, url)}: the operation that a request of Synapse's REST API called, without
 * the ids in it: {@code GET /entity/#/bundle}. Null when method or URL is; every other URL has a result.
 *
 * <p>SQL could say each rule, but not that the first one wins without repeating the path in each.
 */
public final class NormalizedMethodSignature implements UDF2<String, String, String> {
    /** What stands for the path of a URL that is none of the API. */
    private static final String INVALID = "INVALID URL";

    private static final String API = "/v1";

    /** Operations whose next part is a name or hash, which may look like anything. */
    private static final List<String> BEFORE_A_NAME = List.of("/entity/md5", "/evaluation/name", "/entity/alias");

    private static final String TWO_FACTORS = "/2fa";
    private static final String USER_BUNDLE = "/user/bundle";
    private static final String ACCESS = "/access/";
    private static final String REGISTERED_SCHEMA = "/schema/type/registered/";

    private static final Pattern PARAMETERS = Pattern.compile(";[^/]*");
    private static final Pattern PUNCTUATION = Pattern.compile("[^\\p{L}\\p{Nd}_/]+");
    private static final Pattern ID = Pattern.compile("(?<=/|\\A)(?:(?:syn|fh)\\p{Nd}+(?=/|\\z)|\\p{Nd}[^/]*)");

    @Override
    public String call(String method, String url) {
        return method == null || url == null ? null : method + " " + path(NormalizedUrl.of(url));
    }

    private static String path(String url) {
        int api = url.indexOf(API);
        if (api < 0) {
            return INVALID;
        }
        String path = url.substring(api + API.length());
        for (String prefix : BEFORE_A_NAME) {
            if (path.startsWith(prefix)) {
                return prefix + "/#";
            }
        }
        if (path.startsWith(TWO_FACTORS)) {
            return path;
        }
        if (path.startsWith(USER_BUNDLE)) {
            return USER_BUNDLE;
        }
        if (path.contains(ACCESS)) {
            return "/objects/#/access/#";
        }
        if (path.contains(REGISTERED_SCHEMA)) {
            return REGISTERED_SCHEMA + "#";
        }
        String letters =
                PUNCTUATION.matcher(PARAMETERS.matcher(path).replaceAll("")).replaceAll("");
        return ID.matcher(letters).replaceAll("#");
    }
}
