-- A connection sees what belongs to the organisations in its setting berth.organizations (ids with commas between, or
-- "all") and, where berth.tenant names one, to that tenant. Without the settings it sees nothing.
-- In plpgsql, because what is written in SQL is taken apart: then the planner thinks that hardly any row is in scope, and
-- reads a whole table for one page of a list.
CREATE FUNCTION in_scope(organization text, tenant text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 AS $$
DECLARE
  organizations text := current_setting('berth.organizations', true);
BEGIN
  RETURN coalesce(organizations = 'all' OR organization = ANY (string_to_array(organizations, ',')), false)
    AND coalesce(current_setting('berth.tenant', true), '') IN ('', tenant);
END $$;
--> statement-breakpoint
ALTER TABLE stacks ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON stacks USING (in_scope(organization_id, tenant_id));
--> statement-breakpoint
ALTER TABLE operations ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON operations USING (in_scope(organization_id, tenant_id));
--> statement-breakpoint
ALTER TABLE instances ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON instances USING (in_scope('all', '') OR EXISTS (SELECT FROM stacks s WHERE s.tenant_id = instances.tenant_id));
--> statement-breakpoint
ALTER TABLE operation_steps ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON operation_steps USING (in_scope('all', '') OR EXISTS (SELECT FROM operations o WHERE o.id = operation_steps.operation_id));
--> statement-breakpoint
ALTER TABLE operation_events ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON operation_events USING (in_scope('all', '') OR EXISTS (SELECT FROM operations o WHERE o.id = operation_events.operation_id));
--> statement-breakpoint
ALTER TABLE stack_history ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON stack_history USING (in_scope('all', tenant_id));
--> statement-breakpoint
-- What happened is told by whoever did it; only the tenant service reads it.
ALTER TABLE feed ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY told ON feed FOR INSERT WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY scope ON feed FOR SELECT USING (in_scope('all', tenant_id));
--> statement-breakpoint
-- What is done is told by whoever did it; to read it all organisations must be in scope.
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY told ON audit FOR INSERT WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY scope ON audit FOR SELECT USING (in_scope('all', tenant_id));
