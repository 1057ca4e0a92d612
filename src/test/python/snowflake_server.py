"""A Snowflake server for tests, on loopback.

It speaks the protocol of Snowflake's drivers over plain HTTP and keeps everything in memory: rows in DuckDB, and all
else (databases, schemas, grants, comments, policies, stages, load metadata) in the objects of testaccount/things.py.
Queries and DML are translated by fakesnow (testaccount/queries.py); statements about objects are parsed by
testaccount/statements.py and the modules that it names. What it does not know is an error, never a success.

Names are resolved at each statement, as Snowflake does, and tables lie in DuckDB under names that never change. So a
swap or a rename of schemas is one assignment, which no statement sees half done.

Usage: snowflake_server.py PORT, with the administrator's password in SNOWFLAKE_TEST_PASSWORD and the S3 server that
external stages read from in SNOWFLAKE_TEST_S3. Ends when its standard input does.
"""

from testaccount.protocol import main

if __name__ == "__main__":
    main()
