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
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON tenants USING (in_scope(organization_id, id));
--> statement-breakpoint
ALTER TABLE specs ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON specs USING (in_scope('all', '') OR EXISTS (SELECT FROM tenants t WHERE t.id = specs.tenant_id));
--> statement-breakpoint
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON outbox USING (in_scope('all', '') OR EXISTS (SELECT FROM tenants t WHERE t.id = outbox.tenant_id));
--> statement-breakpoint
-- What is done is told by whoever did it; to read it all organisations must be in scope.
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY told ON audit FOR INSERT WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY scope ON audit FOR SELECT USING (in_scope('all', tenant_id));
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON closed_organizations TO tenant_run;
