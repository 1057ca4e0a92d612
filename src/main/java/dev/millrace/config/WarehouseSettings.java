package dev.millrace.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a job loads.
 *
 * @param engine the database
 * @param schema that readers use
 * @param keepPrevious versions kept for rollback
 * @param takesOver the name that the job had before, whose versions it replaces; its own where the former ledger is lost
 * @param unchanged what a run does that brings just what is live
 * @param gate checks between upload and replace
 */
public record WarehouseSettings(
        Engine engine,
        String schema,
        Optional<String> takesOver,
        int keepPrevious,
        Unchanged unchanged,
        GateSettings gate) {
    /** What a run does whose rows are those that the run before has made live. */
    public enum Unchanged {
        /** It leaves the warehouse as it is, and asks it nothing. */
        SKIP,
        /** It replaces the warehouse all the same. */
        REPLACE
    }

    /** A kind of database and how it is reached. */
    public sealed interface Engine {}

    /**
     * DuckDB.
     *
     * @param path of the database file that readers open, absolute
     */
    public record DuckDb(Path path) implements Engine {}

    /** How a connection is protected. */
    public enum Tls {
        /** Encrypted, and the server proves that it is the host it is asked for. */
        VERIFY_FULL,
        /** Encrypted; nobody knows by whom. */
        REQUIRE,
        /** In clear. */
        DISABLE
    }

    /** What becomes of views in other schemas that read the live tables. */
    public enum Dependents {
        /** They are made anew on the new tables, in the same transaction. */
        RECREATE,
        /** The gate refuses. */
        REFUSE
    }

    /**
     * PostgreSQL.
     *
     * @param host where the server answers
     * @param port its TCP port
     * @param database that holds the schema
     * @param user to log in as; it owns what is made
     * @param password of the user; empty where the server asks for none
     * @param tls how the connection is protected
     * @param certificates of the authorities that may have signed the server's, a PEM file; empty: those the JVM trusts
     * @param streams files that are loaded at once, a connection each
     * @param patience how long a replacement waits for readers that are in its way
     * @param dependents what becomes of views in other schemas
     */
    public record Postgres(
            String host,
            int port,
            String database,
            String user,
            Optional<SecretRef> password,
            Tls tls,
            Optional<Path> certificates,
            int streams,
            Duration patience,
            Dependents dependents)
            implements Engine {}

    /** What a column of JSON becomes. */
    public enum JsonColumns {
        /** Its text, as it came. */
        TEXT,
        /** A value of the engine's own type, whose numbers and spaces are the engine's. */
        VARIANT
    }

    /** What brings a landing into Snowflake's tables. */
    public enum Connector {
        /** Snowflake itself, from an external stage. */
        COPY,
        /** Snowflake's connector for Spark, which reads the landing and uploads it. */
        SPARK_SNOWFLAKE
    }

    /**
     * Snowflake.
     *
     * @param account its identifier, such as {@code acme-prod}
     * @param user to log in as
     * @param key private key of the user; exactly one of key and password is there
     * @param keyPassphrase of a key that is encrypted
     * @param password of the user
     * @param role to work as; empty: the user's default
     * @param warehouse that computes
     * @param database that holds the schema
     * @param stage external, {@code SCHEMA.STAGE} or with the database before; exactly one of stage and storage
     *     integration is there
     * @param storageIntegration by which a stage of our own reads the staging
     * @param connector what brings the landing into the tables
     * @param json what a column of JSON becomes
     * @param host where the account answers; empty: where its identifier says
     * @param port its TCP port
     * @param tls whether the connection is encrypted, which only a test server can do without
     * @param patience how long a phase waits for another that works on the same schema
     */
    public record Snowflake(
            String account,
            String user,
            Optional<SecretRef> key,
            Optional<SecretRef> keyPassphrase,
            Optional<SecretRef> password,
            Optional<String> role,
            String warehouse,
            String database,
            Optional<String> stage,
            Optional<String> storageIntegration,
            Connector connector,
            JsonColumns json,
            Optional<String> host,
            int port,
            boolean tls,
            Duration patience)
            implements Engine {}
    /** How JSON columns are kept. */
    public enum Json {
        /** The text as it came. */
        TEXT,
        /** Parsed, as SUPER: equal numbers become one number, spaces and the order of keys are lost. */
        SUPER
    }

    /** Where Redshift keeps a table's rows. */
    public enum DistStyle {
        /** As Redshift finds best. */
        AUTO,
        /** Row by row in turn. */
        EVEN,
        /** On every node. */
        ALL
    }

    /** <a href="https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html">Encodings</a> of a column. */
    public enum Encoding {
        AZ64,
        BYTEDICT,
        DELTA,
        DELTA32K,
        LZO,
        MOSTLY8,
        MOSTLY16,
        MOSTLY32,
        RAW,
        RUNLENGTH,
        TEXT255,
        TEXT32K,
        ZSTD
    }

    /**
     * How a table of Redshift is laid out.
     *
     * @param distkey rows of equal values lie together
     * @param diststyle where rows lie, without a distkey
     * @param sortkey columns the rows are sorted by; empty: as Redshift finds best
     * @param encode encodings by column; others as Redshift finds best
     */
    public record TableDesign(
            Optional<String> distkey,
            Optional<DistStyle> diststyle,
            List<String> sortkey,
            Map<String, Encoding> encode) {
        public TableDesign {
            sortkey = List.copyOf(sortkey);
            encode = Ordered.copyOf(encode);
        }

        /** Nothing is declared. */
        public static final TableDesign NONE = new TableDesign(Optional.empty(), Optional.empty(), List.of(), Map.of());
    }

    /**
     * Amazon Redshift.
     *
     * @param host where the cluster or workgroup answers
     * @param port its TCP port
     * @param database that holds the schema
     * @param user to log in as; it owns what is made
     * @param password of the user
     * @param iamRole with which COPY reads the landing: an ARN, several chained by commas, or {@code default}
     * @param tls how the connection is protected
     * @param patience how long a replacement waits for readers that are in its way, and other transactions are retried
     * @param dependents what becomes of views in other schemas
     * @param json how JSON columns are kept
     * @param tables layouts by table; others as Redshift finds best
     */
    public record Redshift(
            String host,
            int port,
            String database,
            String user,
            SecretRef password,
            String iamRole,
            Tls tls,
            Duration patience,
            Dependents dependents,
            Json json,
            Map<String, TableDesign> tables)
            implements Engine {
        public Redshift {
            tables = Ordered.copyOf(tables);
        }
    }
}
