// A relying party made of openid-client, unmodified. The test gives it commands,
// one JSON object per line, and is answered in the same way; the browser is the
// test's own. Errors are answered as {"error": ...}.
import fs from 'node:fs';
import https from 'node:https';
import readline from 'node:readline';
import { CompactEncrypt, SignJWT, importJWK } from 'jose';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';

const settings = JSON.parse(process.argv[2]);
const algorithms = {
  RS: (bits) => ({ name: 'RSASSA-PKCS1-v1_5', hash: `SHA-${bits}` }),
  PS: (bits) => ({ name: 'RSA-PSS', hash: `SHA-${bits}` }),
  ES: (bits) => ({ name: 'ECDSA', namedCurve: `P-${bits === '512' ? '521' : bits}` }),
  Ed: () => ({ name: 'Ed25519' }),
};
// The private key with which the app signs, as openid-client wants it.
async function signingKey() {
  const jwk = JSON.parse(settings.sign);
  const key = await crypto.subtle.importKey('jwk', { ...jwk, alg: undefined, use: undefined }, algorithms[jwk.alg.slice(0, 2)](jwk.alg.slice(2)), false, ['sign']);
  return { key, kid: jwk.kid };
}

const auth = await {
  client_secret_basic: () => client.ClientSecretBasic(settings.secret),
  client_secret_post: () => client.ClientSecretPost(settings.secret),
  client_secret_jwt: () => client.ClientSecretJwt(settings.secret),
  private_key_jwt: async () => client.PrivateKeyJwt(await signingKey()),
  tls_client_auth: () => client.TlsClientAuth(),
  self_signed_tls_client_auth: () => client.TlsClientAuth(),
  none: () => client.None(),
}[settings.method]();

// A fetch with the app's TLS certificate, for where the test gives it one.
const tls = settings.ca && new https.Agent({ ca: fs.readFileSync(settings.ca), cert: fs.readFileSync(settings.cert), key: fs.readFileSync(settings.key) });
const fetchWithCertificate = (url, { method, headers, body }) => new Promise((resolve, reject) => {
  const request = https.request(url, { method, headers, agent: tls }, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('end', () => resolve(new Response(chunks.length ? Buffer.concat(chunks) : null, { status: response.statusCode, headers: response.headers })));
  });
  request.on('error', reject);
  request.end(body ? body.toString() : undefined);
});
const options = tls ? { [client.customFetch]: fetchWithCertificate } : {
  // The provider of the test is on this machine, without TLS.
  execute: [client.allowInsecureRequests],
};

const config = settings.register
  ? await client.dynamicClientRegistration(new URL(settings.issuer), JSON.parse(settings.register), undefined, options)
  : await client.discovery(new URL(settings.issuer), settings.id, { client_secret: settings.secret, ...JSON.parse(settings.metadata ?? '{}') }, auth, options);
// The answer's signatures are checked although it came straight from the provider.
client.enableNonRepudiationChecks(config);

if (settings.decrypt) {
  const jwk = JSON.parse(settings.decrypt);
  const key = await (jwk.kty === 'RSA'
    ? crypto.subtle.importKey('jwk', jwk, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['decrypt'])
    : crypto.subtle.importKey('jwk', jwk, { name: 'ECDH', namedCurve: jwk.crv }, false, ['deriveBits']));
  client.enableDecryptingResponses(config, [settings.enc], { key, kid: jwk.kid, alg: jwk.kty === 'RSA' ? undefined : settings.alg });
}

// Proofs of a key of this process (RFC 9449), where the test asks for them.
const proving = settings.dpop ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair(settings.dpop)) } : undefined;

if (settings.jarm) client.useJwtResponseMode(config);

({
  'code id_token': client.useCodeIdTokenResponseType,
  id_token: client.useIdTokenResponseType,
})[settings.responseType]?.(config);

// The signed request, encrypted to the provider's key (RFC 9101 §6.1) by a JOSE
// library that is not the provider's own, where the test names an algorithm.
async function sealed(url) {
  if (!settings.seal) return url;
  const { keys } = await (await fetch(config.serverMetadata().jwks_uri)).json();
  const jwk = keys.find((key) => key.use === 'enc' && key.alg === settings.seal);
  const jwe = await new CompactEncrypt(new TextEncoder().encode(url.searchParams.get('request')))
    .setProtectedHeader({ alg: settings.seal, enc: settings.sealEnc, cty: 'oauth-authz-req+jwt', kid: jwk.kid })
    .encrypt(await importJWK(jwk, settings.seal));
  url.searchParams.set('request', jwe);
  return url;
}

// The question to a person as a signed object (CIBA Core §7.1.1), sealed as above.
async function signedQuestion(parameters) {
  const now = Math.floor(Date.now() / 1000);
  const { alg, kid } = JSON.parse(settings.sign);
  const request = await new SignJWT({ ...parameters, iss: settings.id, aud: settings.issuer, iat: now, nbf: now, exp: now + 60, jti: client.randomNonce() })
    .setProtectedHeader({ alg, kid })
    .sign((await signingKey()).key);
  return (await sealed(new URL(`https://none.example/?${new URLSearchParams({ request })}`))).searchParams;
}

