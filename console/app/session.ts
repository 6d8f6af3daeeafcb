const KEY = 'slipway-token';
const CODE = /^#open=([\w-]+)$/;

/**
 * The token of this console. It is kept in the tab: neither another site nor a later program on this port finds it in the browser's storage.
 * Tabs of one console share it while one of them is open.
 */
export type Session = { readonly token: string };

/** A failure to open the console, with what to do. */
export type Locked = { readonly locked: string };

/** Takes the code of a link out of the address, else what the tab or another tab has. */
export async function openSession(): Promise<Session | Locked> {
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
