import { html } from '../look/html.ts';
import { Theirs } from '../look/parts.ts';
import { duration, plain } from '../look/words.ts';
import { type View, viewsOf } from './answer.ts';
import { rankedView, similarityView } from './answers-of-openai.ts';
import type { Reply } from './ask.ts';
import { escapedJson } from './escapes.ts';
import type { Form } from './form.ts';
import type { Subject } from './inputs/input.ts';
import type { Model } from './model.ts';
import { Shown } from './views.ts';

/** The outcome of one request: its reply, or why it was lost; `text` is the text of a stream so far. */
export type Outcome = {
  readonly own: string;
  readonly text: string;
  readonly reply?: Reply;
  readonly lost?: string;
};

type AnswerProps = {
  readonly outcome: Outcome;
  readonly model: Model;
  readonly form: Form;
  readonly subject: Subject;
  readonly isOld: boolean;
};

export function Answer({ outcome, model, form, subject, isOld }: AnswerProps) {
  const { reply, lost, own } = outcome;
  const name = reply?.revision || own.slice(own.lastIndexOf('/') + 1);
  return html`<article class="card pad stack${isOld ? ' try-old' : ''}">
    <header class="row">
      <h2 class="small"><${Theirs} text=${name} /></h2>
      ${reply && html`<span class="small soft push">${duration(reply.elapsedMs)}</span>`}
    </header>
    ${lost !== undefined && html`<p class="note bad" role="alert">${plain(lost)}</p>`}
    ${reply && reply.error !== '' && html`<${Refusal} reply=${reply} />`}
    ${reply?.error === '' ? html`<${Found} reply=${reply} model=${model} form=${form} subject=${subject} />` : outcome.text !== '' && html`<p class="try-text" dir="auto">${plain(outcome.text)}</p>`}
    ${reply && reply.warning !== '' && html`<p class="note warn small"><bdi>${plain(reply.warning)}</bdi></p>`}
  </article>`;
}

function Refusal({ reply: { status, error } }: { reply: Reply }) {
  return html`<div class="note bad" role="alert">
    <strong>${status >= 400 ? `Status ${status}` : 'The stream ended with an error'}</strong>
    <p class="try-text theirs" dir="auto">${plain(error)}</p>
  </div>`;
}

type FoundProps = {
  readonly reply: Reply;
  readonly model: Model;
  readonly form: Form;
  readonly subject: Subject;
};

function Found({ reply, model, form, subject }: FoundProps) {
  const views = viewsFor(reply, model, form, subject);
  return html`
    ${views.map((view, at) => html`<${Shown} key=${at} view=${view} subject=${subject} />`)}
    <${Json} reply=${reply} isOpen=${views.length === 0} />`;
}

function viewsFor(
  { json, text }: Reply,
  model: Model,
  form: Form,
  { documents = [] }: Subject,
): readonly View[] {
  if (json === undefined) return text === '' ? [] : [{ kind: 'text', title: '', text }];
  if (form.kind === 'similarity') return similarityView(json);
  if (form.kind === 'ranking') return rankedView(json, documents);
  return viewsOf(json, model);
}

// A page with more text than this becomes slow.
const MOST_SHOWN = 50_000;

function Json({ reply: { json }, isOpen }: { reply: Reply; isOpen: boolean }) {
  if (json === undefined) return null;
  const text = escapedJson(json, 2);
  const cut =
    text.length > MOST_SHOWN
      ? `${text.slice(0, MOST_SHOWN)}\n… ${text.length - MOST_SHOWN} more characters`
      : text;
  return html`<details open=${isOpen}>
    <summary class="small soft">The whole answer</summary>
    <pre class="code" tabindex="0">${cut}</pre>
  </details>`;
}
