import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Badge, Empty, Theirs, Time } from '../look/parts.ts';
import { count, dollars, duration } from '../look/words.ts';
import type { ModelStatus } from './api.ts';
import { Choose, Uploads } from './drop.ts';
import { isUnderWay, phaseWords, toneOf } from './phase.ts';
import { deploymentAddress, modelAddress } from './route.ts';
import { builds, models, refused } from './state.ts';

const PRICES =
  'Prices of the last deploy, on one machine of us-east-1, on demand; on one machine nothing of it is spent.';
// More rows are drawn once a person scrolls to them or searches.
const ROWS = 100;

/** The first page: what is live where, and what is under way. */
export function ModelsPage() {
  const known = models.use();
  const [wanted, want] = useState('');
  const [rows, setRows] = useState(ROWS);
  if (!known)
    return html`<div class="stack wide"><h1>Models</h1><div class="card waiting" aria-busy="true"></div></div>`;
  const shown = known.filter(({ name }) => name.includes(wanted.trim().toLowerCase()));
  return html`
    <div class="stack wide">
      <div class="row">
        <h1>Models</h1>
        ${known.length > 0 && html`<span class="soft">${count(known.length)}</span>`}
        ${
          known.length > 8 &&
          html`<input class="push" type="search" placeholder="Search by name" aria-label="Search models by name" value=${wanted} onInput=${(event: InputEvent) => want((event.target as HTMLInputElement).value)} />`
        }
      </div>
      <${Invitation} isFirst=${known.length === 0} />
      ${known.length > 0 && html`<${ModelTable} shown=${shown.slice(0, rows)} />`}
      ${known.length > 0 && shown.length === 0 && html`<${Empty} title="No model is called so"><p>Names have lower-case letters, digits and hyphens.</p></${Empty}>`}
      ${
        shown.length > rows &&
        html`<button class="button" type="button" onClick=${() => setRows(rows + ROWS)}>Show ${Math.min(ROWS, shown.length - rows)} more of ${shown.length}</button>`
      }
      <${Uploads} />
      <${Refused} />
    </div>
  `;
}

function ModelTable({ shown }: { shown: readonly ModelStatus[] }) {
  if (shown.length === 0) return null;
  return html`
    <div class="card">
      <table class="table models">
        <caption class="spoken">Models, by name</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">State</th>
            <th scope="col" class="number">Version</th>
            <th scope="col">Runs on</th>
            <th scope="col" class="number" title=${`What the live version costs on AWS while nobody calls. ${PRICES}`}>AWS, a month idle</th>
            <th scope="col" class="number" title=${`What a million calls cost on AWS, each as long as it was measured, else as the one that proved the version; by the tiers that all models reach together. ${PRICES}`}>A million calls</th>
            <th scope="col" class="number" title="What the requests of the model have cost on AWS since this month began (UTC), without API Gateway; on one machine nothing of it is spent.">This month</th>
            <th scope="col">Live since</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map((model) => html`<${Row} key=${model.name} model=${model} />`)}
        </tbody>
      </table>
    </div>
  `;
}

function Row({ model }: { model: ModelStatus }) {
  const { name, live, cost, spent } = model;
  return html`
    <tr>
      <th scope="row"><a href=${modelAddress(name)}><${Theirs} text=${name} /></a></th>
      <td data-label="State"><${State} model=${model} /></td>
      <td data-label="Version" class="number">${live ? live.version : html`<span class="soft">–</span>`}</td>
      <td data-label="Runs on">${live ? targetWords(live.target) : html`<span class="soft">–</span>`}</td>
      <td data-label="AWS, a month idle" class="number">${cost ? (cost.idleUsdPerMonth === null ? html`<span class="soft">not known</span>` : dollars(cost.idleUsdPerMonth)) : html`<span class="soft">–</span>`}</td>
      <td data-label="A million calls" class="number">${cost ? html`<span title=${`of ${duration(cost.durationMs)} each`}>${dollars(cost.perMillionUsd)}</span>` : html`<span class="soft">–</span>`}</td>
      <td data-label="This month" class="number"><${ThisMonth} spent=${spent} /></td>
      <td data-label="Live since" class="soft">${live ? html`<${Time} atMs=${live.liveAtMs} />` : '–'}</td>
    </tr>
  `;
}

