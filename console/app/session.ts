import { type Locked, returnedFrom, type Session } from './sign-in.ts';

const KEY = 'slipway-token';
const CODE = /^#open=([\w-]+)$/;

/** Takes the code of a link, or what an identity provider has sent, out of the address, else what the tab or another tab has. */
export async function openSession(): Promise<Session | Locked> {
  const signedIn = await returnedFrom(location.search);
  if (signedIn) {
    if ('token' in signedIn) keep(signedIn.token);
    return signedIn;
  }
  const code = CODE.exec(location.hash)?.[1];
  if (code !== undefined) {
    // Out of the address and of the history at once.
    history.replaceState(null, '', `${location.pathname}#/`);
    const opened = await exchanged(code);
    if ('token' in opened) {
      keep(opened.token);
      return opened;
    }
    const kept = await keptToken();
    return kept ? { token: kept } : opened;
  }
  const token = await keptToken();
  return token ? { token } : { locked: '' };
}

export function forget(): void {
  sessionStorage.removeItem(KEY);
}

async function keptToken(): Promise<string | null> {
  const token = sessionStorage.getItem(KEY) ?? (await askOtherTabs());
  if (token) keep(token);
  return token;
}

async function exchanged(code: string): Promise<Session | Locked> {
  const response = await fetch(`console/sessions?code=${encodeURIComponent(code)}`, {
    method: 'POST',
  });
  const { token, error }: { token?: string; error?: string } = await response.json();
  return token ? { token } : { locked: error ?? '' };
}

const tabs = new BroadcastChannel('slipway');
const OTHER_TABS_MS = 150;

function keep(token: string): void {
  sessionStorage.setItem(KEY, token);
  tabs.onmessage = ({ data }) => {
    if (data === 'asks') tabs.postMessage({ token });
  };
}

function askOtherTabs(): Promise<string | null> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(null), OTHER_TABS_MS);
    tabs.onmessage = ({ data }) => {
      if (typeof data?.token !== 'string') return;
      clearTimeout(late);
      resolve(data.token);
    };
    tabs.postMessage('asks');
  });
}
