import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import type { Request } from './request.ts';
import { type Address, BODY_FILE, bodyOf, samplesOf } from './samples.ts';

/** The same request for a program, as it stands in the form now. */
export function Samples({ request, address }: { request: Request; address: Address }) {
  const [language, setLanguage] = useState('curl');
  const [copied, setCopied] = useState(false);
  const samples = samplesOf(request, address);
  const code = samples.find((each) => each.language === language)?.code ?? '';
  const { json, isFile } = bodyOf(request);
  const copy = async () => {
    await navigator.clipboard.writeText(code);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  const save = () => {
    const url = URL.createObjectURL(new Blob([json], { type: 'application/json' }));
    Object.assign(document.createElement('a'), { href: url, download: BODY_FILE }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return html`<section class="stack" aria-label="The same request from a program">
    <h2>From a program</h2>
    <div class="card">
      <div class="tabs try-languages" role="group" aria-label="Language">
        ${samples.map(
          (each) =>
            html`<button type="button" key=${each.language} aria-pressed=${each.language === language} aria-current=${each.language === language ? 'page' : undefined} onClick=${() => setLanguage(each.language)}>${each.language}</button>`,
        )}
        <span class="push row">
          ${isFile && html`<button type="button" class="button tight" onClick=${save}>Save ${BODY_FILE}</button>`}
          ${navigator.clipboard && html`<button type="button" class="button tight" onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button>`}
        </span>
      </div>
      <pre class="code try-code" tabindex="0">${code}</pre>
    </div>
    ${address.wantsKey && html`<p class="small soft">The key is read from the variable SLIPWAY_KEY, so that it stands in no command.</p>`}
  </section>`;
}
