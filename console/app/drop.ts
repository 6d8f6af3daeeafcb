import { useEffect, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Bar, Theirs } from '../look/parts.ts';
import { bytes, plain } from '../look/words.ts';
import type { Api } from './api.ts';
import { Dialog } from './dialog.ts';
import { chosenOf, type Dropped, droppedOf } from './dropped.ts';
import { ManifestForm } from './manifest-form.ts';
import { MODEL_NAME, nameFor } from './model-name.ts';
import { deploymentAddress } from './route.ts';
import { models, standing } from './state.ts';
import { store } from './store.ts';
import {
  forgetUpload,
  isOnItsWay,
  resume,
  send,
  stopUpload,
  type Upload,
  uploads,
} from './uploads.ts';

/** The drops that wait for their names and are not sent yet. */
const staged = store<readonly Dropped[]>([]);

/** Goes on with the interrupted uploads of what was dropped or chosen, and asks for the names of the rest. */
function take(api: Api, dropped: readonly Dropped[]): void {
  const others = dropped.filter((each) => !resume(api, each));
  staged.set([...staged.get(), ...others]);
}

/** The whole page takes drops, but for places that take them for themselves, such as a picture to be tried; a veil says so while something is held over it. */
export function DropTarget({ api }: { api: Api }) {
  const [isOver, setOver] = useState(false);
  const waiting = staged.use();
  useEffect(() => {
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const listeners: Record<string, (event: DragEvent) => void> = {
      dragenter(event) {
        if (!hasFiles(event)) return;
        depth += 1;
        setOver(true);
      },
      dragleave() {
        depth = Math.max(0, depth - 1);
        if (depth === 0) setOver(false);
      },
      dragover(event) {
        if (!hasFiles(event)) return;
        setOver(!event.defaultPrevented);
        event.preventDefault();
      },
      async drop(event) {
        depth = 0;
        setOver(false);
        if (!hasFiles(event) || !event.dataTransfer || event.defaultPrevented) return;
        event.preventDefault();
        take(api, await droppedOf(event.dataTransfer));
      },
    };
    for (const [name, listen] of Object.entries(listeners))
      addEventListener(name, listen as EventListener);
    return () => {
      for (const [name, listen] of Object.entries(listeners))
        removeEventListener(name, listen as EventListener);
    };
  }, []);
  return html`
    ${isOver && html`<div class="veil" aria-hidden="true"><p>Drop models here</p></div>`}
    ${waiting.length > 0 && html`<${Staged} key=${waiting[0]?.id} api=${api} waiting=${waiting} />`}
  `;
}

/** Two buttons for a person who drags nothing. */
export function Choose({ isMain = false }: { isMain?: boolean }) {
  const now = standing.use();
  const choose = (event: Event) => {
    const input = event.target as HTMLInputElement;
    if (now.kind === 'open') take(now.api, chosenOf([...(input.files ?? [])]));
    input.value = '';
  };
  return html`
    <span class="row choose">
      <label class="button ${isMain ? 'main' : ''}">Choose files<input class="spoken" type="file" multiple onChange=${choose} /></label>
      <label class="button">Choose a folder<input class="spoken" type="file" webkitdirectory onChange=${choose} /></label>
    </span>
  `;
}

type Plan = { readonly name: string; readonly manifest: string };

