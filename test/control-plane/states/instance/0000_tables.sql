INSERT INTO templates (name, odoo_version, modules, languages, countries, current, created_at) VALUES
  ('odoo_template_first', '19.0', '{base,web,crm}', '{en_US,fr_FR}', '{FR,GB}', true, '2025-01-01 00:00:00Z');

-- One that is ready, one that became ready after the tenant service last asked, one that is gone, one in the reserve.
INSERT INTO stacks (tenant_id, slug, spec, revision, applied_revision, desired, status, salt, secrets, ready_at) VALUES
  ('ten_acme000000000001', 'acme', '{"version": 1, "company": "Acme Ltd", "admin": {"email": "ada@acme.example"},
    "odoo": {"modules": ["crm"], "lang": "en_US", "country": "GB", "demo": false},
    "instances": {"production": {"hosts": ["acme.localhost"], "baseUrl": "http://acme.localhost"}}}',
   2, 2, 'present', 'ready', 'v1:of-nobody', 'v1:sealed:of-nobody', '2025-01-02 03:05:05Z'),
  ('ten_late000000000001', 'late', '{"version": 1, "company": "Späth & Söhne", "admin": {"email": "bob@late.example"},
    "odoo": {"modules": [], "lang": "en_US", "country": null, "demo": false},
    "instances": {"production": {"hosts": ["late.localhost"], "baseUrl": "http://late.localhost"}}}',
   1, 1, 'present', 'ready', 'v1:of-nobody', 'v1:sealed:of-nobody', '2025-03-04 05:07:07Z'),
  ('ten_gone000000000001', 'gone', NULL, 2, 2, 'absent', 'gone', NULL, NULL, '2025-01-05 06:08:08Z'),
  ('ten_held000000000001', NULL, NULL, 0, 0, 'present', 'reserved', 'v1:of-nobody', NULL, NULL);

INSERT INTO instances (tenant_id, name, hosts, address, template, identity, ready_at) VALUES
  ('ten_acme000000000001', 'production', '{acme.localhost}', '10.213.0.2', 'odoo_template_first',
   '00000000-0000-4000-8000-00000000000a', '2025-01-02 03:05:05Z'),
  ('ten_late000000000001', 'production', '{late.localhost}', '10.213.0.3', 'odoo_template_first',
   '00000000-0000-4000-8000-00000000000b', '2025-03-04 05:07:07Z');

INSERT INTO operations (id, tenant_id, kind, instance, status, spec_revision, attempt, retry_of, error, cancel_requested_at,
  worker, fencing_token, last_event, request_id, actor, created_at, started_at, finished_at) VALUES
  ('op_acme000000000001', 'ten_acme000000000001', 'create', NULL, 'succeeded', 1, 1, NULL, NULL, NULL, 'worker-1',
   nextval('fencing_tokens'), 2, 'req_1', 'service:tenant', '2025-01-02 03:04:05Z', '2025-01-02 03:04:06Z', '2025-01-02 03:05:05Z'),
  ('op_acme000000000002', 'ten_acme000000000001', 'change', NULL, 'succeeded', 2, 2, NULL, NULL, NULL, 'worker-2',
   nextval('fencing_tokens'), 0, 'req_2', 'service:tenant', '2025-02-03 04:05:06Z', '2025-02-03 04:05:07Z', '2025-02-03 04:05:09Z'),
  ('op_late000000000001', 'ten_late000000000001', 'create', NULL, 'succeeded', 1, 1, NULL, NULL, NULL, 'worker-1',
   nextval('fencing_tokens'), 0, 'req_3', 'service:tenant', '2025-03-04 05:06:07Z', '2025-03-04 05:06:08Z', '2025-03-04 05:07:07Z'),
  ('op_acme000000000003', 'ten_acme000000000001', 'restart', 'production', 'cancelled', 2, 1, 'op_acme000000000002',
   '{"code": "cancelled", "message": "It was cancelled."}', '2025-02-04 00:00:01Z', 'worker-1',
   nextval('fencing_tokens'), 0, 'req_4', 'user:usr_ada0000000000001', '2025-02-04 00:00:00Z', '2025-02-04 00:00:01Z',
   '2025-02-04 00:00:02Z');

-- A worker that died long ago.
INSERT INTO leases (tenant_id, operation_id, worker, holder, fencing_token, expires_at) VALUES
  ('ten_acme000000000001', 'op_acme000000000003', 'worker-1', '{"pid": 4711}', 4, '2025-02-04 00:01:00Z');

INSERT INTO operation_steps (operation_id, name, position, status, detail, started_at, finished_at) VALUES
  ('op_acme000000000001', 'database', 1, 'succeeded', 'cloned', '2025-01-02 03:04:06Z', '2025-01-02 03:04:10Z'),
  ('op_acme000000000001', 'container', 2, 'succeeded', NULL, '2025-01-02 03:04:10Z', '2025-01-02 03:05:05Z');

INSERT INTO operation_events (operation_id, number, type, data, at) VALUES
  ('op_acme000000000001', 1, 'started', '{"attempt": 1}', '2025-01-02 03:04:06Z'),
  ('op_acme000000000001', 2, 'succeeded', '{}', '2025-01-02 03:05:05Z');

INSERT INTO feed (type, tenant_id, data, at) VALUES
  ('reserved', 'ten_held000000000001', '{}', '2025-01-01 00:00:00Z'),
  ('operation', 'ten_acme000000000001', '{"operation": {"id": "op_acme000000000002", "kind": "change", "status": "succeeded",
    "error": null}, "stack": {"status": "ready", "revision": 2}}', '2025-02-03 04:05:09Z'),
  ('operation', 'ten_late000000000001', '{"operation": {"id": "op_late000000000001", "kind": "create", "status": "succeeded",
    "error": null}, "stack": {"status": "ready", "revision": 1}}', '2025-03-04 05:07:07Z');

INSERT INTO stack_history (tenant_id, slug, operation_id, spec, history, state, salt, kept_at) VALUES
  ('ten_gone000000000001', 'gone', 'op_gone000000000002', '{"version": 1, "company": "Gone Inc"}', '[{"version": 1}]',
   '{"deployment": {}}', 'v1:of-nobody', '2025-01-06 07:08:09Z');

INSERT INTO routing.routers (tenant, instance, target, hosts) VALUES
  ('ten_acme000000000001', 'production', 'http://10.213.0.2:8069', '{acme.localhost}');
INSERT INTO routing.hosts (host, tenant, instance) VALUES ('acme.localhost', 'ten_acme000000000001', 'production');

INSERT INTO idempotency (actor, key, fingerprint, status, headers, body) VALUES
  ('user:usr_ada0000000000001', 'a1', 'a fingerprint', 202, '{}', '{"id": "op_acme000000000003"}');

INSERT INTO audit (actor, action, target, tenant_id, origin, request_id, before, after) VALUES
  ('user:usr_ada0000000000001', 'operation.cancel', 'op_acme000000000003', 'ten_acme000000000001', '192.0.2.7', 'req_4',
   '{"status": "queued"}', '{"status": "cancelled"}');
