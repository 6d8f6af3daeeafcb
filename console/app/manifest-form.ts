import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { parsed } from '../look/json.ts';

type Filled = {
  readonly example: string;
  readonly answer: string;
  readonly memory: string;
  readonly target: string;
};

const NOTHING: Filled = { example: '', answer: '', memory: '', target: '' };

/** A form for the manifest of a drop: an example with its right answer, memory, and where it runs. Answers the text of `model.yaml`, empty where nothing is filled in. */
export function ManifestForm({
  isFolder,
  onChange,
}: {
  isFolder: boolean;
  onChange: (text: string) => void;
}) {
  const [filled, setFilled] = useState(NOTHING);
  const change = (changes: Partial<Filled>) => {
    const next = { ...filled, ...changes };
    setFilled(next);
    onChange(manifestOf(next));
  };
  const typed = (name: keyof Filled) => (event: Event) =>
    change({ [name]: (event.target as HTMLInputElement).value });
  const fault = faultOf(filled);
  return html`
    <details class="manifest">
      <summary>Settings, all optional</summary>
      <div class="stack">
        <label>
          <span class="label">An example request, in JSON: a new version has to answer it before it gets traffic</span>
          <textarea rows="2" class="mono" spellcheck="false" placeholder="[[5.1, 3.5, 1.4, 0.2]]" value=${filled.example} onInput=${typed('example')}></textarea>
        </label>
        <label>
          <span class="label">Its right answer, in JSON</span>
          <textarea rows="2" class="mono" spellcheck="false" value=${filled.answer} onInput=${typed('answer')}></textarea>
        </label>
        <div class="row fields">
          <label><span class="label">Memory, in MiB</span><input type="number" min="128" step="1" value=${filled.memory} onInput=${typed('memory')} /></label>
          <label>
            <span class="label">Runs on</span>
            <select value=${filled.target} onChange=${typed('target')}>
              <option value="">what fits</option>
              <option value="lambda">Lambda: nothing while nobody calls</option>
              <option value="fargate">Fargate: always on</option>
              <option value="ec2">EC2: always on, GPUs</option>
            </select>
          </label>
        </div>
        ${fault && html`<p class="small fault" role="alert">${fault}</p>`}
        ${isFolder && html`<p class="small soft">What is filled in here replaces the folder's model.yaml.</p>`}
      </div>
    </details>
  `;
}

function faultOf({ example, answer }: Filled): string {
  for (const [what, text] of [
    ['The example', example],
    ['The answer', answer],
  ]) {
    if (text && parsed(text) === undefined) return `${what} is not valid JSON yet.`;
  }
  return answer && !example ? 'An answer needs its example.' : '';
}

/** JSON is YAML, so that nothing that was typed can become another key. */
export function manifestOf({ example, answer, memory, target }: Filled): string {
  const request = example ? parsed(example) : undefined;
  const expect = answer ? parsed(answer) : undefined;
  const manifest = {
    ...(request !== undefined && {
      examples: [{ request: wrapped(request), ...(expect !== undefined && { expect }) }],
    }),
    ...(memory && { resources: { memory: `${Number(memory)}Mi` } }),
    ...(target && { placement: { target } }),
  };
  return Object.keys(manifest).length > 0 ? `${JSON.stringify(manifest, null, 2)}\n` : '';
}

/** A bare table is the `inputs` of a request. */
function wrapped(request: unknown): unknown {
  return Array.isArray(request) ? { inputs: request } : request;
}
