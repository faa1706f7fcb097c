-- What the application's role may do. Run as the owner after each migration; it may be run again.
-- The triggers refuse a change of the ledger whoever tries; here the right to try goes too, and since the role owns
-- no table, it can neither drop nor disable a trigger.
GRANT USAGE ON SCHEMA public TO prometheus_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO prometheus_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO prometheus_app;
REVOKE UPDATE, DELETE ON audit_entry, audit_leaf, audit_treenode, audit_signedcheckpoint FROM prometheus_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM prometheus_app;
