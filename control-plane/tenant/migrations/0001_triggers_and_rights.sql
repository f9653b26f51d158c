-- Whoever writes, those who listen hear of it, at commit.
CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('outbox', NEW.id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION notify_outbox();
--> statement-breakpoint
-- The service: no DDL, and what is written for the record stays written.
GRANT USAGE ON SCHEMA public TO tenant_run;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON tenants, outbox, feed_position TO tenant_run;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON reserve TO tenant_run;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO tenant_run;
--> statement-breakpoint
GRANT SELECT, INSERT ON specs, audit TO tenant_run;
--> statement-breakpoint
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO tenant_run;
--> statement-breakpoint
REVOKE ALL ON SCHEMA public FROM PUBLIC;
