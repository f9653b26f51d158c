INSERT INTO tenants (id, slug, name, status, url, admin_email, revision, operation_id, operation_kind, operation_status,
  organization_id) VALUES
  ('ten_owned00000000001', 'owned', 'Owned AG', 'ready', 'http://owned.localhost', 'ada@acme.example', 1,
   'op_owned00000000001', 'create', 'succeeded', 'org_acme000000000001');

INSERT INTO closed_organizations (organization_id, closed_at) VALUES ('org_shut000000000001', '2025-06-07 08:09:10Z');
