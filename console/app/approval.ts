import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Theirs, Time } from '../look/parts.ts';
import { type Action, Question } from './actions.ts';
import { type Api, ApiError, type Asked, type Deployment } from './api.ts';
import { isOfAccount } from './place.ts';
import { useReading } from './reading.ts';
import { modelAddress } from './route.ts';

type Answer = 'approved' | 'refused';
/** A version that waits; `digest` is what an answer has to name. */
type Waiting = { readonly name: string; readonly version: number; readonly digest: string };

type Props = {
  readonly api: Api;
  readonly id: string;
  readonly name: string;
  readonly phase: string;
  /** The findings of the gate, where the page does not show them anyway. */
  readonly children?: ComponentChildren;
};

/** Shows the version that waits for a person, a promotion or one that the gate asks about, with the two answers. */
export function Approval({ api, id, name, phase, children }: Props) {
  const [said, say] = useState<Asked | ApiError | null>(null);
  const { value } = useReading<Deployment>(api, `deployments/${id}`, {
    everyMs: 0,
    on: `${id} ${phase} ${said}`,
  });
  if (!value?.version) return null;
  const { version, work } = value;
  const promotion = recordIn(work.promotion);
  const comparison = recordIn(work.comparison);
  const isPromotion = value.phase === 'AwaitingApproval';
  if (!isPromotion && comparison['decision'] !== 'asked') return null;
  const digest = isPromotion ? promotion['digest'] : recordIn(work.candidate)['revision'];
  const answer = recordIn(isPromotion ? promotion['approval'] : work.clearance);
  const from = recordIn(promotion['from']);
  return html`
    <section class="note warn stack" aria-label="Awaits approval">
      ${
        isPromotion
          ? html`<p><strong>Version ${version} waits for a person.</strong> It is version ${from['version']} of <${Theirs} text=${String(from['place'])} />.</p><p class="mono small theirs"><${Theirs} text=${String(digest)} /></p>`
          : html`<p><strong>Version ${version} waits for a person.</strong> It is ready and has no traffic: the gate asks about it. ${!isOfAccount() && html`<a href=${modelAddress(name, 'try')}>Ask both versions the same</a>`}</p>`
      }
      ${
        'by' in answer
          ? html`<p role="status"><${Theirs} text=${String(answer['by'])} /> has ${answer['verdict']} it <${Time} atMs=${Number(answer['atMs'])} />. The workflow sees that within a quarter of an hour.</p>`
          : html`<${Answers} api=${api} waiting=${{ name, version, digest: String(digest) }} isBroken=${comparison['verdict'] === 'broken'} said=${said} say=${say} />`
      }
    </section>
    ${!isPromotion && children}
  `;
}

type AnswersProps = {
  readonly api: Api;
  readonly waiting: Waiting;
  readonly isBroken: boolean;
  readonly said: Asked | ApiError | null;
  readonly say: (said: Asked | ApiError) => void;
};

/** In an account the record gets the name of the caller's credentials, on one machine the one that is entered. */
function Answers({ api, waiting, isBroken, said, say }: AnswersProps) {
  const [asking, ask] = useState<Answer | null>(null);
  const [entered, enter] = useState('');
  const by = isOfAccount() ? 'the console' : entered.trim();
  return html`
    <div class="row answers">
      ${
        isOfAccount()
          ? html`<span class="soft">The record gets the name of your credentials.</span>`
          : html`<label><span class="label">Your name, for the record</span><input autocomplete="name" value=${entered} onInput=${(event: InputEvent) => enter((event.target as HTMLInputElement).value)} /></label>`
      }
      <button class="button main" type="button" disabled=${!by} onClick=${() => ask('approved')}>Approve</button>
      <button class="button" type="button" disabled=${!by} onClick=${() => ask('refused')}>Refuse</button>
    </div>
    ${said instanceof ApiError && html`<p role="alert" class="fault"><${Theirs} text=${`${said.message}${said.fix && ` → ${said.fix}`}`} /></p>`}
    ${
      asking &&
      html`<${Question} api=${api} action=${answering(waiting, asking, { by, isBroken })} onDone=${(
        result: Asked | ApiError | null,
      ) => {
        ask(null);
        if (result) say(result);
      }} />`
    }
  `;
}

function answering(
  { name, version, digest }: Waiting,
  verdict: Answer,
  { by, isBroken }: { readonly by: string; readonly isBroken: boolean },
): Action {
  const who = isOfAccount() ? 'your credentials' : by;
  const isApproved = verdict === 'approved';
  const recorded = `The record says that ${who} ${verdict} these bytes.`;
  return {
    id: 'answer',
    title: isApproved ? 'Approve' : 'Refuse',
    question: `${isApproved ? 'Approve' : 'Refuse'} version ${version} of ${name}?`,
    happens: isApproved
      ? [
          ...(isBroken ? ['The gate found it broken: clients of the live version may fail.'] : []),
          'It takes the traffic of the live version once it is proven.',
          recorded,
        ]
      : ['It is rejected; the live version stays live.', recorded],
    isGrave: !isApproved || isBroken,
    path: `models/${name}/answer`,
    query: { version, verdict, digest, by, ...(isBroken && isApproved && { force: true }) },
  };
}

/** The control API passes on the steps' own records. */
function recordIn(value: unknown): Readonly<Record<string, unknown>> {
  return Object(value);
}
