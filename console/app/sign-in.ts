const KEY = 'slipway-sign-in';

/**
 * The token of this console. It is kept in the tab: neither another site nor a later program on this port finds it in the browser's storage.
 * Tabs of one console share it while one of them is open.
 */
export type Session = { readonly token: string };

/** A failure to open the console, with what to do. */
export type Locked = { readonly locked: string };

/** This tab keeps it while its person is at the identity provider, so that neither another tab nor another site can end the sign-in. */
type Attempt = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The page of the console to come back to. */
  readonly hash: string;
};

/** Sends the tab to the identity provider. Returns why that cannot be. */
export async function beginSignIn(): Promise<string> {
  const response = await fetch('console/sign-in', { method: 'POST' });
  const { url, error = '', ...attempt } = await response.json();
  if (typeof url !== 'string') return error;
  sessionStorage.setItem(KEY, JSON.stringify({ ...attempt, hash: location.hash }));
  location.assign(url);
  return '';
}

/** Ends a sign-in with the query that the identity provider sent the browser back with; undefined for any other address. */
export async function returnedFrom(search: string): Promise<Session | Locked | undefined> {
  const state = new URLSearchParams(search).get('state');
  if (state === null) return undefined;
  const attempt: Attempt | null = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
  sessionStorage.removeItem(KEY);
  // Out of the address and of the history at once.
  history.replaceState(null, '', `${location.pathname}${attempt?.hash || '#/'}`);
  if (attempt?.state !== state) {
    return { locked: 'This tab did not begin that sign-in. Sign in here.' };
  }
  const { hash: _, ...proof } = attempt;
  const response = await fetch('console/signed-in', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: search.slice(1), ...proof }),
  });
  const { token, error = '', fix = '' } = await response.json();
  return typeof token === 'string'
    ? { token }
    : { locked: [error, fix].filter(Boolean).join('. ') };
}

/** Ends the session here, and returns the address at which it ends at the identity provider too; null where there is none. */
export async function signOut(token: string): Promise<string | null> {
  const response = await fetch('console/sign-out', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return (await response.json()).url ?? null;
}
