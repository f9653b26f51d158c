INSERT INTO stacks (tenant_id, slug, spec, revision, applied_revision, status, salt, secrets, ready_at, organization_id) VALUES
  ('ten_owned00000000001', 'owned', '{"version": 1, "company": "Owned AG", "admin": {"email": "ada@acme.example"},
    "odoo": {"modules": [], "lang": "en_US", "country": null, "demo": false},
    "instances": {"production": {"hosts": ["owned.localhost"], "baseUrl": "http://owned.localhost"}}}',
   1, 1, 'ready', 'v1:of-nobody', 'v1:sealed:of-nobody', '2025-06-07 08:09:10Z', 'org_acme000000000001');

INSERT INTO operations (id, tenant_id, organization_id, kind, status, spec_revision, attempt, request_id, actor, finished_at)
VALUES ('op_owned00000000001', 'ten_owned00000000001', 'org_acme000000000001', 'create', 'succeeded', 1, 1, 'req_5',
  'service:tenant', '2025-06-07 08:09:10Z');
