package dev.millrace.warehouse.redshift;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.config.SecretRef;
import dev.millrace.config.WarehouseSettings.Dependents;
import dev.millrace.config.WarehouseSettings.Json;
import dev.millrace.config.WarehouseSettings.Redshift;
import dev.millrace.config.WarehouseSettings.TableDesign;
import dev.millrace.config.WarehouseSettings.Tls;
import dev.millrace.testing.Certificates;
import dev.millrace.testing.PostgresServer;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * Stands between the Redshift driver and a PostgreSQL server: takes down each statement, passes on what both understand as
 * it is, and does what only Redshift does: COPY by a manifest, keys and encodings of tables, and the views of its catalog.
 *
 * <p>It shows that our transactions, locks and catalog queries do on a server of that family what they are to do, through
 * the driver itself. It does not show that Redshift takes the statements: for that they are compared with golden files, to be
 * read beside its documentation, and run by {@code scripts/verify-redshift}.
 */
public final class RedshiftFront {
    /** Logs in as the job does; the driver knows no SCRAM. */
    public static final String USER = "warehouse";

    private static final int SSL_REQUEST = 80877103;
    private static final int PROTOCOL = 196608;
    private static final int END = 0;
    private static final int BUFFER_BYTES = 64 << 10;
    private static final Set<String> PARAMETERS = Set.of(
            "user", "database", "client_encoding", "DateStyle", "TimeZone", "extra_float_digits", "application_name");
    private static final Pattern CREATE_TABLE =
            Pattern.compile("CREATE (?:TEMP )?TABLE (\\S+) \\((.*?)\\)( DISTSTYLE .*| SORTKEY .*)?", Pattern.DOTALL);
    private static final Pattern COLUMN = Pattern.compile("\"([^\"]+)\" ([a-z]+)");
    private static final Pattern COPY = Pattern.compile("COPY (\\S+) FROM '([^']+)' IAM_ROLE (\\S+) (.*)");
    private static final Pattern SCOPED = Pattern.compile(
            "(GRANT|REVOKE) (\\w+) FOR (\\w+) IN SCHEMA \"([^\"]+)\" (?:TO|FROM) (ROLE )?\"([^\"]+)\"( WITH GRANT OPTION)?");
    private static final Pattern QUOTA =
            Pattern.compile("(CREATE|ALTER) SCHEMA \"([^\"]+)\" QUOTA (?:(\\d+) MB|UNLIMITED)");

    private static RedshiftFront shared;

    private final ServerSocket socket;
    private final Optional<SSLContext> tls;
    private final AtomicInteger encrypted = new AtomicInteger();
    private final List<String> statements = Collections.synchronizedList(new ArrayList<>());

    /** What the next COPY statements of anybody are refused with. */
    private final Queue<Refusal> refusals = new ConcurrentLinkedQueue<>();

    /** What happens before the next statement of a kind goes on to the server, or nothing. */
    private final AtomicReference<Optional<Meanwhile>> meanwhile = new AtomicReference<>(Optional.empty());

    /** Columns of tables by name, with Redshift's types. */
    private final Map<String, Map<String, String>> tables = new ConcurrentHashMap<>();

    private RedshiftFront(Optional<SSLContext> tls) throws IOException {
        this.tls = tls;
        socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(this::accept, "redshift-front");
        thread.setDaemon(true);
        thread.start();
    }

