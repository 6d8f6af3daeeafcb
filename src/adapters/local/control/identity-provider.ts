import type * as OpenIdClient from 'openid-client';
import { Failure } from '#domain/failure.ts';
import { groupsIn, type Person } from '#domain/grant.ts';

/** A browser keeps it while its person is at the identity provider, so that nobody else can end the sign-in. */
export type Attempt = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
};

/** `person` has signed in; `idToken` has the provider end their session there too. */
export type SignedIn = { readonly person: Person; readonly idToken: string };

/** A provider of OpenID Connect. All methods fail with `PlatformUnavailable` where it does not answer. */
export type IdentityProvider = {
  /** Where a browser goes to sign in. */
  begin(): Promise<Attempt & { readonly url: string }>;
  /**
   * Takes the query with which the provider sent the browser back. The code in it is exchanged for tokens, which are checked: signature, issuer, audience, times and nonce.
   * Fails with `InputInvalid` for anything that does not belong to the attempt or that the provider refuses.
   */
  finish(query: string, attempt: Attempt): Promise<SignedIn>;
  /** Where a browser goes to sign out at the provider; null where it has no such place. */
  end(idToken: string): Promise<string | null>;
};

export type ProviderSettings = {
  /** An https URL; http only for this machine. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a public client, which PKCE alone protects. */
  readonly clientSecret: string | undefined;
  /** Where the provider sends the browser back. */
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** The claim that names the groups. */
  readonly claim: string;
};

const TIMEOUT_SECONDS = 10;
// Not all clocks are right to the second.
const TOLERANCE_SECONDS = 10;

/**
 * The authorization code flow with PKCE, by openid-client. The provider's description of itself is read at the first sign-in, so that Slipway starts without it.
 * An ID token is taken only with a signature by the provider's keys, though it comes from the provider itself: its claims become rights.
 */
export function identityProvider(settings: ProviderSettings): IdentityProvider {
  const { redirectUri, scopes, claim } = settings;
  let known: Promise<Connected> | undefined;

  async function connected(): Promise<Connected> {
    known ??= connect(settings);
    try {
      return await known;
    } catch (error) {
      known = undefined;
      throw error;
    }
  }

  return {
    async begin() {
      const { library, config } = await connected();
      const attempt = {
        state: library.randomState(),
        nonce: library.randomNonce(),
        verifier: library.randomPKCECodeVerifier(),
      };
      const url = library.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: ['openid', ...scopes].join(' '),
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await library.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
      });
      return { ...attempt, url: url.href };
    },

    async finish(query, { state, nonce, verifier }) {
      const { library, config } = await connected();
      const url = new URL(redirectUri);
      url.search = query;
      try {
        const tokens = await library.authorizationCodeGrant(config, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const { id_token: idToken = '', access_token: accessToken } = tokens;
        const claims = { ...tokens.claims() };
        const { sub = '' } = claims;
        // Many providers put groups and addresses there alone.
        const more = config.serverMetadata().userinfo_endpoint
          ? await library.fetchUserInfo(config, accessToken, sub)
          : {};
        return { person: personOf({ ...more, ...claims, sub }, claim), idToken };
      } catch (cause) {
        throw isLost(cause) ? unusable(settings.issuer, cause) : refused(cause);
      }
    },

    async end(idToken) {
      const { library, config } = await connected();
      if (!config.serverMetadata().end_session_endpoint) return null;
      return library.buildEndSessionUrl(config, { id_token_hint: idToken }).href;
    },
  };
}

type Connected = {
  readonly library: typeof OpenIdClient;
  readonly config: OpenIdClient.Configuration;
};

async function connect({ issuer, clientId, clientSecret }: ProviderSettings): Promise<Connected> {
  // Loaded with the first sign-in alone.
  const library = await import('openid-client');
  const url = new URL(issuer);
  try {
    const config = await library.discovery(
      url,
      clientId,
      { [library.clockTolerance]: TOLERANCE_SECONDS },
      authentication(library, clientSecret),
      {
        timeout: TIMEOUT_SECONDS,
        execute: [
          library.enableNonRepudiationChecks,
          ...(url.protocol === 'http:' ? [library.allowInsecureRequests] : []),
        ],
      },
    );
    return { library, config };
  } catch (cause) {
    throw unusable(issuer, cause);
  }
}

/** The secret as the provider takes it; in a header, where it does not say (OpenID Connect Core §9). */
function authentication(library: typeof OpenIdClient, secret: string | undefined) {
  if (secret === undefined) return library.None();
  const [basic, post] = [library.ClientSecretBasic(secret), library.ClientSecretPost(secret)];
  const chosen: OpenIdClient.ClientAuth = (server, ...request) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (methods.includes('client_secret_basic') ? basic : post)(server, ...request);
  };
  return chosen;
}

type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** The address is shown where the provider has verified it: elsewhere people may give themselves another's. */
function personOf(claims: Claims, claim: string): Person {
  const { sub, preferred_username: username } = claims;
  const [email] = groupsIn(claims, 'email');
  const name = email ?? (typeof username === 'string' && username !== '' ? username : sub);
  return { subject: sub, name, groups: groupsIn(claims, claim) };
}

function unusable(issuer: string, cause: unknown): Failure {
  return new Failure(
    'PlatformUnavailable',
    `the identity provider ${issuer} cannot be asked: ${reasonOf(cause)}`,
    { cause, fix: 'Sign in again in a moment. If that fails too, --oidc-issuer may be wrong.' },
  );
}

function refused(cause: unknown): Failure {
  return new Failure('InputInvalid', `the sign-in was refused: ${reasonOf(cause)}`, {
    cause,
    fix: 'Sign in again. If that fails too, compare --oidc-issuer, --oidc-client-id, the secret and the redirect URI with those of the identity provider.',
  });
}

/** The library fails with a TypeError of `fetch` where nobody answers. */
function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    (error instanceof TypeError && error.cause !== undefined) ||
    ('code' in error && error.code === 'OAUTH_TIMEOUT')
  );
}

/** The reason that the provider gives, or else the check of the library that failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A refusal in `www-authenticate`, as of a wrong secret, has its reason in the parameters of that header.
  const [challenge]: readonly unknown[] = Array.isArray(error.cause) ? error.cause : [];
  const said = propertyOf(challenge, 'parameters') ?? error;
  const refused = propertyOf(said, 'error');
  const description = propertyOf(said, 'error_description');
  if (typeof refused === 'string') {
    return typeof description === 'string' ? `${refused} (${description})` : refused;
  }
  // Its own errors are of a few kinds; the check is in the cause.
  return (error.cause instanceof Error && error.cause.message) || error.message;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
