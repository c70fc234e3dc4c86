-- +goose Up

-- Who named the person: the provider, as it calls itself. '' is not noted: the next
-- sign-in does that. Where the address of an OpenID Connect provider's metadata is
-- known, so is its issuer (Discovery 1.0 section 4), without the slash at its end;
-- one of many directories is told by its tenants.
ALTER TABLE identities ADD COLUMN issuer text COLLATE "C" NOT NULL DEFAULT '';

UPDATE identities SET issuer = replace(c.settings -> 'oidc' ->> 'metadata_url', '/.well-known/openid-configuration', '')
FROM connections c
WHERE c.id = identities.connection_id AND c.protocol = 'oidc'
    AND c.settings -> 'oidc' ->> 'metadata_url' LIKE '%/.well-known/openid-configuration'
    AND COALESCE(c.settings -> 'oidc' ->> 'metadata', '') = ''
    AND c.settings -> 'oidc' -> 'tenants' IS NULL;