let pending;
let polling;

// Parameters that may repeat are lists.
const repeated = (parameters = {}) => new URLSearchParams(Object.entries(parameters).flatMap(([k, v]) => [v].flat().map((one) => [k, one])));

const commands = {
  async begin({ parameters }) {
    const verifier = client.randomPKCECodeVerifier();
    pending = { pkceCodeVerifier: verifier, expectedState: client.randomState(), expectedNonce: client.randomNonce(), idTokenExpected: true };
    const url = client.buildAuthorizationUrl(config, repeated({
      redirect_uri: settings.redirect,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: pending.expectedState,
      nonce: pending.expectedNonce,
      ...parameters,
    }));
    if (settings.par) {
      return { url: (await client.buildAuthorizationUrlWithPAR(config, settings.jar ? (await sealed(await client.buildAuthorizationUrlWithJAR(config, url.searchParams, await signingKey()))).searchParams : url.searchParams, proving)).href };
    }
    if (settings.jar) {
      return { url: (await sealed(await client.buildAuthorizationUrlWithJAR(config, url.searchParams, await signingKey()))).href };
    }
    return { url: url.href };
  },
  async callback({ url, method, body, parameters }) {
    const answer = method === 'POST'
      ? new Request(url, { method, body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
      : new URL(url);
    if (settings.responseType === 'id_token') {
      return { claims: await client.implicitAuthentication(config, answer, pending.expectedNonce, { expectedState: pending.expectedState }) };
    }
    const tokens = await client.authorizationCodeGrant(config, answer, pending, repeated(parameters), proving);
    return { tokens, claims: tokens.claims() };
  },
  async userinfo({ token, subject }) {
    return { claims: await client.fetchUserInfo(config, token, subject, proving) };
  },
  async refresh({ token, parameters }) {
    const tokens = await client.refreshTokenGrant(config, token, repeated(parameters), proving);
    return { tokens, claims: tokens.claims() };
  },
  async introspect({ token }) {
    return await client.tokenIntrospection(config, token);
  },
  async revoke({ token }) {
    await client.tokenRevocation(config, token);
    return {};
  },
  async device({ scope }) {
    pending = await client.initiateDeviceAuthorization(config, { scope });
    return { device: pending };
  },
  async pollDevice() {
    const tokens = await client.pollDeviceAuthorizationGrant(config, pending);
    return { tokens, claims: tokens.claims() };
  },
  async askPerson({ parameters }) {
    pending = await client.initiateBackchannelAuthentication(config, settings.sign ? await signedQuestion(parameters) : repeated(parameters));
    return { backchannel: pending };
  },
  // Begins to poll, and does not wait for the end.
  async pollPerson({ parameters }) {
    polling = client.pollBackchannelAuthenticationGrant(config, pending, repeated(parameters), proving);
    polling.catch(() => {}); // whoever asks for the end is told
    return {};
  },
  async personDecided() {
    const tokens = await polling;
    return { tokens, claims: tokens.claims() };
  },
  async grant({ type, parameters }) {
    return { tokens: await client.genericGrantRequest(config, type, parameters) };
  },
  async clientCredentials({ scope }) {
    return { tokens: await client.clientCredentialsGrant(config, { scope }, proving) };
  },
  async endSession({ parameters }) {
    return { url: client.buildEndSessionUrl(config, parameters).href };
  },
  // Knows the address of an API and nothing else: asks there, follows the challenge
  // to who gives tokens, gets one for all scopes that there are, and asks again.
  async discover({ api, ask }) {
    const insecure = { [oauth.allowInsecureRequests]: true };
    const call = (token) => oauth.protectedResourceRequest(token, 'GET', new URL(ask), undefined, null, insecure);
    const challenged = await call('none').then(() => { throw new Error('it was not refused'); }, (err) => err);
    const pointer = challenged.cause[0].parameters.resource_metadata;
    const resource = await oauth.processResourceDiscoveryResponse(new URL(api), await fetch(pointer));
    await oauth.processResourceDiscoveryResponse(new URL(api), await oauth.resourceDiscoveryRequest(new URL(api), insecure));
    const issuer = new URL(resource.authorization_servers[0]);
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }));
    const granted = await oauth.processClientCredentialsResponse(server, { client_id: settings.id }, await oauth.clientCredentialsGrantRequest(
      server, { client_id: settings.id }, oauth.ClientSecretBasic(settings.secret), { resource: resource.resource, scope: resource.scopes_supported.join(' ') }, insecure));
    return { url: pointer, server: resource, tokens: granted, claims: await (await call(granted.access_token)).json() };
  },
  async metadata() {
    return { server: config.serverMetadata() };
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...input } = JSON.parse(line);
  let output;
  try {
    output = await commands[command](input);
  } catch (err) {
    output = { error: err.error ?? err.code ?? err.name, message: `${err.message} ${err.cause?.message ?? ''}` };
  }
  process.stdout.write(`${JSON.stringify(output)}\n`);
}
