/** HTML that was made by `markup`, and so holds no text of a model or a person as markup. */
export type Markup = { readonly html: string };

type Part = string | number | Markup | readonly Markup[];

/**
 * HTML from a template: whatever is inserted, and is no markup itself, is text.
 * Control characters, and the marks that turn the direction of what follows, become U+FFFD.
 */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const html = texts.map((text, index) => text + htmlOf(parts[index] ?? '')).join('');
  return { html };
}

/** A text that others chose, on its own: its direction of writing does not reach what stands beside it. */
export function theirs(text: string): Markup {
  return markup`<bdi>${text}</bdi>`;
}

function htmlOf(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return 'html' in part ? part.html : part.map(({ html }) => html).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text
    .replaceAll(/(?!\n)\p{C}/gu, '\u{fffd}')
    .replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '');
}
