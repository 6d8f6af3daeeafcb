import * as z from 'zod/mini';
import { jsonResponse } from '#control/json-response.ts';
import { Failure, failureName } from '#domain/failure.ts';
import type { Person } from '#domain/grant.ts';
import { parseJson } from '#domain/parse-json.ts';
import type { IdentityProvider } from './identity-provider.ts';
import type { People, Session } from './people.ts';

type Options = {
  readonly provider: IdentityProvider;
  readonly people: People;
  /** The origin of the console, whose pages alone may ask. */
  readonly origin: string;
  /** Fails with `PlatformDenied` for somebody who may do nothing here. */
  readonly requireRights: (person: Person) => void;
  /** Hears of each sign-in and sign-out of somebody whom the provider knows: others could fill a disk with notes. */
  readonly note: (ended: Ended) => void;
};

/** `address` is the browser's. */
export type Ended = {
  readonly action: 'signIn' | 'signOut';
  readonly person: Person;
  readonly address: string | null;
  readonly outcome: string;
};

/** Answers the requests by which the console signs its person in and out, from a browser at this address; undefined for any other. Never rejects. */
export type SignIn = (request: Request, address: string | null) => Promise<Response> | undefined;

const attempt = z.strictObject({
  query: z.string().check(z.maxLength(4096)),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
});

const LARGEST_BODY = 16_384;
// Each asks the identity provider, and nobody has signed in yet who sends it.
const MOST_AT_ONCE = 8;

/**
 * The console signs in as an application in a browser does: what proves that it has begun a sign-in stays in its tab, and not in a cookie, which the models on another port of this host would be sent (docs/adr/0091).
 * `POST /console/sign-in` begins one, `POST /console/signed-in` ends it with the query that the provider sent the browser back with, `GET /console/person` says who has signed in, `POST /console/sign-out` ends the session.
 */
export function signIn({ provider, people, origin, requireRights, note }: Options): SignIn {
  let underWay = 0;

  async function finish(request: Request, address: string | null): Promise<Response> {
    // Read before it counts as under way: a body may come as slowly as its sender likes.
    const { query, ...proof } = await readAttempt(request);
    return bounded(async () => {
      const signedIn = await provider.finish(query, proof);
      const { person } = signedIn;
      try {
        requireRights(person);
      } catch (error) {
        note({ action: 'signIn', person, address, outcome: failureName(error) ?? 'failed' });
        throw error;
      }
      note({ action: 'signIn', person, address, outcome: 'done' });
      return secretly({ token: people.begin(signedIn) });
    });
  }

  async function signOut(secret: string, address: string | null): Promise<Response> {
    const session = people.find(secret);
    people.end(secret);
    if (!session) return secretly({ url: null });
    note({ action: 'signOut', person: session.person, address, outcome: 'done' });
    // Here the session has ended, whether or not the provider answers.
    const url = await provider.end(session.idToken).catch(() => null);
    return secretly({ url });
  }

  async function bounded(run: () => Promise<Response>): Promise<Response> {
    if (underWay >= MOST_AT_ONCE) {
      throw new Failure('PlatformThrottled', 'too many people sign in at this moment', {
        fix: 'Sign in again in a moment.',
      });
    }
    underWay += 1;
    try {
      return await run();
    } finally {
      underWay -= 1;
    }
  }

  function answerOf(
    request: Request,
    address: string | null,
  ): (() => Promise<Response>) | undefined {
    const { pathname } = new URL(request.url);
    const secret = bearerIn(request);
    switch (`${request.method} ${pathname}`) {
      case 'POST /console/sign-in':
        return () => bounded(async () => secretly(await provider.begin()));
      case 'POST /console/signed-in':
        return () => finish(request, address);
      case 'POST /console/sign-out':
        return () => signOut(secret, address);
      case 'GET /console/person':
        return async () => personAnswer(people.find(secret));
      default:
        return undefined;
    }
  }

  return (request, address) => {
    const answer = answerOf(request, address);
    if (!answer) return undefined;
    // A browser sends the origin of the page with every POST.
    if (request.method === 'POST' && request.headers.get('origin') !== origin) {
      const error = `only the console at ${origin} signs people in`;
      return Promise.resolve(jsonResponse({ error }, { status: 403 }));
    }
    return answer().catch(refusal);
  };
}

function personAnswer(session: Session | undefined): Response {
  if (!session) return jsonResponse({ error: 'nobody has signed in' }, { status: 401 });
  return secretly({ name: session.person.name });
}

/** No cache keeps it. */
function secretly(value: object): Response {
  return jsonResponse(value, { status: 200, headers: { 'cache-control': 'no-store' } });
}

/** The secret that a request carries as a bearer token; empty where it has none. */
export function bearerIn({ headers }: Request): string {
  const [, secret = ''] = /^Bearer (\S+)$/.exec(headers.get('authorization') ?? '') ?? [];
  return secret;
}

async function readAttempt(request: Request) {
  const length = Number(request.headers.get('content-length') ?? Number.NaN);
  const isSmall = length > 0 && length <= LARGEST_BODY;
  const { data } = attempt.safeParse(isSmall ? parseJson(await request.text()) : undefined);
  if (data) return data;
  throw new Failure('InputInvalid', 'this does not end a sign-in', { fix: 'Sign in again.' });
}

const STATUS: Readonly<Record<string, number>> = {
  InputInvalid: 401,
  PlatformDenied: 403,
  PlatformThrottled: 429,
  PlatformUnavailable: 503,
};

function refusal(error: unknown): Response {
  const fix = error instanceof Failure ? error.fix : undefined;
  const status = STATUS[failureName(error) ?? ''] ?? 500;
  const text = error instanceof Error ? error.message : String(error);
  return jsonResponse({ error: text, ...(fix && { fix }) }, { status });
}
