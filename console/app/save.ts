import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Theirs } from '../look/parts.ts';
import type { Api } from './api.ts';

type SaveProps = {
  readonly api: Api;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  /** The name of the file in the reader's folder of downloads. */
  readonly file: string;
  readonly title: string;
};

/** A button that saves an answer of the control API as a file: nothing of it is shown at the console's own origin. */
export function Save({ api, path, query = {}, file, title }: SaveProps) {
  const [error, setError] = useState('');
  const save = async () => {
    try {
      setError('');
      const url = URL.createObjectURL(await new Response(await api.stream(path, { query })).blob());
      Object.assign(document.createElement('a'), { href: url, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    }
  };
  return html`<span class="push row">${error && html`<span class="fault small" role="alert"><${Theirs} text=${error} /></span>`}<button type="button" class="button tight" onClick=${save}>${title}</button></span>`;
}
