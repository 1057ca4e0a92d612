package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.qualified;
import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;

/**
 * The external stage through which Snowflake reads the landing.
 *
 * @param name as statements write it
 * @param url of the folder that it stands for, with a slash at its end
 */
record LandingStage(String name, String url) {
    /**
     * Finds the stage of the job file, or makes ours.
     *
     * @param staging uri of the folder with the landing
     * @throws Fault USER when the stage does not cover the landing
     */
    static LandingStage open(SnowflakeSession session, OwnSchema own, Snowflake account, String staging)
            throws SQLException {
        if (account.stage().isEmpty()) {
            String integration = account.storageIntegration().orElseThrow();
            return new LandingStage(own.stage(session, account, integration, staging), staging);
        }
        LandingStage stage = find(session, account, account.stage().get());
        if (!staging.startsWith(stage.url())) {
            throw Fault.user(
                    "Invalid warehouse.snowflake.stage: " + account.stage().get() + " stands for " + stage.url()
                            + ", which does not hold the job's staging " + staging
                            + ": name a stage that does, or change staging.at");
        }
        return stage;
    }

    /** Compares a given stage with the staging; one that we make fits. */
    static void require(SnowflakeSession session, OwnSchema own, Snowflake account, String staging)
            throws SQLException {
        if (account.stage().isPresent()) {
            open(session, own, account, staging);
        }
    }

    /** See <a href="https://docs.snowflake.com/en/sql-reference/sql/desc-stage">DESCRIBE STAGE</a>. */
    private static LandingStage find(SnowflakeSession session, Snowflake account, String stage) throws SQLException {
        String[] names = stage.split("\\.", -1);
        String name =
                names.length == 3 ? qualified(names) : exactly(stored(account.database())) + "." + qualified(names);
        List<String> urls;
        try {
            urls = session.rows(
                    "DESC STAGE " + name,
                    row -> row.getString("property").toUpperCase(Locale.ROOT).equals("URL")
                            ? row.getString("property_value")
                            : "");
        } catch (SQLException e) {
            if (!SnowflakeSession.isUnknown(e)) {
                throw e;
            }
            throw Fault.world("Cannot use warehouse.snowflake.stage: " + stage + ": " + SnowflakeSession.message(e)
                    + ": make it, or GRANT USAGE ON STAGE to the role, and run again");
        }
        String url = urls.stream()
                .map(text -> text.replaceAll("^\\[\"|\"]$", ""))
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElseThrow(() -> Fault.user("Invalid warehouse.snowflake.stage: " + stage
                        + " is no external stage: name one that stands for a folder of S3"));
        return new LandingStage(name, url.endsWith("/") ? url : url + "/");
    }

    /** A file of the landing as {@code FILES} names it, and as results do. */
    String relative(String uri) {
        return uri.substring(url.length());
    }

    /** What a result names: with or without the stage's own folder. */
    String relativeResult(String reported) {
        return reported.startsWith(url) ? reported.substring(url.length()) : reported;
    }
}
