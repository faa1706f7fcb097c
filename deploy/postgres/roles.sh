#!/bin/sh
# Run once by the image of PostgreSQL, when the cluster is made: two roles, and a database that belongs to the first.
# The owner migrates; the site, the workers and beat are the other one, which owns nothing (see grants.sql).
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v owner="$(cat /run/secrets/owner_password)" -v app="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE prometheus_owner LOGIN PASSWORD :'owner';
CREATE ROLE prometheus_app LOGIN PASSWORD :'app';
CREATE DATABASE prometheus OWNER prometheus_owner;
REVOKE ALL ON DATABASE prometheus FROM PUBLIC;
GRANT CONNECT ON DATABASE prometheus TO prometheus_app;
SQL
