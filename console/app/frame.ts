import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { plain } from '../look/words.ts';
import type { Api } from './api.ts';
import { isOfTeam } from './place.ts';
import type { Route } from './route.ts';
import { signOut } from './sign-in.ts';
import { isConnected, lock, models, standing } from './state.ts';

const PAGES = [
  { page: 'models', address: '#/', title: 'Models' },
  { page: 'events', address: '#/events', title: 'Events' },
] as const;

/** Puts the header with its navigation around a page. */
export function Frame({ route, children }: { route: Route; children?: ComponentChildren }) {
  const isIn = (page: string) =>
    route.page === page || (page === 'models' && ['model', 'deployment'].includes(route.page));
  return html`
    <a class="skip" href="#main" onClick=${toMain}>To the content</a>
    <header class="top">
      <div class="inside">
        <a class="brand" href="#/"><img src="console/look/icon.svg" alt="" width="24" height="24" />Slipway</a>
        <nav aria-label="Pages">
          ${PAGES.map(
            ({ page, address, title }) =>
              html`<a href=${address} aria-current=${isIn(page) ? 'page' : undefined}>${title}</a>`,
          )}
        </nav>
        <${Connection} />
        ${isOfTeam() && html`<${Person} />`}
      </div>
    </header>
    <main id="main" tabindex="-1" class="inside">${children}</main>
  `;
}

/** The address behind `#` is the page's, so this link moves only the focus. */
function toMain(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('main')?.focus();
}

function Connection() {
  const isNow = isConnected.use();
  const known = models.use();
  const words = isNow ? (known ? 'live' : 'reading') : 'no answer; trying again';
  return html`<span role="status" class="badge push ${isNow ? 'quiet' : 'warn'}" title=${isNow ? 'What you see is as it is now' : 'Slipway does not answer. What you see is as it last was.'}>${words}</span>`;
}

/** Who has signed in, and the way out. */
function Person() {
  const now = standing.use();
  return now.kind === 'open' ? html`<${SignedIn} api=${now.api} />` : null;
}

function SignedIn({ api }: { api: Api }) {
  const [name, setName] = useState('');
  useEffect(() => {
    api.json<{ name: string }>('console/person').then(
      (person) => setName(person.name),
      () => undefined,
    );
  }, [api]);
  async function leave(): Promise<void> {
    const url = await signOut(api.token).catch(() => null);
    lock('You have signed out.');
    if (url !== null) location.assign(url);
  }
  return html`<span class="soft person">${plain(name)}</span><button class="button tight" onClick=${leave}>Sign out</button>`;
}