/** Asks what each drop is called before anything is sent. */
function Staged({ api, waiting }: { api: Api; waiting: readonly Dropped[] }) {
  const known = models.use() ?? [];
  const [plans, setPlans] = useState<Readonly<Record<number, Plan>>>({});
  const planOf = ({ id, title }: Dropped) => plans[id] ?? { name: nameFor(title), manifest: '' };
  const names = waiting.map((each) => planOf(each).name);
  const faultOf = (name: string) => {
    if (!MODEL_NAME.test(name))
      return 'A name has 1 to 40 lower-case letters, digits and inner hyphens.';
    return names.filter((each) => each === name).length > 1
      ? 'Two of these would be the same model.'
      : '';
  };
  const isRight = names.every((name) => faultOf(name) === '');
  const change = (one: Dropped, changes: Partial<Plan>) =>
    setPlans({ ...plans, [one.id]: { ...planOf(one), ...changes } });
  const leave = () => staged.set([]);
  const deploy = (event: Event) => {
    event.preventDefault();
    if (!isRight) return;
    for (const each of waiting) {
      const { name, manifest } = planOf(each);
      void send(api, each, { model: name, manifest });
    }
    leave();
  };
  const many = waiting.length > 1 ? `${waiting.length} models` : 'a model';
  return html`
    <${Dialog} title=${`Deploy ${many}`} onLeave=${leave}>
      <form class="stack" onSubmit=${deploy}>
        ${waiting.map((each) => {
          const { name } = planOf(each);
          const fault = faultOf(name);
          const same = known.find((model) => model.name === name);
          const version = (same?.newest?.version ?? same?.versions[0]?.version ?? 0) + 1;
          return html`
            <fieldset class="staged stack" key=${each.id}>
              <legend><${Theirs} text=${each.title} /> <span class="soft">${each.isFolder ? `${each.parts.length} files, ` : ''}${bytes(each.sizeBytes)}</span></legend>
              <label>
                <span class="label">Name of the model</span>
                <input required value=${name} aria-invalid=${fault !== ''} aria-describedby=${`says-${each.id}`} autocomplete="off" spellcheck="false"
                  onInput=${(event: InputEvent) => change(each, { name: (event.target as HTMLInputElement).value })} />
              </label>
              <p class="small ${fault ? 'fault' : 'soft'}" id=${`says-${each.id}`}>${fault || (same ? `Becomes version ${version} of a model that is there; the one before goes on until this one is proven.` : 'A new model.')}</p>
              <${ManifestForm} isFolder=${each.isFolder} onChange=${(text: string) => change(each, { manifest: text })} />
            </fieldset>
          `;
        })}
        <div class="row">
          <button class="button main" type="submit" disabled=${!isRight}>Deploy</button>
          <button class="button bare" type="button" onClick=${leave}>Leave it</button>
        </div>
      </form>
    </${Dialog}>
  `;
}

const STATES: Readonly<Record<Upload['state'], string>> = {
  sends: 'uploading',
  queued: 'waits for its turn',
  waits: 'the connection was lost; trying again',
  sent: 'uploaded',
  failed: 'not taken',
  stopped: 'stopped',
  interrupted: 'interrupted',
};

/** The uploads of this tab, newest first. */
export function Uploads() {
  const known = uploads.use().filter(({ deploymentId, state }) => state !== 'sent' || deploymentId);
  if (known.length === 0) return null;
  return html`
    <section class="stack" aria-labelledby="uploads">
      <h2 id="uploads">Your drops</h2>
      <ul class="card uploads">
        ${known.map((upload) => html`<${OneUpload} key=${upload.id} upload=${upload} />`)}
      </ul>
    </section>
  `;
}

function OneUpload({ upload }: { upload: Upload }) {
  const { id, title, model, isFolder, state, sentBytes, totalBytes, deploymentId } = upload;
  const { reason, fix } = upload;
  const isUnfinished = isOnItsWay(upload) || state === 'interrupted';
  const share = totalBytes ? sentBytes / totalBytes : 0;
  return html`
    <li>
      <div class="row">
        <strong><${Theirs} text=${title} /></strong>
        <span class="soft">to ${model}</span>
        <span class="push small ${state === 'failed' ? 'fault' : 'soft'}">${STATES[state]}${isUnfinished ? `, ${bytes(sentBytes)} of ${bytes(totalBytes)}` : ''}</span>
        ${deploymentId && html`<a class="button tight" href=${deploymentAddress(deploymentId)}>See how it goes</a>`}
        ${
          isOnItsWay(upload)
            ? html`<button class="button tight" type="button" onClick=${() => stopUpload(id)}>Stop<span class="spoken"> the upload of ${plain(title)}</span></button>`
            : html`<button class="button tight bare" type="button" onClick=${() => forgetUpload(id)}>Hide<span class="spoken"> ${plain(title)}</span></button>`
        }
      </div>
      ${isUnfinished && html`<${Bar} share=${share} label=${`${Math.round(100 * share)} % uploaded`} />`}
      ${state === 'interrupted' && html`<p class="note warn">Drop or choose the same ${isFolder ? 'folder' : 'file'} again: its upload goes on where it stopped.</p>`}
      ${reason && html`<p class="note bad"><${Theirs} text=${reason} />${fix && html`<br />→ <${Theirs} text=${fix} />`}</p>`}
    </li>
  `;
}
