import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Empty } from '../look/parts.ts';
import { plain } from '../look/words.ts';
import { Answer, type Outcome } from './answers.ts';
import { askModel, type Draft, KeyWanted, type ModelAddress, send } from './ask.ts';
import { addressed, Beside, waysTo } from './beside.ts';
import { Chat } from './chat.ts';
import { type Form, formsOf } from './form.ts';
import type { Subject } from './inputs/input.ts';
import { INPUTS, TITLES } from './inputs/kinds.ts';
import { storedKey, storeKey } from './key.ts';
import type { Model } from './model.ts';
import { Samples } from './samples-view.ts';

type TryModelProps = {
  /** Where models are served, such as `https://host/ml`, without a slash at its end. */
  readonly origin: string;
  readonly name: string;
  /** Revisions besides the live one that answer at a path of their own, such as a candidate's. */
  readonly revisions?: readonly string[];
};

/** Asks a model of this origin, by a form made from what the model's server says of it. */
export function TryModel({ origin, name, revisions = [] }: TryModelProps) {
  return html`<${TryAt} key=${origin + name} own=${`${origin}/models/${name}`} name=${name} revisions=${revisions} />`;
}

type TryAtProps = {
  readonly own: string;
  readonly name: string;
  readonly revisions: readonly string[];
};
type Look = { readonly model: Model } | { readonly wantsKey: string } | { readonly fault: string };

/** The same at the model's own address, whatever that is. */
export function TryAt({ own, name, revisions }: TryAtProps) {
  const [key, setKey] = useState(() => storedKey(own));
  const [look, setLook] = useState<Look>();
  const [turn, setTurn] = useState(0);
  const way = useMemo(() => ({ own, key }), [own, key]);
  useEffect(() => {
    let isLeft = false;
    const show = (found: Look) => isLeft || setLook(found);
    askModel(way, name).then(
      (model) => show({ model }),
      (error: unknown) =>
        show(
          error instanceof KeyWanted
            ? { wantsKey: error.message }
            : { fault: String(Object(error).message ?? error) },
        ),
    );
    return () => {
      isLeft = true;
    };
  }, [way, turn]);
  const enter = (entered: string) => {
    storeKey(own, entered);
    setLook(undefined);
    setKey(entered);
  };
  if (!look)
    return html`<div class="try-wait soft" role="status">Asking ${plain(name)} what it takes…</div>`;
  if ('wantsKey' in look)
    return html`<${KeyForm} said=${look.wantsKey} wasGiven=${key !== ''} enter=${enter} />`;
  if ('fault' in look)
    return html`<${Empty} title="${plain(name)} does not say what it takes">
      <p class="theirs">${plain(look.fault)}</p>
      <button type="button" class="button" onClick=${() => {
        setLook(undefined);
        setTurn(turn + 1);
      }}>Ask again</button>
    <//>`;
  return html`<${Asking} model=${look.model} way=${way} revisions=${revisions} />`;
}

function KeyForm({
  said,
  wasGiven,
  enter,
}: {
  said: string;
  wasGiven: boolean;
  enter: (key: string) => void;
}) {
  const [key, setKey] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    if (key.trim() !== '') enter(key.trim());
  };
  return html`<form class="stack try-key-form" onSubmit=${submit}>
    <h2>The model wants a key</h2>
    <p class="soft">This tab keeps it until it is closed, and sends it to this address alone.</p>
    ${wasGiven && html`<p class="note bad" role="alert">That key was not accepted: <bdi>${plain(said)}</bdi></p>`}
    <div class="row">
      <input type="password" aria-label="API key" autocomplete="off" value=${key} onInput=${({ currentTarget }: { currentTarget: HTMLInputElement }) => setKey(currentTarget.value)} />
      <button class="button main" disabled=${key.trim() === ''}>Use it</button>
    </div>
  </form>`;
}

type AskingProps = {
  readonly model: Model;
  readonly way: ModelAddress;
  readonly revisions: readonly string[];
};

