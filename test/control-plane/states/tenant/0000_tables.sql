-- One that is ready, one that is being made, one that is gone, one that failed, and one that nobody was told of yet.
INSERT INTO tenants (id, slug, name, status, url, admin_email, revision, version, operation_id, operation_kind,
  operation_status, operation_error, created_at, updated_at) VALUES
  ('ten_acme000000000001', 'acme', 'Acme Ltd', 'ready', 'http://acme.localhost', 'ada@acme.example', 2, 2,
   'op_acme000000000002', 'change', 'succeeded', NULL, '2025-01-02 03:04:05Z', '2025-02-03 04:05:06Z'),
  ('ten_late000000000001', 'late', 'Späth & Söhne', 'creating', 'http://late.localhost', 'bob@late.example', 1, 1,
   'op_late000000000001', 'create', 'running', NULL, '2025-03-04 05:06:07Z', '2025-03-04 05:06:07Z'),
  ('ten_gone000000000001', 'gone', 'Gone Inc', 'deleted', 'http://gone.localhost', 'eve@gone.example', 2, 2,
   'op_gone000000000002', 'destroy', 'succeeded', NULL, '2025-01-05 06:07:08Z', '2025-01-06 07:08:09Z'),
  ('ten_fail000000000001', 'fail', 'Fail GmbH', 'failed', 'http://fail.localhost', 'fay@fail.example', 1, 1,
   'op_fail000000000001', 'create', 'failed', '{"code": "timeout", "message": "Odoo did not answer in time."}',
   '2025-04-05 06:07:08Z', '2025-04-05 06:17:08Z'),
  ('ten_wait000000000001', 'wait', 'Wait SARL', 'pending', 'http://wait.localhost', 'wim@wait.example', 1, 1,
   'op_wait000000000001', 'create', 'queued', NULL, '2025-05-06 07:08:09Z', '2025-05-06 07:08:09Z');

INSERT INTO specs (tenant_id, revision, spec) VALUES
  ('ten_acme000000000001', 1, '{"version": 1, "company": "Acme", "admin": {"email": "ada@acme.example"},
    "odoo": {"modules": ["crm"], "lang": "en_US", "country": "GB", "demo": false},
    "instances": {"production": {"hosts": ["acme.localhost"], "baseUrl": "http://acme.localhost"}}}'),
  ('ten_acme000000000001', 2, '{"version": 1, "company": "Acme Ltd", "admin": {"email": "ada@acme.example"},
    "odoo": {"modules": ["crm"], "lang": "en_US", "country": "GB", "demo": false},
    "instances": {"production": {"hosts": ["acme.localhost"], "baseUrl": "http://acme.localhost"}}}'),
  ('ten_gone000000000001', 2, NULL),
  ('ten_wait000000000001', 1, '{"version": 1, "company": "Wait SARL", "admin": {"email": "wim@wait.example"},
    "odoo": {"modules": [], "lang": "fr_FR", "country": "FR", "demo": true},
    "instances": {"production": {"hosts": ["wait.localhost"], "baseUrl": "http://wait.localhost"}}}');

INSERT INTO outbox (tenant_id, request, request_id, attempts, due_at, last_error, done_at, refused, created_at) VALUES
  ('ten_fail000000000001', '{"desired": "absent", "operation": "op_fail000000000009", "revision": 1, "slug": "fail",
    "actor": "key:key_acme000000000001"}', 'req_1', 3, '2025-04-05 06:07:08Z', 'The instance service does not answer.',
   '2025-04-05 06:08:08Z', '{"code": "stale_revision", "message": "Stack is at revision 1 already."}', '2025-04-05 06:07:08Z'),
  ('ten_wait000000000001', '{"desired": "present", "operation": "op_wait000000000001", "revision": 1, "slug": "wait",
    "spec": {"version": 1, "company": "Wait SARL", "admin": {"email": "wim@wait.example"},
      "odoo": {"modules": [], "lang": "fr_FR", "country": "FR", "demo": true},
      "instances": {"production": {"hosts": ["wait.localhost"], "baseUrl": "http://wait.localhost"}}},
    "adminPasswordHash": "$pbkdf2-sha512$of-nobody", "actor": "key:key_acme000000000001"}', 'req_2', 1,
   '2025-05-06 07:08:09Z', 'The instance service does not answer.', NULL, NULL, '2025-05-06 07:08:09Z');

INSERT INTO reserve (tenant_id) VALUES ('ten_held000000000001');
-- The feed was followed up to what is told of "acme".
INSERT INTO feed_position (source, seq) VALUES ('instance', 2);

INSERT INTO idempotency (actor, key, fingerprint, status, headers, body) VALUES
  ('key:key_acme000000000001', 'a1', 'a fingerprint', 202, '{"location": "/tenant/v1/tenants/acme"}', '{"tenant": {}}');

INSERT INTO audit (actor, action, target, tenant_id, origin, request_id, before, after) VALUES
  ('key:key_acme000000000001', 'tenant.change', 'ten_acme000000000001', 'ten_acme000000000001', '192.0.2.7', 'req_0',
   '{"name": "Acme"}', '{"name": "Acme Ltd"}');
