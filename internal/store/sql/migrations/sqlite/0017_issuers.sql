-- +goose Up

ALTER TABLE identities ADD COLUMN issuer TEXT NOT NULL DEFAULT '';

UPDATE identities SET issuer = (
    SELECT replace(json_extract(c.settings, '$.oidc.metadata_url'), '/.well-known/openid-configuration', '')
    FROM connections c WHERE c.id = identities.connection_id)
WHERE connection_id IN (
    SELECT id FROM connections
    WHERE protocol = 'oidc'
        AND json_extract(settings, '$.oidc.metadata_url') LIKE '%/.well-known/openid-configuration'
        AND COALESCE(json_extract(settings, '$.oidc.metadata'), '') = ''
        AND json_extract(settings, '$.oidc.tenants') IS NULL);
