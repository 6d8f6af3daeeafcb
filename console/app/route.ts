import { plain } from '../look/words.ts';
import { store } from './store.ts';

/** The page that the address names. The name stands behind the `#`, so that the console has one address below any proxy. */
export type Route =
  | { readonly page: 'models' | 'events' }
  | { readonly page: 'model'; readonly name: string; readonly part: string }
  | { readonly page: 'deployment'; readonly id: string };

export function readRoute(hash: string): Route {
  const [first = '', second = '', third = ''] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  if (first === 'models' && second) return { page: 'model', name: second, part: third };
  if (first === 'deployments' && second) return { page: 'deployment', id: second };
  return { page: first === 'events' ? first : 'models' };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const modelAddress = (name: string, part = '') =>
  `#/models/${encodeURIComponent(name)}${part && `/${part}`}`;
export const deploymentAddress = (id: string) => `#/deployments/${encodeURIComponent(id)}`;

/** The name of the page in tabs and for screen readers. */
export function titleOf(at: Route): string {
  const titles = { models: '', events: 'Events – ', deployment: 'Deployment – ' };
  return `${at.page === 'model' ? `${plain(at.name)} – ` : titles[at.page]}Slipway`;
}

export const route = store<Route>({ page: 'models' });

/** Follows the address; a new page begins at its top, with its heading in focus for who listens. */
export function followAddress(): void {
  const read = () => {
    const at = readRoute(location.hash);
    route.set(at);
    document.title = titleOf(at);
  };
  read();
  addEventListener('hashchange', () => {
    const before = route.get();
    read();
    const after = route.get();
    if (before.page === after.page && before.page === 'model') return;
    scrollTo(0, 0);
    requestAnimationFrame(() => document.querySelector<HTMLElement>('main')?.focus());
  });
}
