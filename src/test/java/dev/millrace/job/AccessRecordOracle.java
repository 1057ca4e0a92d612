package dev.millrace.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What {@code jobs/access-records.yaml} makes of a record, worked out twice without it: in plain Java and in DuckDB.
 * Times are milliseconds, dates days since 1970.
 */
final class AccessRecordOracle {
    /** The table's columns that come from a record, in their order. */
    static final List<String> COLUMNS = List.of(
            "session_id",
            "timestamp",
            "user_id",
            "method",
            "request_url",
            "user_agent",
            "host",
            "origin",
            "x_forwarded_for",
            "via",
            "thread_id",
            "elapse_ms",
            "success",
            "stack",
            "instance",
            "vm_id",
            "return_object_id",
            "query_string",
            "response_status",
            "oauth_client_id",
            "basic_auth_username",
            "auth_method",
            "record_date",
            "client",
            "client_version",
            "entity_id",
            "normalized_method_signature");

    private static final Map<String, String> TEXTS = Map.ofEntries(
            Map.entry("session_id", "sessionId"),
            Map.entry("method", "method"),
            Map.entry("request_url", "requestURL"),
            Map.entry("user_agent", "userAgent"),
            Map.entry("host", "host"),
            Map.entry("origin", "origin"),
            Map.entry("x_forwarded_for", "xForwardedFor"),
            Map.entry("via", "via"),
            Map.entry("vm_id", "vmId"),
            Map.entry("return_object_id", "returnObjectId"),
            Map.entry("query_string", "queryString"),
            Map.entry("oauth_client_id", "oauthClientId"),
            Map.entry("basic_auth_username", "basicAuthUsername"),
            Map.entry("auth_method", "authenticationMethod"));

    private static final List<String> BROWSERS =
            List.of("mozilla", "safari", "opera", "lynx", "ucweb", "chrome", "firefox");

    /** Names that tell a client, and the client; the first that a user agent contains counts. */
    private static final List<List<String>> CLIENTS = List.of(
            List.of("Synapse-Java-Client", "JAVA"),
            List.of("Synpase-Java-Client", "JAVA"),
            List.of("synapser", "SYNAPSER"),
            List.of("synapseRClient", "R"),
            List.of("synapsecommandlineclient", "COMMAND_LINE"),
            List.of("synapseclient", "PYTHON"),
            List.of("ELB-HealthChecker", "ELB_HEALTHCHECKER"),
            List.of("SynapseRepositoryStack", "STACK"));

    private AccessRecordOracle() {}

    /** The columns of a record, in plain Java. */
    static Map<String, Object> inJava(String record) {
        JsonNode json;
        try {
            json = new ObjectMapper().readTree(record);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        JsonNode payload = json.path("payload");
        Map<String, Object> row = new LinkedHashMap<>();
        COLUMNS.forEach(column -> row.put(column, null));
        TEXTS.forEach((column, name) -> row.put(column, payload.path(name).textValue()));
        row.put("timestamp", whole(json.path("timestamp")));
        row.put("user_id", whole(payload.path("userId")));
        row.put("thread_id", whole(payload.path("threadId")));
        row.put("elapse_ms", whole(payload.path("elapseMS")));
        row.put("response_status", whole(payload.path("responseStatus")));
        row.put("success", bool(payload.path("success").asText()));
        row.put("stack", json.path("stack").textValue());
        String instance = json.path("instance").textValue();
        while (instance != null && instance.length() > 1 && instance.charAt(0) == '0') {
            instance = instance.substring(1);
        }
        row.put("instance", instance);
        if (row.get("timestamp") instanceof Long millis) {
            row.put(
                    "record_date",
                    Instant.ofEpochMilli(millis)
                            .atZone(ZoneOffset.UTC)
                            .toLocalDate()
                            .toEpochDay());
        }
        client((String) row.get("user_agent"), row);
        url((String) row.get("method"), (String) row.get("request_url"), row);
        return row;
    }

    private static Long whole(JsonNode node) {
        return node.canConvertToExactIntegral() && node.canConvertToLong() ? node.longValue() : null;
    }

    /** A declared type also takes text that reads as one of its values. */
    private static Boolean bool(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> null;
        };
    }

