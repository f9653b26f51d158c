-- Whoever writes, those who listen hear of it, at commit.
CREATE FUNCTION notify_feed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('feed', NEW.seq::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER feed_notify AFTER INSERT ON feed FOR EACH ROW EXECUTE FUNCTION notify_feed();
--> statement-breakpoint
CREATE FUNCTION notify_operation_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('operation_events', NEW.operation_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER operation_events_notify AFTER INSERT ON operation_events FOR EACH ROW EXECUTE FUNCTION notify_operation_event();
--> statement-breakpoint
CREATE FUNCTION notify_operation_cancel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('operation_cancel', NEW.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER operations_cancel_notify AFTER UPDATE OF cancel_requested_at ON operations
  FOR EACH ROW WHEN (OLD.cancel_requested_at IS NULL AND NEW.cancel_requested_at IS NOT NULL)
  EXECUTE FUNCTION notify_operation_cancel();
--> statement-breakpoint
-- The service and the provisioner: no DDL, and what is written for the record stays written.
GRANT USAGE ON SCHEMA public, routing TO instance_run;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON stacks, operations, operation_steps, templates TO instance_run;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON instances, leases, idempotency TO instance_run;
--> statement-breakpoint
GRANT SELECT, INSERT ON operation_events, feed, stack_history, audit TO instance_run;
--> statement-breakpoint
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO instance_run;
--> statement-breakpoint
GRANT SELECT ON routing.hosts, routing.routers TO instance_run;
--> statement-breakpoint
-- Our Pulumi provider: host names and routes, nothing else.
GRANT USAGE ON SCHEMA routing TO router;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON routing.hosts, routing.routers TO router;
--> statement-breakpoint
REVOKE ALL ON SCHEMA public FROM PUBLIC;
