-- The chains of the audit. At commit, when all else that a transaction locks is locked, its entries are put at the end of
-- their chains: each holds the hash of the one before it. Triggers do it, as the owner, so that neither a bug nor an older
-- version beside this one leaves an entry out, and the run-time user can write nothing that is sealed already.
CREATE FUNCTION prepare_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.id := nextval('audit_id_seq');
  NEW.at := now();
  NEW.chain := NULL;
  NEW.position := NULL;
  NEW.line := NULL;
  NEW.hash := NULL;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE FUNCTION seal_audit_entries() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  entry record;
  head audit_heads;
  text_of_it text;
BEGIN
  -- In the order of chains: two transactions never wait for each other. Others' entries are not seen before they are sealed.
  FOR entry IN
    SELECT a.*, coalesce(t.organization_id, a.organization_id) AS whose, coalesce(t.organization_id, a.organization_id, 'platform') AS of_chain
    FROM audit a LEFT JOIN tenants t ON t.id = a.tenant_id
    WHERE a.hash IS NULL
    ORDER BY of_chain, a.id
  LOOP
    IF head.chain IS DISTINCT FROM entry.of_chain THEN
      -- Written once for each chain, and not for each entry: there may be very many in one transaction.
      UPDATE audit_heads SET position = head.position, hash = head.hash WHERE chain = head.chain;
      INSERT INTO audit_heads (chain, position, hash) VALUES (entry.of_chain, 0, '') ON CONFLICT (chain) DO NOTHING;
      SELECT * INTO head FROM audit_heads WHERE chain = entry.of_chain FOR UPDATE;
    END IF;
    text_of_it := json_build_object(
      'v', 1,
      'service', 'tenant',
      'chain', head.chain,
      'position', head.position + 1,
      'previous', nullif(head.hash, ''),
      'at', to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'actor', entry.actor,
      'action', entry.action,
      'target', entry.target,
      'tenant', entry.tenant_id,
      'origin', entry.origin,
      'requestId', entry.request_id,
      'before', entry.before,
      'after', entry.after
    )::text;
    head.position := head.position + 1;
    head.hash := encode(sha256(convert_to(text_of_it, 'UTF8')), 'hex');
    UPDATE audit SET organization_id = entry.whose, chain = head.chain, position = head.position, line = text_of_it, hash = head.hash
      WHERE id = entry.id;
  END LOOP;
  UPDATE audit_heads SET position = head.position, hash = head.hash WHERE chain = head.chain;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION seal_audit_entries() FROM PUBLIC;
--> statement-breakpoint
CREATE FUNCTION seal_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- The first one of a transaction seals all of it.
  IF EXISTS (SELECT FROM audit WHERE id = NEW.id AND hash IS NULL) THEN
    PERFORM seal_audit_entries();
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Against a slip of the hand as the owner, too; whoever means it can still do it, and then the chain tells.
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'An entry of the audit is neither changed nor removed.';
END $$;
--> statement-breakpoint
-- Entries from before there were chains, while services go on writing; then the few that came meanwhile, while they wait.
SELECT seal_audit_entries();
--> statement-breakpoint
CREATE TRIGGER audit_prepare BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION prepare_audit();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER audit_seal AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION seal_audit();
--> statement-breakpoint
SELECT seal_audit_entries();
--> statement-breakpoint
CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON audit
  FOR EACH ROW WHEN (OLD.hash IS NOT NULL) EXECUTE FUNCTION keep_audit();
--> statement-breakpoint
CREATE TRIGGER audit_keep_all BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();
--> statement-breakpoint
GRANT SELECT ON audit_heads TO tenant_run;