    private static void client(String agent, Map<String, Object> row) {
        row.put("client", "UNKNOWN");
        if (agent == null) {
            return;
        }
        String lower = agent.toLowerCase(Locale.ROOT);
        if (agent.contains("Synapse-Web-Client")) {
            row.put("client", "WEB");
            row.put("client_version", after("Synapse-Web-Client/", agent));
        } else if (BROWSERS.stream().anyMatch(lower::contains)) {
            row.put("client", "WEB");
            BROWSERS.stream()
                    .filter(browser -> lower.startsWith(browser + "/"))
                    .findFirst()
                    .ifPresent(browser -> row.put("client_version", word(agent.substring(browser.length() + 1))));
        } else {
            CLIENTS.stream().filter(c -> agent.contains(c.get(0))).findFirst().ifPresent(c -> {
                row.put("client", c.get(1));
                row.put("client_version", after(c.get(0) + "/", agent));
            });
        }
    }

    private static String after(String name, String agent) {
        int at = agent.indexOf(name);
        return at < 0 ? null : word(agent.substring(at + name.length()));
    }

    /** What stands before the first white space; null when that is nothing. */
    private static String word(String text) {
        String word = text.split("[ \t\n\u000B\f\r]", -1)[0];
        return word.isEmpty() ? null : word;
    }

    private static void url(String method, String url, Map<String, Object> row) {
        if (url == null) {
            return;
        }
        String escaped = url.replaceAll("%(?![0-9a-fA-F]{2})", "").replace("+", "%2B");
        String decoded = URLDecoder.decode(escaped, StandardCharsets.UTF_8)
                .replaceAll("(?U)\\s", "")
                .toLowerCase(Locale.ROOT);
        row.put("entity_id", entity(decoded));
        if (method != null) {
            row.put("normalized_method_signature", method + " " + signature(decoded));
        }
    }

    private static Long entity(String url) {
        for (int at = url.indexOf("/entity/"); at >= 0; at = url.indexOf("/entity/", at + 1)) {
            String rest = url.substring(at + "/entity/".length());
            rest = rest.startsWith("syn") ? rest.substring(3) : rest;
            int digits = 0;
            while (digits < rest.length() && rest.charAt(digits) >= '0' && rest.charAt(digits) <= '9') {
                digits++;
            }
            if (digits > 0) {
                try {
                    return Long.parseLong(rest.substring(0, digits));
                } catch (NumberFormatException tooLarge) {
                    return null;
                }
            }
        }
        return null;
    }

    private static String signature(String url) {
        String[] parts = url.split("/v1", 2);
        if (parts.length < 2) {
            return "INVALID URL";
        }
        String path = parts[1];
        for (String prefix : List.of("/entity/md5", "/evaluation/name", "/entity/alias")) {
            if (path.startsWith(prefix)) {
                return prefix + "/#";
            }
        }
        if (path.startsWith("/2fa")) {
            return path;
        }
        if (path.startsWith("/user/bundle")) {
            return "/user/bundle";
        }
        if (path.contains("/access/")) {
            return "/objects/#/access/#";
        }
        if (path.contains("/schema/type/registered/")) {
            return "/schema/type/registered/#";
        }
        return Arrays.stream(path.split("/", -1)).map(AccessRecordOracle::part).collect(Collectors.joining("/"));
    }

    private static String part(String part) {
        int[] letters = part.split(";", -1)[0]
                .codePoints()
                .filter(c -> Character.isLetterOrDigit(c) || c == '_')
                .toArray();
        String kept = new String(letters, 0, letters.length);
        boolean id = List.of("syn", "fh").stream()
                .filter(kept::startsWith)
                .map(prefix -> kept.substring(prefix.length()))
                .anyMatch(rest -> !rest.isEmpty() && rest.codePoints().allMatch(Character::isDigit));
        return id || (letters.length > 0 && Character.isDigit(letters[0])) ? "#" : kept;
    }

