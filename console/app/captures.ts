import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Badge, Bar, Empty, Theirs } from '../look/parts.ts';
import { bytes, count } from '../look/words.ts';
import { type Action, Question } from './actions.ts';
import { type Api, ApiError, type Asked, type Capture } from './api.ts';
import { useReading } from './reading.ts';
import { Save } from './save.ts';

type Day = Capture['days'][number];
type Budget = NonNullable<Capture['budget']>;

/** The requests of clients that are kept to judge later versions by: how many, how much they may take, and the way to forget them. */
export function Captures({ api, name, on }: { api: Api; name: string; on: string }) {
  const [asking, ask] = useState<Action | null>(null);
  const [answer, setAnswer] = useState<ApiError | 'forgotten' | null>(null);
  const { value, error } = useReading<Capture>(api, `models/${name}/capture`, {
    // Each reading goes through all sealed lines, and in an account through a log that charges for it.
    everyMs: 0,
    on: `${on} ${answer}`,
  });
  if (error && !value) return html`<p class="note"><${Theirs} text=${error.message} /></p>`;
  if (!value) return html`<div class="card waiting" aria-busy="true"></div>`;
  const { budget, days } = value;
  if (!budget && days.length === 0)
    return html`<${Empty} title="No requests are kept">
      <p>With <code>capture: {}</code> in its model.yaml, the next version keeps a sealed sample of the requests that clients send, and each later version is judged by them before it goes live.</p>
      <p>The same in a terminal: <code>slipway capture ${name}</code></p>
    </${Empty}>`;
  const takenBytes = days.reduce((sum, day) => sum + day.bytes, 0);
  const opens = days.reduce((sum, day) => sum + day.opens, 0);
  return html`
    <section class="stack" aria-labelledby="captures">
      <div class="row">
        <h2 id="captures">Kept requests</h2>
        ${opens > 0 && html`<${Save} api=${api} path=${`models/${name}/capture/requests`} file=${`${name}-requests.jsonl`} title="Save them, opened" />`}
        ${days.length > 0 && html`<button class="button tight" type="button" onClick=${() => ask(forgetting(name, null))}>Forget all</button>`}
      </div>
      ${answer instanceof ApiError && html`<p class="note bad" role="alert"><${Theirs} text=${`${answer.message}${answer.fix && ` → ${answer.fix}`}`} /></p>`}
      ${answer === 'forgotten' && html`<p class="note" role="status">They can never be opened again. The live version keeps requests of such a day only once it is deployed again.</p>`}
      ${budget ? html`<${BudgetCard} budget=${budget} takenBytes=${takenBytes} opens=${opens} />` : html`<p class="note warn">The live version keeps none: its model.yaml has no <code>capture</code>. These are of versions before it.</p>`}
      ${
        days.length === 0
          ? html`<${Empty} title="It has kept no request yet"><p>A request is kept once a client has its answer.</p></${Empty}>`
          : html`<${Days} days=${days} forget=${(day: string) => ask(forgetting(name, day))} />`
      }
    </section>
    ${
      asking &&
      html`<${Question} api=${api} action=${asking} onDone=${(said: Asked | ApiError | null) => {
        ask(null);
        if (said) setAnswer(said instanceof ApiError ? said : 'forgotten');
      }} />`
    }
  `;
}

type BudgetProps = {
  readonly budget: Budget;
  readonly takenBytes: number;
  readonly opens: number;
};

function BudgetCard({ budget, takenBytes, opens }: BudgetProps) {
  const { requestsPerHour, megabytes, days, private: fields } = budget;
  return html`
    <dl class="figures card">
      <div><dt>Can be opened</dt><dd>${count(opens)}</dd></div>
      <div><dt>Of an hour, at most</dt><dd>${count(requestsPerHour)}</dd></div>
      <div><dt>Space, of ${bytes(megabytes * 1e6)}</dt><dd>${bytes(takenBytes)}<${Bar} share=${takenBytes / (megabytes * 1e6)} label=${`${bytes(takenBytes)} of ${bytes(megabytes * 1e6)}`} /></dd></div>
      <div><dt>Kept for</dt><dd>${days === 1 ? '1 day' : `${days} days`}</dd></div>
      ${fields.length > 0 && html`<div><dt>Never with the fields</dt><dd class="small"><${Theirs} text=${fields.join(', ')} /></dd></div>`}
    </dl>
  `;
}

const NOT_KEPT = [
  ['private', 'with a private field'],
  ['form', 'in a form whose fields are unknown'],
  ['large', 'over 200 kB'],
  ['full', 'over the space of their hour'],
  ['failed', 'that could not be stored'],
] as const;

function Days({ days, forget }: { days: readonly Day[]; forget: (day: string) => void }) {
  return html`
    <div class="card scroll" tabindex="0" role="region" aria-label="The table of days">
      <table class="table">
        <thead><tr><th scope="col">Day, in UTC</th><th scope="col" class="number">Answered</th><th scope="col" class="number">Kept</th><th scope="col" class="number">Size</th><th scope="col">Left out</th><th scope="col"><span class="spoken">Action</span></th></tr></thead>
        <tbody>
          ${days.map(({ day, counts, sampled, opens, bytes: size }) => {
            const leftOut = NOT_KEPT.flatMap(([what, words]) =>
              counts[what] > 0 ? [`${count(counts[what])} ${words}`] : [],
            );
            return html`
              <tr key=${day}>
                <td class="nowrap"><time datetime=${day}>${day}</time></td>
                <td class="number">${count(counts.seen)}</td>
                <td class="number">${count(sampled)}</td>
                <td class="number nowrap">${bytes(size)}</td>
                <td class="soft small">${opens < sampled && html`<${Badge} tone="quiet">${count(sampled - opens)} forgotten</${Badge}> `}${leftOut.join(', ')}</td>
                <td class="number"><button class="button tight" type="button" onClick=${() => forget(day)}>Forget<span class="spoken"> ${day}</span></button></td>
              </tr>
            `;
          })}
        </tbody>
      </table>
    </div>
  `;
}

function forgetting(name: string, day: string | null): Action {
  return {
    id: 'forget',
    title: day === null ? 'Forget all' : 'Forget',
    question: `Forget the kept requests of ${day === null ? name : `${day}`}?`,
    happens: [
      'Their keys are deleted: nobody can open them any more, and no copy of them.',
      'Later versions are no longer judged by them.',
      `The live version can keep no requests ${day === null ? '' : 'of such a day of a month '}until it is deployed again.`,
    ],
    isGrave: true,
    method: 'DELETE',
    path: `models/${name}/capture`,
    ...(day !== null && { query: { day } }),
  };
}