function ThisMonth({ spent }: Pick<ModelStatus, 'spent'>) {
  if (!spent) return html`<span class="soft">–</span>`;
  const { usd, maxMonthlyUsd, untilMs, unmetered } = spent;
  if (unmetered) return html`<span class="soft" title=${unmetered}>not metered</span>`;
  const cap = maxMonthlyUsd === null ? '' : ` of ${dollars(maxMonthlyUsd)}`;
  return html`<span title=${`until ${new Date(untilMs).toISOString()}`}>${dollars(usd)}${cap}</span>`;
}

/** Shows whether the model is live, and its newest deployment while that is under way or where it failed. */
export function State({ model }: { model: ModelStatus }) {
  const { live, newest, alerts, unproven } = model;
  const build = builds.use().find(({ deploymentId }) => deploymentId === newest?.id);
  const isMoving = newest && isUnderWay(newest.phase);
  const hasFailed = newest?.trouble && !isMoving && newest.version !== live?.version;
  const [alert] = alerts;
  return html`
    <div class="states">
      ${live ? html`<${Badge} tone=${alert || live.damage ? 'bad' : 'good'}>${alert || live.damage ? 'live, in trouble' : 'live'}</${Badge}>` : !isMoving && !newest && html`<${Badge} tone="quiet">undeployed</${Badge}>`}
      ${isMoving && html`<a href=${deploymentAddress(newest.id)}><${Badge} tone=${toneOf(newest.phase)}>${newest.version ? `v${newest.version} ` : ''}${build?.stage ?? phaseWords(newest.phase)}</${Badge}></a>`}
      ${hasFailed && html`<a href=${deploymentAddress(newest.id)}><${Badge} tone=${toneOf(newest.phase)}>${newest.version ? `v${newest.version} ` : ''}${phaseWords(newest.phase)}</${Badge}></a>`}
      ${live && !alert && unproven && html`<${Badge} tone="warn">not tried yet</${Badge}>`}
    </div>
  `;
}

export function targetWords(target: string): string {
  const words: Readonly<Record<string, string>> = {
    lambda: 'Lambda',
    fargate: 'Fargate',
    ec2: 'EC2',
  };
  return words[target] ?? target;
}

/** The newest drops that were not deployed. */
function Refused() {
  const turnedAway = refused.use();
  if (turnedAway.length === 0) return null;
  return html`
    <section class="stack" aria-labelledby="refused">
      <h2 id="refused">Not taken</h2>
      ${turnedAway.map(
        ({ name, state, reason, fix, time }) => html`
          <div class="note ${state === 'Rejected' ? 'bad' : ''}">
            <p><strong><${Theirs} text=${name} /></strong> <span class="soft"><${Time} atMs=${Date.parse(time)} /></span></p>
            <p><${Theirs} text=${reason} /></p>
            ${fix && html`<p>→ <${Theirs} text=${fix} /></p>`}
          </div>
        `,
      )}
    </section>
  `;
}

/** The first screen invites the drop; later a line does. */
function Invitation({ isFirst }: { isFirst: boolean }) {
  if (!isFirst) {
    return html`<div class="invite small-invite"><span class="soft">Drop a file or a folder anywhere on this page, and it becomes a model or its next version.</span><span class="push"><${Choose} /></span></div>`;
  }
  return html`
    <div class="invite">
      <svg viewBox="0 0 48 48" width="64" height="64" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M24 8v20M15.5 20 24 28.5 32.500 20M7 33c4 6 30 6 34 0" /></svg>
      <h2>Drop a model here</h2>
      <p class="soft">A file such as <code>digits.onnx</code>, <code>model.pkl</code> or <code>weights.safetensors</code>, or a folder with all that belongs to a model. It gets an endpoint, and you see each step here.</p>
      <${Choose} isMain=${true} />
      <p class="soft small">In a terminal: <code>slipway push digits.onnx</code></p>
    </div>
  `;
}