function Asking({ model, way, revisions }: AskingProps) {
  const forms = useMemo(() => formsOf(model), [model]);
  const [chosen, setChosen] = useState(0);
  const [draft, setDraft] = useState<Draft>();
  const form = forms[chosen] ?? forms[0];
  if (!form) return null;
  const choose = (at: number) => {
    setDraft(undefined);
    setChosen(at);
  };
  const keyed = { url: way.own, wantsKey: model.wantsKey || way.key !== '' };
  return html`<div class="try stack wide">
    ${forms.length > 1 && html`<${Ways} forms=${forms} chosen=${chosen} choose=${choose} />`}
    ${
      form.kind === 'chat'
        ? html`<${Chat} key=${chosen} model=${model} way=${way} revisions=${revisions} change=${setDraft} />`
        : html`<${Once} key=${chosen} form=${form} model=${model} way=${way} revisions=${revisions} draft=${draft} change=${setDraft} />`
    }
    ${draft && html`<${Samples} request=${draft.request} address=${keyed} />`}
  </div>`;
}

type WaysProps = {
  readonly forms: readonly Form[];
  readonly chosen: number;
  readonly choose: (at: number) => void;
};

function Ways({ forms, chosen, choose }: WaysProps) {
  return html`<div class="tabs" role="group" aria-label="Ways to ask">
    ${forms.map(
      ({ kind }, at) =>
        html`<button type="button" key=${kind} aria-pressed=${at === chosen} aria-current=${at === chosen ? 'page' : undefined} onClick=${() => choose(at)}>${TITLES[kind]}</button>`,
    )}
  </div>`;
}

type OnceProps = AskingProps & {
  readonly form: Exclude<Form, { readonly kind: 'chat' }>;
  readonly draft: Draft | undefined;
  readonly change: (draft: Draft | undefined) => void;
};

type Asked = { readonly subject: Subject; readonly outcomes: readonly Outcome[] };

/** A form that is sent as a whole, to one version or to two beside each other. */
function Once({ form, model, way, revisions, draft, change }: OnceProps) {
  const [subject, setSubject] = useState<Subject>({});
  const [asked, setAsked] = useState<Asked>();
  const [beside, setBeside] = useState('');
  const [running, setRunning] = useState<AbortController>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const note = (next: Draft | undefined, about: Subject = {}) => {
    change(next);
    setSubject(about);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!draft || running) return;
    const abort = new AbortController();
    stop.current = abort;
    setRunning(abort);
    const ways = waysTo(way, beside, revisions);
    const outcomes: Outcome[] = ways.map(({ own }) => ({ own, text: '' }));
    const show = (at: number, outcome: Partial<Outcome>) => {
      outcomes[at] = { own: way.own, text: '', ...outcomes[at], ...outcome };
      if (stop.current === abort) setAsked({ subject, outcomes: [...outcomes] });
    };
    await Promise.all(
      ways.map((each, at) =>
        send(each, addressed(draft, each, way), {
          signal: abort.signal,
          more: (text) => show(at, { text }),
        }).then(
          (reply) => show(at, { reply }),
          (error: unknown) =>
            show(at, {
              lost: abort.signal.aborted ? 'Stopped.' : String(Object(error).message ?? error),
            }),
        ),
      ),
    );
    setRunning(undefined);
  };
  const Input = INPUTS[form.kind];
  return html`<form class="try-once" onSubmit=${submit}>
    <section class="card pad stack" aria-label="The request">
      <${Input} form=${form} model=${model} change=${note} />
      <div class="row">
        <button class="button main" disabled=${!draft || running}>${running ? 'Asking…' : 'Send'}</button>
        ${running && html`<button type="button" class="button" onClick=${() => running.abort()}>Stop</button>`}
        <${Beside} way=${way} model=${model} revisions=${revisions} beside=${beside} choose=${setBeside} />
      </div>
    </section>
    <section class="try-answers${(asked?.outcomes.length ?? 0) > 1 ? ' two' : ''}" aria-label="The answer" aria-live="polite" aria-busy=${running !== undefined}>
      ${
        asked
          ? asked.outcomes.map(
              (outcome) =>
                html`<${Answer} key=${outcome.own} outcome=${outcome} model=${model} form=${form} subject=${asked.subject} isOld=${running !== undefined && !outcome.reply} />`,
            )
          : html`<div class="card pad try-nothing soft"><p>The answer comes here.</p></div>`
      }
    </section>
  </form>`;
}
