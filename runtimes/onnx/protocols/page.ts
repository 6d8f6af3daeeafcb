import { PAGE_HTML } from './page-html.ts';

export type Page = { readonly html: string; readonly headers: Readonly<Record<string, string>> };

// The page has the rest of its policy in itself. A browser that was asked for the key sends it with every request, so no other page may hold this one.
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  vary: 'accept',
} as const;

/** A page that calls the model, whole in one answer and the same for all models: it asks the server for the rest. */
export const PAGE: Page = { html: PAGE_HTML, headers: HEADERS };

export function wantsPage(accept: string | undefined): boolean {
  return accept?.includes('text/html') ?? false;
}
