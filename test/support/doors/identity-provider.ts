import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Provider from 'oidc-provider';

/** The claims of somebody who has an account at the provider. */
type Account = Readonly<Record<string, unknown>>;

/** The tokens that the provider answers a code with, as somebody between it and Slipway may change them. */
export type Tokens = { readonly id_token: string } & Readonly<Record<string, unknown>>;

type Claims = Readonly<Record<string, unknown>>;

export type TestProvider = {
  readonly issuer: string;
  /** Changes the answers to codes from now on; undefined for not at all. */
  tamper: ((tokens: Tokens) => Tokens) | undefined;
  /** A token of the provider's own key with these claims instead of its own. */
  resigned(token: string, claims: Claims, key?: KeyObject): string;
  /** Walks through the sign-in as a browser whose person has this account; returns where it is sent back to. */
  signIn(url: string, account: string): Promise<URL>;
  [Symbol.asyncDispose](): Promise<void>;
};

export const CLIENT = { id: 'slipway', secret: 'a secret of the client' };

/** How a client proves itself to the provider. */
type Method = 'client_secret_basic' | 'client_secret_post' | 'none';

/** A certified provider of OpenID Connect, with these accounts and without passwords, in front of which somebody may change its answers. Its clients prove themselves by one method. */
export async function startIdentityProvider(
  redirectUri: string,
  accounts: Readonly<Record<string, Account>>,
  method: Method = 'client_secret_basic',
): Promise<TestProvider> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const outer = createServer((request, response) => void passOn(request, response));
  const issuer = await listening(outer);
  const inner = createServer(providerFor({ issuer, redirectUri, accounts, privateKey, method }));
  const behind = await listening(inner);

  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '/', method = 'GET', headers } = request;
    const body = await text(request);
    const { host, connection, 'content-length': _, ...rest } = headers;
    const answer = await fetch(behind + url, {
      method,
      headers: { ...(rest as Record<string, string>), 'x-forwarded-host': host ?? '' },
      redirect: 'manual',
      ...(body && { body }),
    });
    const said = await answer.text();
    const isTampered = found.tamper && answer.ok && url === '/token';
    const sent = isTampered ? JSON.stringify(found.tamper?.(JSON.parse(said))) : said;
    for (const [name, value] of answer.headers) {
      if (!/^(content-length|transfer-encoding|connection|set-cookie)$/.test(name)) {
        response.setHeader(name, value);
      }
    }
    response.setHeader('set-cookie', answer.headers.getSetCookie());
    response.writeHead(answer.status);
    response.end(sent);
  }

  const found: TestProvider = {
    issuer,
    tamper: undefined,
    resigned(token, claims, key = privateKey) {
      const [header = '', payload = ''] = token.split('.');
      const own: Claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
      const changed = Buffer.from(JSON.stringify({ ...own, ...claims })).toString('base64url');
      const signed = sign('sha256', Buffer.from(`${header}.${changed}`), key);
      return `${header}.${changed}.${signed.toString('base64url')}`;
    },
    async signIn(url, account) {
      const cookies = new Map<string, string>();
      let at = new URL(url);
      while (at.origin === issuer) {
        if (at.pathname.startsWith('/interaction/')) at.searchParams.set('account', account);
        const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ');
        const answer = await fetch(at, { redirect: 'manual', headers: { cookie } });
        for (const set of answer.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
          cookies.set(name, value);
        }
        const location = answer.headers.get('location');
        if (!location) throw new Error(`${at} answered ${answer.status}: ${await answer.text()}`);
        at = new URL(location, at);
      }
      return at;
    },
    async [Symbol.asyncDispose]() {
      for (const server of [outer, inner]) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
  return found;
}

type Options = {
  readonly issuer: string;
  readonly redirectUri: string;
  readonly accounts: Readonly<Record<string, Account>>;
  readonly privateKey: KeyObject;
  readonly method: Method;
};

function providerFor({ issuer, redirectUri, accounts, privateKey, method }: Options) {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        ...(method !== 'none' && { client_secret: CLIENT.secret }),
        token_endpoint_auth_method: method,
        redirect_uris: [redirectUri],
      },
    ],
    clientAuthMethods: [method],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['a key of this test'] },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['preferred_username'],
      groups: ['groups'],
    },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...accounts[id] }),
    }),
    // Nobody is asked whether Slipway may know them.
    async loadExistingGrant({ oidc }) {
      const { client, session } = oidc;
      const grant = new provider.Grant({
        clientId: client?.clientId,
        accountId: session?.accountId,
      });
      grant.addOIDCScope('openid email profile groups');
      await grant.save();
      return grant;
    },
  });
  provider.proxy = true;
  const answer = provider.callback();
  return (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', issuer);
    if (!pathname.startsWith('/interaction/')) return void answer(request, response);
    const accountId = searchParams.get('account') ?? 'ann';
    void provider.interactionFinished(request, response, { login: { accountId } });
  };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
