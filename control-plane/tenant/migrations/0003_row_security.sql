-- A connection sees what belongs to the organisations in its setting berth.organizations (ids with commas between, or
-- "all") and, where berth.tenant names one, to that tenant. Without the settings it sees nothing.
CREATE FUNCTION in_scope(organization text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT current_setting('berth.organizations', true) = 'all'
    OR organization = ANY (string_to_array(current_setting('berth.organizations', true), ','))
$$;
--> statement-breakpoint
CREATE FUNCTION tenant_in_scope(tenant text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('berth.tenant', true), '') IN ('', tenant)
$$;
--> statement-breakpoint
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON tenants USING (in_scope(organization_id) AND tenant_in_scope(id));
--> statement-breakpoint
ALTER TABLE specs ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON specs USING (EXISTS (SELECT FROM tenants t WHERE t.id = specs.tenant_id));
--> statement-breakpoint
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON outbox USING (EXISTS (SELECT FROM tenants t WHERE t.id = outbox.tenant_id));
--> statement-breakpoint
-- What is done is told by whoever did it; to read it all organisations must be in scope.
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY told ON audit FOR INSERT WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY scope ON audit FOR SELECT USING (in_scope('all') AND tenant_in_scope(tenant_id));
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON closed_organizations TO tenant_run;