    /** The rows of records in their order, by DuckDB's JSON and text functions. */
    static List<Map<String, Object>> inDuckDb(List<String> records, Path folder) throws IOException, SQLException {
        Path lines = folder.resolve("oracle.ndjson");
        List<String> numbered = new ArrayList<>();
        for (int i = 0; i < records.size(); i++) {
            numbered.add("{\"n\":" + i + ",\"r\":" + records.get(i) + "}");
        }
        Files.write(lines, numbered);
        return rows(GIVEN.formatted(lines) + COMPUTED.formatted() + " order by n");
    }

    /** A query for the rows of tidy lines, whose types DuckDB is told: what it does best. */
    static String typed(Path folder) {
        return TYPED.formatted(folder) + COMPUTED.formatted();
    }

    /** The rows of landed files, read by DuckDB. */
    static List<Map<String, Object>> landed(Path folder) throws SQLException {
        return rows("""
                select * replace (
                  epoch_ms("timestamp") as "timestamp",
                  datediff('day', date '1970-01-01', record_date) as record_date)
                from read_parquet('%s/*/*.parquet', hive_partitioning = true, hive_types = {record_date: DATE})
                """.formatted(folder));
    }

    private static List<Map<String, Object>> rows(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<Map<String, Object>> rows = new ArrayList<>();
            while (result.next()) {
                Map<String, Object> row = new LinkedHashMap<>();
                for (String column : COLUMNS) {
                    row.put(column, result.getObject(column));
                }
                rows.add(row);
            }
            return rows;
        }
    }

    /** The given columns of lines {@code {n, r}}; unlike the rules' own, numbers are what JSON says they are. */
    private static final String GIVEN = """
            with raw as (
              select n, r, r->'$.payload' as p from read_ndjson('%s', columns = {n: 'BIGINT', r: 'JSON'})),
            given as (
              select n,
                p->>'$.sessionId' as session_id,
                if(json_type(r, '$.timestamp') in ('BIGINT', 'UBIGINT'), try_cast(r->>'$.timestamp' as bigint), null)
                  as "timestamp",
                if(json_type(p, '$.userId') in ('BIGINT', 'UBIGINT'), try_cast(p->>'$.userId' as bigint), null) as user_id,
                p->>'$.method' as method,
                p->>'$.requestURL' as request_url,
                p->>'$.userAgent' as user_agent,
                p->>'$.host' as host,
                p->>'$.origin' as origin,
                p->>'$.xForwardedFor' as x_forwarded_for,
                p->>'$.via' as via,
                try_cast(p->>'$.threadId' as bigint) as thread_id,
                try_cast(p->>'$.elapseMS' as bigint) as elapse_ms,
                case p->>'$.success' when 'true' then true when 'false' then false end as success,
                r->>'$.stack' as stack,
                regexp_replace(r->>'$.instance', '^0+(.)', '\\1') as instance,
                p->>'$.vmId' as vm_id,
                p->>'$.returnObjectId' as return_object_id,
                p->>'$.queryString' as query_string,
                try_cast(p->>'$.responseStatus' as bigint) as response_status,
                p->>'$.oauthClientId' as oauth_client_id,
                p->>'$.basicAuthUsername' as basic_auth_username,
                p->>'$.authenticationMethod' as auth_method
              from raw),
            """;

    /** What is computed of the given columns. */
    private static final String COMPUTED = """
            found as (
              select *,
                case
                  when contains(user_agent, 'Synapse-Web-Client') then 'Synapse-Web-Client'
                  when regexp_matches(user_agent, '(?i)(mozilla|safari|opera|lynx|ucweb|chrome|firefox)') then 'browser'
                  else list_filter(
                    ['Synapse-Java-Client', 'Synpase-Java-Client', 'synapser', 'synapseRClient',
                      'synapsecommandlineclient', 'synapseclient', 'ELB-HealthChecker', 'SynapseRepositoryStack'],
                    lambda name: contains(user_agent, name))[1]
                end as name,
                -- Bytes that are no UTF-8, which url_decode refuses; then escapes that are none lose their per cent sign.
                lower(regexp_replace(url_decode(replace(replace(regexp_replace(
                    replace(replace(request_url, '%%FF', chr(65533)), '%%FE', chr(65533)), '%%([0-9a-fA-F]{2})', chr(1) || '\\1', 'g'), '%%', ''), chr(1), '%%')),
                    '[\\s\\x0B\\p{Z}\\x{85}]', '', 'g')) as url
              from given),
            pathed as (
              select *, if(contains(url, '/v1'), substr(url, strpos(url, '/v1') + 3), null) as path from found)
            select * exclude (name, url, path),
              datediff('day', date '1970-01-01', cast(make_timestamp("timestamp" * 1000) as date)) as record_date,
              case name
                when 'Synapse-Web-Client' then 'WEB'
                when 'browser' then 'WEB'
                when 'Synapse-Java-Client' then 'JAVA'
                when 'Synpase-Java-Client' then 'JAVA'
                when 'synapser' then 'SYNAPSER'
                when 'synapseRClient' then 'R'
                when 'synapsecommandlineclient' then 'COMMAND_LINE'
                when 'synapseclient' then 'PYTHON'
                when 'ELB-HealthChecker' then 'ELB_HEALTHCHECKER'
                when 'SynapseRepositoryStack' then 'STACK'
                else 'UNKNOWN'
              end as client,
              nullif(if(name = 'browser',
                regexp_extract(user_agent, '^(?i:mozilla|safari|opera|lynx|ucweb|chrome|firefox)/([^\\s]*)', 1),
                regexp_extract(substr(user_agent, strpos(user_agent, name || '/') + length(name) + 1),
                  if(contains(user_agent, name || '/'), '^[^\\s]*', '^$'))), '') as client_version,
              try_cast(nullif(regexp_extract(url, '/entity/(syn)?([0-9]+)', 2), '') as bigint) as entity_id,
              method || ' ' || case
                when url is null then null
                when path is null then 'INVALID URL'
                when starts_with(path, '/entity/md5') then '/entity/md5/#'
                when starts_with(path, '/evaluation/name') then '/evaluation/name/#'
                when starts_with(path, '/entity/alias') then '/entity/alias/#'
                when starts_with(path, '/2fa') then path
                when starts_with(path, '/user/bundle') then '/user/bundle'
                when contains(path, '/access/') then '/objects/#/access/#'
                when contains(path, '/schema/type/registered/') then '/schema/type/registered/#'
                else array_to_string(list_transform(
                  string_split(regexp_replace(regexp_replace(path, ';[^/]*', '', 'g'), '[^\\p{L}\\p{Nd}_/]', '', 'g'), '/'),
                  lambda part: if(regexp_full_match(part, '(syn|fh)\\p{Nd}+|\\p{Nd}.*'), '#', part)), '/')
              end as normalized_method_signature
            from pathed
            """;

    private static final String TYPED = """
            with given as (
              select payload.sessionId as session_id, "timestamp", payload.userId as user_id, payload.method as method,
                payload.requestURL as request_url, payload.userAgent as user_agent, payload.host as host,
                payload.origin as origin, payload.xForwardedFor as x_forwarded_for, payload.via as via,
                payload.threadId as thread_id, payload.elapseMS as elapse_ms, payload.success as success, stack,
                regexp_replace(instance, '^0+(.)', '\\1') as instance, payload.vmId as vm_id,
                payload.returnObjectId as return_object_id, payload.queryString as query_string,
                payload.responseStatus as response_status, payload.oauthClientId as oauth_client_id,
                payload.basicAuthUsername as basic_auth_username, payload.authenticationMethod as auth_method
              from read_json('%s/*', format = 'newline_delimited', columns = {"timestamp": 'BIGINT', stack: 'VARCHAR',
                instance: 'VARCHAR', payload: 'STRUCT(sessionId VARCHAR, userId BIGINT, "method" VARCHAR,
                requestURL VARCHAR, userAgent VARCHAR, host VARCHAR, origin VARCHAR, xForwardedFor VARCHAR, via VARCHAR,
                threadId BIGINT, elapseMS BIGINT, success BOOLEAN, vmId VARCHAR, returnObjectId VARCHAR,
                queryString VARCHAR, responseStatus BIGINT, oauthClientId VARCHAR, basicAuthUsername VARCHAR,
                authenticationMethod VARCHAR)'})),
            """;
}
