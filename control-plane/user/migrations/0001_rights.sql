-- The service: no DDL, and what is written for the record stays written.
GRANT USAGE ON SCHEMA public TO auth_run;
--> statement-breakpoint
GRANT SELECT, INSERT ON audit TO auth_run;
--> statement-breakpoint
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO auth_run;
--> statement-breakpoint
REVOKE ALL ON SCHEMA public FROM PUBLIC;
