import { identityProvider } from '#adapters/local/control/identity-provider.ts';
import {
  CLIENT,
  startIdentityProvider,
  type TestProvider,
} from '../../../support/doors/identity-provider.ts';

const REDIRECT = 'http://127.0.0.1:9999/ml/';
const ACCOUNTS = {
  ann: { groups: ['ml', 'ops'], email: 'ann@example.com', email_verified: true },
  bob: { groups: 'ml', email: 'ann@example.com', email_verified: false, preferred_username: 'bob' },
  eve: {},
};

/** The person who signs in with an account, as Slipway then knows them. */
async function signedIn(
  provider: TestProvider,
  account: string,
  { secret, claim = 'groups' }: { readonly secret?: string | undefined; readonly claim?: string },
) {
  const asked = identityProvider({
    issuer: provider.issuer,
    clientId: CLIENT.id,
    clientSecret: secret,
    redirectUri: REDIRECT,
    scopes: ['email', 'profile', 'groups'],
    claim,
  });
  const { url, ...attempt } = await asked.begin();
  const back = await provider.signIn(url, account);
  expect(back.href.startsWith(REDIRECT)).toBe(true);
  return (await asked.finish(back.search.slice(1), attempt)).person;
}

it.each([
  ['client_secret_basic', CLIENT.secret],
  ['client_secret_post', CLIENT.secret],
  ['none', undefined],
] as const)('a client proves itself by %s, as the provider says', async (method, secret) => {
  await using provider = await startIdentityProvider(REDIRECT, ACCOUNTS, method);

  expect(await signedIn(provider, 'ann', { secret })).toEqual({
    subject: 'ann',
    name: 'ann@example.com',
    groups: ['ml', 'ops'],
  });
});

it('people are named by what they cannot take from others, and grouped by one claim', async () => {
  await using provider = await startIdentityProvider(REDIRECT, ACCOUNTS);
  const { secret } = CLIENT;

  expect(await signedIn(provider, 'bob', { secret })).toEqual({
    subject: 'bob',
    name: 'bob',
    groups: ['ml'],
  });
  expect(await signedIn(provider, 'eve', { secret })).toEqual({
    subject: 'eve',
    name: 'eve',
    groups: [],
  });
  const byAddress = { secret, claim: 'email' };
  expect(await signedIn(provider, 'ann', byAddress)).toMatchObject({ groups: ['ann@example.com'] });
  expect(await signedIn(provider, 'bob', byAddress)).toMatchObject({ groups: [] });
});

it('a wrong secret of the client is told apart from a provider that is gone', async () => {
  const gone = await startIdentityProvider(REDIRECT, ACCOUNTS);
  await expect(signedIn(gone, 'ann', { secret: 'wrong' })).rejects.toMatchObject({
    name: 'InputInvalid',
    message: expect.stringContaining('invalid_client'),
    fix: expect.stringContaining('--oidc-client-id'),
  });
  await gone[Symbol.asyncDispose]();

  await expect(signedIn(gone, 'ann', { secret: CLIENT.secret })).rejects.toMatchObject({
    name: 'PlatformUnavailable',
    message: expect.stringContaining('cannot be asked: '),
  });
});
