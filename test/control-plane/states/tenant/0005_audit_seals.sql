-- Sealed by what the migration has brought: one at the end of a chain, one at the beginning of another.
INSERT INTO tenants (id, slug, name, status, url, admin_email, revision, operation_id, operation_kind, organization_id) VALUES
  ('ten_chain00000000001', 'chain', 'Chain Ltd', 'ready', 'http://chain.localhost', 'cat@chain.example', 1,
   'op_chain00000000001', 'create', 'org_chain00000000001');
INSERT INTO audit (actor, action, target, tenant_id, request_id, after) VALUES
  ('user:usr_ada0000000000001', 'tenant.change', 'ten_owned00000000001', 'ten_owned00000000001', 'req_7', '{"name": "Owned AG"}'),
  ('user:usr_cat0000000000001', 'tenant.create', 'ten_chain00000000001', 'ten_chain00000000001', 'req_8', '{"slug": "chain"}');
