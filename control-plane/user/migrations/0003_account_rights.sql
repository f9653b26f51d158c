-- The service: no DDL. A signed out session and a used code are deleted; a person is not, yet.
GRANT SELECT, INSERT, UPDATE ON users, accounts TO auth_run;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, verifications TO auth_run;
