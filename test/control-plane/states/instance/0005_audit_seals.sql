-- Sealed by what the migration has brought: one at the end of a chain, one at the beginning of another.
INSERT INTO stacks (tenant_id, slug, revision, status, organization_id) VALUES
  ('ten_chain00000000001', 'chain', 1, 'ready', 'org_chain00000000001');
INSERT INTO audit (actor, action, target, tenant_id, request_id, after) VALUES
  ('user:usr_ada0000000000001', 'operation.cancel', 'op_owned00000000001', 'ten_owned00000000001', 'req_7', '{"status": "cancelled"}'),
  ('service:tenant', 'operation.create', 'op_chain00000000001', 'ten_chain00000000001', 'req_8', '{"kind": "create"}');