    /** The front of the PostgreSQL server, started at the first call. */
    public static synchronized RedshiftFront front() {
        if (shared == null) {
            PostgresServer.execute(
                    "postgres",
                    PostgresServer.ADMIN,
                    "SET password_encryption = 'md5'",
                    "CREATE ROLE " + USER + " LOGIN PASSWORD '" + PostgresServer.PASSWORD + "'",
                    "GRANT pg_read_all_stats TO " + USER);
            try {
                shared = new RedshiftFront(Optional.empty());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return shared;
    }

    /**
     * Another front, that talks TLS with who asks for it, until the end of this JVM.
     *
     * @param certificate of the server, in PKCS12, as {@link Certificates} leaves it
     */
    static RedshiftFront withTls(Path certificate) throws IOException {
        front();
        return new RedshiftFront(Optional.of(Certificates.serverContext(certificate)));
    }

    /** Connections that have logged in over TLS, so far. */
    int encrypted() {
        return encrypted.get();
    }

    public int port() {
        return socket.getLocalPort();
    }

    /**
     * What a COPY is refused with.
     *
     * @param row that a load error is left of; 0 leaves none
     */
    private record Refusal(String message, long row) {}

    /** Has a COPY refused, the next one that is not to be refused yet. */
    void refuse(String message) {
        refusals.add(new Refusal(message, 0));
    }

    /** The same, and leaves a load error. */
    void refuse(String message, long row) {
        refusals.add(new Refusal(message, row));
    }

    private record Meanwhile(String start, Runnable act) {}

    /** Has something done while whoever sent a statement waits for it: the next one that begins so. */
    void meanwhile(String start, Runnable act) {
        meanwhile.set(Optional.of(new Meanwhile(start, act)));
    }

    /** Statements since the last call, in their order; values of parameters behind them. */
    List<String> taken() {
        synchronized (statements) {
            List<String> taken = List.copyOf(statements);
            statements.clear();
            return taken;
        }
    }

    /** Makes a database that has the views of Redshift's catalog, and transactions with one snapshot each. */
    public static String newDatabase() {
        front();
        String name = PostgresServer.newDatabase();
        PostgresServer.execute(
                name,
                PostgresServer.ADMIN,
                "GRANT CREATE ON DATABASE " + name + " TO " + USER,
                "ALTER DATABASE " + name + " SET default_transaction_isolation = 'repeatable read'",
                "ALTER DATABASE " + name + " SET standard_conforming_strings = off",
                "ALTER DATABASE " + name + " SET escape_string_warning = off",
                "SET allow_system_table_mods = on",
                "CREATE VIEW pg_catalog.svv_transactions AS SELECT a.usename::text AS txn_owner, a.datname::text AS txn_db,"
                        + " (extract(epoch FROM a.xact_start) * 1000000)::bigint AS xid, a.pid, a.xact_start AS txn_start,"
                        + " l.mode AS lock_mode, l.locktype AS lockable_object_type, l.relation, l.granted"
                        + " FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid"
                        + " WHERE a.xact_start IS NOT NULL AND a.backend_type = 'client backend'",
                "CREATE FUNCTION pg_catalog.to_hex(bytea) RETURNS text LANGUAGE sql AS $$ SELECT encode($1, 'hex') $$",
                "CREATE FUNCTION pg_catalog.front_kind(oid) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN $1 = 0 THEN"
                        + " 'public' ELSE (SELECT CASE WHEN rolname LIKE 'group%' THEN 'group' WHEN rolcanlogin THEN 'user'"
                        + " ELSE 'role' END FROM pg_roles WHERE oid = $1) END $$",
                "CREATE TABLE public.scoped (namespace oid, scope text, privilege text, kind text, name text, is_grantable boolean)",
                "CREATE VIEW pg_catalog.svv_schema_privileges AS SELECT n.nspname::text AS namespace_name, x.privilege_type,"
                        + " front_kind(x.grantee) AS identity_type, CASE x.grantee WHEN 0 THEN 'public' ELSE"
                        + " pg_get_userbyid(x.grantee)::text END AS identity_name, x.is_grantable AS admin_option,"
                        + " 'SCHEMA' AS privilege_scope FROM pg_namespace n, aclexplode(n.nspacl) x UNION ALL"
                        + " SELECT n.nspname::text, s.privilege, s.kind, s.name, s.is_grantable, s.scope"
                        + " FROM pg_namespace n JOIN public.scoped s ON s.namespace = n.oid",
                "CREATE VIEW pg_catalog.svv_relation_privileges AS SELECT n.nspname::text AS namespace_name, c.relname::text AS"
                        + " relation_name, x.privilege_type, front_kind(x.grantee) AS identity_type, CASE x.grantee WHEN 0"
                        + " THEN 'public' ELSE pg_get_userbyid(x.grantee)::text END AS identity_name, x.is_grantable AS"
                        + " admin_option FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) x"
                        + " WHERE c.relkind IN ('r', 'v')",
                "CREATE VIEW pg_catalog.svv_column_privileges AS SELECT n.nspname::text AS namespace_name, c.relname::text AS"
                        + " relation_name, a.attname::text AS column_name, x.privilege_type, front_kind(x.grantee) AS"
                        + " identity_type, CASE x.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(x.grantee)::text END AS"
                        + " identity_name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n"
                        + " ON n.oid = c.relnamespace, aclexplode(a.attacl) x",
                "CREATE VIEW pg_catalog.svv_default_privileges AS SELECT n.nspname::text AS schema_name, 'RELATION' AS"
                        + " object_type, pg_get_userbyid(d.defaclrole)::text AS owner_name, x.privilege_type,"
                        + " pg_get_userbyid(x.grantee)::text AS grantee_name, front_kind(x.grantee) AS grantee_type,"
                        + " x.is_grantable AS admin_option FROM pg_default_acl d JOIN pg_namespace n"
                        + " ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) x WHERE d.defaclobjtype = 'r'",
                "CREATE TABLE public.user_info (user_name text, superuser boolean, syslog_access text)",
                "CREATE VIEW pg_catalog.svv_user_info AS SELECT * FROM public.user_info WHERE user_name = current_user",
                "CREATE TABLE public.user_grant (user_name text, role_name text)",
                "CREATE VIEW pg_catalog.svv_user_grants AS SELECT * FROM public.user_grant",
                "CREATE TABLE public.role_grant (role_name text, granted_role_name text)",
                "CREATE VIEW pg_catalog.svv_role_grants AS SELECT * FROM public.role_grant",
                "CREATE TABLE public.system_privilege (system_privilege text, identity_type text, identity_name text)",
                "CREATE VIEW pg_catalog.svv_system_privileges AS SELECT * FROM public.system_privilege",
                "INSERT INTO public.user_info VALUES ('" + USER + "', false, 'UNRESTRICTED')",
                "INSERT INTO public.user_grant VALUES ('" + USER + "', 'sys:monitor')",
                "INSERT INTO public.system_privilege VALUES ('ACCESS SYSTEM TABLE', 'role', 'sys:monitor'),"
                        + " ('CREATE TABLE', 'role', 'sys:dba')",
                "CREATE VIEW pg_catalog.svv_mv_info AS SELECT schemaname::text AS schema_name, matviewname::text AS name"
                        + " FROM pg_matviews",
                "CREATE TABLE public.datashare_object (share_type text, share_name text, object_name text)",
                "CREATE VIEW pg_catalog.svv_datashare_objects AS SELECT * FROM public.datashare_object",
                "CREATE VIEW pg_catalog.svv_rls_attached_policy AS SELECT schemaname::text AS relschema, tablename::text AS"
                        + " relname, policyname::text AS polname FROM pg_policies",
                "CREATE TABLE public.masking (policy_name text, schema_name text, table_name text)",
                "CREATE VIEW pg_catalog.svv_attached_masking_policy AS SELECT * FROM public.masking",
                "CREATE TABLE public.quota (schema_name text, quota bigint, disk_usage bigint)",
                "CREATE VIEW pg_catalog.svv_redshift_schema_quota AS SELECT current_database()::char(128) AS database_name,"
                        + " schema_name::char(128), quota, disk_usage FROM public.quota",
                "CREATE TABLE public.load_error (session_id int,"
                        + " start_time timestamp DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'), file_name char(256),"
                        + " line_number bigint, column_name char(127), error_message char(512))",
                "CREATE VIEW pg_catalog.sys_load_error_detail AS SELECT * FROM public.load_error",
                "CREATE FUNCTION pg_catalog.json_parse(text) RETURNS json LANGUAGE sql AS $$ SELECT $1::json $$",
                "GRANT SELECT, INSERT, DELETE ON public.scoped TO " + USER,
                "GRANT SELECT ON pg_catalog.svv_transactions, pg_catalog.svv_schema_privileges,"
                        + " pg_catalog.svv_relation_privileges, pg_catalog.svv_column_privileges,"
                        + " pg_catalog.svv_user_info, pg_catalog.svv_user_grants, pg_catalog.svv_role_grants,"
                        + " pg_catalog.svv_system_privileges,"
                        + " pg_catalog.svv_default_privileges, pg_catalog.svv_mv_info, pg_catalog.svv_datashare_objects,"
                        + " pg_catalog.svv_rls_attached_policy, pg_catalog.svv_redshift_schema_quota,"
                        + " pg_catalog.sys_load_error_detail TO " + USER);
        return name;
    }

    /** How a job reaches a database. */
    public static RedshiftOptions options(int port, String database) {
        return options(port, database, Duration.ofSeconds(30), Dependents.RECREATE, Json.TEXT, Map.of());
    }

    static RedshiftOptions options(
            int port,
            String database,
            Duration patience,
            Dependents dependents,
            Json json,
            Map<String, TableDesign> tables) {
        return new RedshiftOptions(
                new Redshift(
                        "127.0.0.1",
                        port,
                        database,
                        USER,
                        SecretRef.parse("${env:PASSWORD}").orElseThrow(),
                        "arn:aws:iam::111122223333:role/millrace-copy",
                        Tls.DISABLE,
                        patience,
                        dependents,
                        json,
                        tables),
                PostgresServer.PASSWORD);
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket client = socket.accept();
                Thread thread = new Thread(() -> serve(client), "redshift-front-client");
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            new Conversation(client).hold();
        } catch (EOFException e) {
            return;
        } catch (IOException gone) {
            return;
        }
    }

    /** One connection of a driver. */
    private final class Conversation {
        private DataInputStream in;
        private OutputStream toClient;
        private Socket client;
        private String database = "";
        private String parsed = "";
        private long lastCount;
        private int portAtServer;

        Conversation(Socket client) throws IOException {
            client.setTcpNoDelay(true);
            talk(client);
        }

        private void talk(Socket with) throws IOException {
            client = with;
            in = new DataInputStream(new BufferedInputStream(with.getInputStream()));
            toClient = with.getOutputStream();
        }

        /** Whoever asks waits for the answer, so nothing has been read ahead. */
        private void answerTls() throws IOException {
            toClient.write(tls.isPresent() ? 'S' : 'N');
            if (tls.isPresent()) {
                SSLSocket secure =
                        (SSLSocket) tls.get().getSocketFactory().createSocket(client, null, client.getPort(), true);
                secure.setUseClientMode(false);
                secure.startHandshake();
                talk(secure);
                encrypted.incrementAndGet();
            }
        }

        void hold() throws IOException {
            byte[] startup = startup();
            try (Socket server = new Socket(InetAddress.getLoopbackAddress(), PostgresServer.port())) {
                server.setTcpNoDelay(true);
                portAtServer = server.getLocalPort();
                DataOutputStream toServer =
                        new DataOutputStream(new BufferedOutputStream(server.getOutputStream(), BUFFER_BYTES));
                toServer.write(startup);
                toServer.flush();
                Thread back = new Thread(() -> pass(server, client), "redshift-front-server");
                back.setDaemon(true);
                back.start();
                while (true) {
                    int type = in.read();
                    if (type < 0) {
                        return;
                    }
                    byte[] body = in.readNBytes(in.readInt() - Integer.BYTES);
                    byte[] changed = message((char) type, body);
                    toServer.write(type);
                    toServer.writeInt(changed.length + Integer.BYTES);
                    toServer.write(changed);
                    if (in.available() == 0) {
                        toServer.flush();
                    }
                }
            }
        }

        private void pass(Socket server, Socket toDriver) {
            try (toDriver;
                    InputStream from = server.getInputStream()) {
                from.transferTo(toDriver.getOutputStream());
            } catch (IOException gone) {
                return;
            }
        }

        /** Without what PostgreSQL does not know of. */
        private byte[] startup() throws IOException {
            int length = in.readInt();
            int code = in.readInt();
            while (code == SSL_REQUEST) {
                answerTls();
                length = in.readInt();
                code = in.readInt();
            }
            byte[] body = in.readNBytes(length - 2 * Integer.BYTES);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeInt(0);
            out.writeInt(code);
            if (code != PROTOCOL) {
                out.write(body);
            } else {
                String[] words = new String(body, UTF_8).split("\0", -1);
                for (int i = 0; i + 1 < words.length && !words[i].isEmpty(); i += 2) {
                    if (PARAMETERS.contains(words[i])) {
                        out.write((words[i] + "\0" + words[i + 1] + "\0").getBytes(UTF_8));
                    }
                    if (words[i].equals("database")) {
                        database = words[i + 1];
                    }
                }
                out.write(END);
            }
            byte[] packet = bytes.toByteArray();
            ByteBuffer.wrap(packet).putInt(packet.length);
            return packet;
        }

        private byte[] message(char type, byte[] body) {
            return switch (type) {
                case 'Q' -> {
                    String sql = text(body, 0);
                    note(sql);
                    yield (rewritten(sql) + "\0").getBytes(UTF_8);
                }
                case 'P' -> {
                    String name = text(body, 0);
                    int at = name.getBytes(UTF_8).length + 1;
                    String sql = text(body, at);
                    parsed = sql;
                    int rest = at + sql.getBytes(UTF_8).length + 1;
                    byte[] head = (name + "\0" + rewritten(sql) + "\0").getBytes(UTF_8);
                    ByteBuffer changed = ByteBuffer.allocate(head.length + body.length - rest);
                    changed.put(head).put(body, rest, body.length - rest);
                    yield changed.array();
                }
                case 'B' -> {
                    note(parsed + values(body));
                    yield body;
                }
                default -> body;
            };
        }

        private String text(byte[] body, int from) {
            int end = from;
            while (body[end] != 0) {
                end++;
            }
            return new String(body, from, end - from, UTF_8);
        }

        private String values(byte[] body) {
            int at = text(body, 0).length() + 1;
            at += text(body, at).length() + 1;
            ByteBuffer bind = ByteBuffer.wrap(body, at, body.length - at);
            int formats = bind.getShort();
            boolean[] isBinary = new boolean[formats];
            for (int i = 0; i < formats; i++) {
                isBinary[i] = bind.getShort() == 1;
            }
            int count = bind.getShort();
            List<String> values = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int length = bind.getInt();
                if (length < 0) {
                    values.add("NULL");
                    continue;
                }
                byte[] value = new byte[length];
                bind.get(value);
                boolean binary = formats == 1 ? isBinary[0] : formats > 1 && isBinary[i];
                values.add(
                        binary
                                ? Long.toString(
                                        length == Long.BYTES
                                                ? ByteBuffer.wrap(value).getLong()
                                                : ByteBuffer.wrap(value).getInt())
                                : "'" + new String(value, UTF_8) + "'");
            }
            return values.isEmpty() ? "" : " -- " + String.join(", ", values);
        }

        private void note(String sql) {
            statements.add(sql.strip());
        }

        private String rewritten(String sql) {
            Optional<Meanwhile> next = meanwhile.get();
            if (next.filter(m -> sql.startsWith(m.start())).isPresent()
                    && meanwhile.compareAndSet(next, Optional.empty())) {
                next.get().act().run();
            }
            Matcher copy = COPY.matcher(sql);
            if (copy.matches()) {
                return copied(copy);
            }
            if (sql.equals("SELECT pg_last_copy_count()")) {
                return "SELECT " + lastCount + "::bigint";
            }
            if (sql.startsWith("SELECT to_char(sysdate,")) {
                return sql.replace("sysdate", "statement_timestamp() AT TIME ZONE 'UTC'");
            }
            Matcher table = CREATE_TABLE.matcher(sql);
            if (table.matches()) {
                Map<String, String> columns = new LinkedHashMap<>();
                Matcher column = COLUMN.matcher(table.group(2));
                while (column.find()) {
                    columns.put(column.group(1), column.group(2));
                }
                tables.put(database + "/" + table.group(1), columns);
                String suffix = table.group(3) == null ? "" : table.group(3);
                return sql.substring(0, sql.length() - suffix.length())
                        .replaceAll(" ENCODE [A-Z0-9]+", "")
                        .replaceAll("\" varbyte\\(\\d+\\)", "\" bytea")
                        .replaceAll("\" super\\b", "\" json");
            }
            Matcher scoped = SCOPED.matcher(sql);
            if (scoped.matches()) {
                return scoped(scoped);
            }
            Matcher quota = QUOTA.matcher(sql);
            if (quota.matches()) {
                return quota(quota);
            }
            return sql.startsWith("GRANT") || sql.startsWith("REVOKE") || sql.startsWith("ALTER DEFAULT")
                    ? sql.replaceAll(" (TO|FROM) ROLE \"", " $1 \"")
                    : sql;
        }

        /** Whoever may make a schema may limit it; a limit that is there only a superuser may change. */
        private String quota(Matcher quota) {
            String schema = quota.group(2);
            if (quota.group(1).equals("CREATE")) {
                PostgresServer.execute(
                        database,
                        PostgresServer.ADMIN,
                        "INSERT INTO public.quota VALUES ('" + schema + "', " + quota.group(3) + ", 0)");
                return "CREATE SCHEMA \"" + schema + "\"";
            }
            String allowed =
                    " schema_name = '" + schema + "' AND EXISTS (SELECT FROM public.user_info WHERE superuser)";
            PostgresServer.execute(
                    database,
                    PostgresServer.ADMIN,
                    quota.group(3) == null
                            ? "DELETE FROM public.quota WHERE" + allowed
                            : "UPDATE public.quota SET quota = " + quota.group(3) + " WHERE" + allowed);
            return "DO $front$ BEGIN IF NOT EXISTS (SELECT FROM svv_user_info WHERE superuser) THEN RAISE EXCEPTION"
                    + " 'must be superuser to alter the quota of a schema' USING ERRCODE = '42501'; END IF; END $front$";
        }

        /** PostgreSQL has no such rights: they are noted in a table, for the view of the catalog. */
        private String scoped(Matcher scoped) {
            String kind = scoped.group(5) == null ? "user" : "role";
            String from = " FROM pg_namespace n WHERE n.nspname = '" + scoped.group(4) + "'";
            return scoped.group(1).equals("GRANT")
                    ? "INSERT INTO public.scoped SELECT n.oid, '" + scoped.group(3) + "', '" + scoped.group(2) + "', '"
                            + kind + "', '" + scoped.group(6) + "', " + (scoped.group(7) != null) + from
                    : "DELETE FROM public.scoped s WHERE s.scope = '" + scoped.group(3) + "' AND s.privilege = '"
                            + scoped.group(2) + "' AND s.kind = '" + kind + "' AND s.name = '" + scoped.group(6)
                            + "' AND s.namespace IN (SELECT n.oid" + from + ")";
        }

        /** The rows as an INSERT within the same transaction. */
        private String copied(Matcher copy) {
            Map<String, String> columns = tables.get(database + "/" + copy.group(1));
            lastCount = 0;
            Refusal refusal = refusals.poll();
            if (refusal != null) {
                if (refusal.row() > 0) {
                    leaveError("", refusal.row(), "text", "refused");
                }
                return raise(refusal.message());
            }
            try {
                CopiedFiles files = CopiedFiles.read(copy.group(2), copy.group(4), columns);
                lastCount = files.rows();
                return "INSERT INTO " + copy.group(1) + " SELECT * FROM json_populate_recordset(NULL::" + copy.group(1)
                        + ", $front$" + files.json() + "$front$)";
            } catch (CopiedFiles.BadValue bad) {
                leaveError(bad.file(), bad.row(), bad.column(), bad.getMessage());
                return raise("Load into table '" + copy.group(1)
                        + "' failed.  Check 'sys_load_error_detail' system table" + " for details.");
            } catch (IOException e) {
                return raise(e.getMessage());
            }
        }

        /** Beside it those of another session at this moment, and of an earlier one with the same number. */
        private void leaveError(String file, long row, String column, String message) {
            PostgresServer.execute(
                    database,
                    PostgresServer.ADMIN,
                    "INSERT INTO public.load_error (session_id, start_time, file_name, line_number, column_name,"
                            + " error_message) SELECT pid + n % 2, clock_timestamp() AT TIME ZONE 'UTC'"
                            + " - CASE n WHEN 2 THEN '1 day' ELSE '0' END::interval, left('" + file + "', 256), " + row
                            + " + n, '" + column + "', '" + message
                            + "' FROM pg_stat_activity, generate_series(0, 2) n WHERE client_port = " + portAtServer);
        }

        private String raise(String message) {
            return "DO $front$ BEGIN RAISE EXCEPTION '"
                    + message.replace("'", "''").replace("%", "%%") + "' USING ERRCODE = 'XX000'; END $front$";
        }
    }
}
