import { generateKeyPairSync } from 'node:crypto';
import { readLocalConfig, signInSettings } from '#compose/config.ts';

const KEY = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  .publicKey.export({ type: 'spki', format: 'der' })
  .toString('base64');

describe('the configuration of one machine', () => {
  it('needs nothing', () => {
    expect(readLocalConfig({})).toMatchObject({
      dataDir: '.slipway',
      host: '127.0.0.1',
    });
  });

  it.each([
    { values: { gatewayPort: 70_000 }, says: /--port 70000: expected a port from 0 to 65535/ },
    {
      values: { corsOrigins: ['http://a.example', 'b'] },
      says: /--cors-origin b: expected an origin/,
    },
    { values: { allowedAccelerators: ['H10'] }, says: /--allowed-accelerators names "H10"/ },
    {
      values: { trustedSigners: ['MFkw'] },
      says: /--trusted-signer MFkw: expected a key as `slipway signing-key` prints it/,
    },
    { values: { trustedSigners: [''] }, says: /--trusted-signer : expected a key/ },
    { values: { trustedSigners: [KEY, 'MFkw'] }, says: /--trusted-signer MFkw: expected/ },
    { values: { gatewayPort: 9_000, controlPort: 9_000 }, says: /--port and --control-port are/ },
    { values: { controlPort: 9_000, s3Port: 9_000 }, says: /--control-port and --s3-port are/ },
    { values: { s3Port: 9_000, othersPort: 9_000 }, says: /--s3-port and --host-port are/ },
    { values: { othersHost: 'models.example' }, says: /--host models.example: expected an IP/ },
    { values: { host: '0.0.0.0' }, says: /host/ },
    { values: { dataDri: 'x' }, says: /dataDri/ },
  ])('refuses $values and names the entry', ({ values, says }) => {
    expect(() => readLocalConfig(values)).toThrow(says);
  });

  it.each([
    {
      webhooks: ['ftp://example.com'],
      says: /--webhook ftp:\/\/example.com: expected an http or https URL/,
    },
    {
      webhooks: ['https://me:secret@example.com'],
      says: /\/\/…@example.com: expected an http or https/,
    },
    { webhooks: ['https://example.com'], says: /a webhook needs a secret/ },
    {
      webhooks: ['https://example.com'],
      webhookSecret: 'whsec_short',
      says: /SLIPWAY_WEBHOOK_SECRET must be `whsec_`/,
    },
  ])('refuses the webhooks of $says', ({ says, ...values }) => {
    expect(() => readLocalConfig(values)).toThrow(says);
  });

  it('takes keys of signers, each alone or several with commas, and two free ports', () => {
    const values = { trustedSigners: [KEY, `${KEY},${KEY}`], gatewayPort: 0, controlPort: 0 };

    expect(readLocalConfig(values)).toMatchObject(values);
  });

  it('takes webhooks with a secret', () => {
    const webhookSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    const webhooks = ['https://example.com/hook', 'http://127.0.0.1:9000/'];

    expect(readLocalConfig({ webhooks, webhookSecret })).toMatchObject({ webhooks, webhookSecret });
  });
});

it('caps what a manifest may ask for where it is told to, and takes no cap of nought replicas', () => {
  const caps = { maxReplicas: 3, allowedAccelerators: ['T4'] };

  expect(readLocalConfig(caps)).toMatchObject(caps);
  expect(() => readLocalConfig({ maxReplicas: 0 })).toThrow(
    /--max-replicas 0: expected a whole number of at least 1/,
  );
});

it('limits the memory of all model servers where it is told to, and takes no budget of nought', () => {
  expect(readLocalConfig({}).memoryMiB).toBeUndefined();
  expect(readLocalConfig({ memoryMiB: 2_048 })).toMatchObject({ memoryMiB: 2_048 });
  expect(() => readLocalConfig({ memoryMiB: 0 })).toThrow(
    /--memory 0: expected a whole number of MiB, of at least 1/,
  );
});

describe('the addresses of a proxy in front', () => {
  it('are taken without the slash at their end', () => {
    const urls = { publicUrl: 'https://m.example/ml/', consoleUrl: 'https://m.example:8443' };

    expect(readLocalConfig(urls)).toMatchObject({ ...urls, publicUrl: 'https://m.example/ml' });
  });

  it('are never one origin for the models and the console', () => {
    const urls = { publicUrl: 'https://m.example/ml', consoleUrl: 'https://m.example/console' };

    expect(() => readLocalConfig(urls)).toThrow(/have the same origin, https:\/\/m\.example/);
  });

  it.each(['m.example', 'ftp://m.example', 'https://ada:secret@m.example', 'https://m.example/?a'])(
    'are not %s',
    (publicUrl) => {
      expect(() => readLocalConfig({ publicUrl })).toThrow(/--public-url .*: expected an address/);
    },
  );
});

describe('the sign-in of people', () => {
  const whole = {
    othersHost: '0.0.0.0',
    othersControlPort: 8084,
    consoleUrl: 'https://models.example:8084',
    oidcIssuer: 'https://login.example/realm',
    oidcClientId: 'slipway',
    oidcGrants: ['ml=see,drop:team-a-*'],
  };

  it('is read with what its groups may do', () => {
    const config = readLocalConfig({ ...whole, oidcScopes: ['groups', 'email'] });

    expect(signInSettings(config)).toEqual({
      issuer: 'https://login.example/realm',
      clientId: 'slipway',
      clientSecret: undefined,
      consoleUrl: 'https://models.example:8084',
      claim: 'groups',
      scopes: ['email', 'profile', 'groups'],
      grants: [{ group: 'ml', roles: ['see', 'drop'], models: ['team-a-*'] }],
    });
    expect(signInSettings(readLocalConfig({}))).toBeUndefined();
  });

  it.each([
    [{ oidcClientId: undefined }, /cannot sign in without --oidc-client-id$/],
    [{ oidcIssuer: undefined, oidcGrants: [] }, /without --oidc-issuer, --oidc-grant$/],
    [{ othersControlPort: undefined }, /cannot sign in without --host-control-port$/],
    [{ consoleUrl: undefined }, /cannot sign in without --console-url$/],
    [{ consoleUrl: 'http://models.example' }, /plain HTTP, in which a sign-in can be read/],
    [{ oidcIssuer: 'http://login.example' }, /--oidc-issuer .*: expected an https URL/],
    [
      { oidcIssuer: 'https://a:b@login.example' },
      /--oidc-issuer https:\/\/….*: expected an https URL/,
    ],
    [{ oidcGrants: ['ml=rule:a'] }, /--oidc-grant ml=rule:a: expected GROUP=ROLES:MODELS/],
    [{ oidcScopes: ['a b'] }, /--oidc-scope a b: /],
  ])('is refused with %j', (change, says) => {
    expect(() => readLocalConfig({ ...whole, ...change })).toThrow(says);
  });

  it('may be tried on this machine in plain HTTP', () => {
    const here = { consoleUrl: 'http://localhost:8084', oidcIssuer: 'http://127.0.0.1:9000' };

    expect(readLocalConfig({ ...whole, ...here })).toMatchObject(here);
  });
});
