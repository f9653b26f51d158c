INSERT INTO users (id, name, email, email_verified, two_factor_enabled, staff) VALUES
  ('usr_bob0000000000001', 'Bob Example', 'bob@acme.example', true, true, false),
  ('usr_sue0000000000001', 'Sue Staff', 'sue@berth.example', true, false, true);
INSERT INTO accounts (id, account_id, provider_id, user_id, password)
SELECT 'acc_bob0000000000001', 'usr_bob0000000000001', 'credential', 'usr_bob0000000000001', password
FROM accounts WHERE id = 'acc_ada0000000000001';
INSERT INTO two_factors (id, secret, backup_codes, user_id, verified, failed_verification_count, locked_until) VALUES
  ('tfa_bob0000000000001', 'of-nobody', 'of-nobody', 'usr_bob0000000000001', true, 1, '2025-01-02 03:04:05Z');

INSERT INTO sessions (id, token, user_id, expires_at, impersonated_by, active_organization_id) VALUES
  ('ses_sue0000000000001', 'a-session-of-staff-as-ada', 'usr_ada0000000000001', now() + interval '1 hour',
   'usr_sue0000000000001', 'org_acme000000000001');

INSERT INTO organizations (id, name, slug, logo, metadata, created_at) VALUES
  ('org_acme000000000001', 'Acme Ltd', 'org_acme000000000001', 'https://acme.example/logo.png', '{"size": 3}',
   '2025-06-01 00:00:00Z');
INSERT INTO members (id, organization_id, user_id, role) VALUES
  ('mem_ada0000000000001', 'org_acme000000000001', 'usr_ada0000000000001', 'owner'),
  ('mem_bob0000000000001', 'org_acme000000000001', 'usr_bob0000000000001', 'viewer');
INSERT INTO invitations (id, organization_id, email, role, status, inviter_id, expires_at) VALUES
  ('inv_eve0000000000001', 'org_acme000000000001', 'eve@acme.example', 'developer', 'pending', 'usr_ada0000000000001',
   now() + interval '6 days'),
  ('inv_old0000000000001', 'org_acme000000000001', 'old@acme.example', 'admin', 'accepted', 'usr_ada0000000000001',
   now() + interval '5 days');

-- The hash of "berth_a-key-of-the-tests-of-states".
INSERT INTO api_keys (id, config_id, name, start, prefix, key, reference_id, refill_interval, refill_amount, last_refill_at,
  enabled, rate_limit_enabled, rate_limit_time_window, rate_limit_max, request_count, remaining, last_request, expires_at,
  permissions, metadata, organization_id, tenant_id, scope) VALUES
  ('key_acme000000000001', 'default', 'For the shop', 'berth_a', 'berth_', 'Z5zZMupmfWXOYqoqxLhWe8v6BtPesvLqLS723SQNSKg',
   'usr_ada0000000000001', NULL, NULL, NULL, true, false, NULL, NULL, 7, NULL, '2025-06-02 00:00:00Z',
   now() + interval '30 days', NULL, NULL, 'org_acme000000000001', NULL, 'write'),
  ('key_acme000000000002', 'other', 'Everything set', 'berth_b', 'berth_', 'the hash of nothing', 'usr_ada0000000000001',
   60, 10, '2025-06-02 00:00:00Z', false, true, 60, 10, 1, 9, '2025-06-02 00:00:00Z', '2025-07-02 00:00:00Z',
   '{"tenants": ["read"]}', '{"note": "none"}', 'org_acme000000000001', 'ten_owned00000000001', 'read');

INSERT INTO idempotency (actor, key, fingerprint, status, headers, body) VALUES
  ('user:usr_ada0000000000001', 'a1', 'a fingerprint', 201, '{}', '{"id": "org_acme000000000001"}');

-- Has expired: what signs is made anew.
INSERT INTO jwks (id, public_key, private_key, alg, crv, created_at, expires_at) VALUES
  ('jwk_old0000000000001', '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}', 'of-nobody',
   'EdDSA', 'Ed25519', '2025-06-01 00:00:00Z', '2025-07-01 00:00:00Z');
