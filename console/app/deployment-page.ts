import { useEffect, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Badge, Empty, Theirs, Time, useNow } from '../look/parts.ts';
import { duration } from '../look/words.ts';
import { Actions } from './actions.ts';
import type { Api, Deployment, Steps, WorkflowGraph } from './api.ts';
import { Approval } from './approval.ts';
import { dropperOf, isUnderWay, phaseWords, toneOf } from './phase.ts';
import { useReading } from './reading.ts';
import { modelAddress } from './route.ts';
import { builds, events } from './state.ts';
import { Beside } from './verdict.ts';
import { inWords, type Station, stationsOf } from './workflow.ts';

const KINDS: Readonly<Record<string, string>> = {
  deploy: 'Deployment',
  promote: 'Promotion',
  rollback: 'Rollback',
  repair: 'Repair',
  undeploy: 'Undeployment',
};

// The longest time of a timer.
const NEVER_MS = 2 ** 31 - 1;

/** One run of the workflow: where it is, how long each step took, and how it ended. */
export function DeploymentPage({ api, id }: { api: Api; id: string }) {
  const own = events.use().filter(({ event }) => event.detail.deploymentId === id);
  const heard = own.length;
  const last = own.at(-1)?.event.detail;
  const deployment = useReading<Deployment>(api, `deployments/${id}`, {
    everyMs: ({ phase }) => (isUnderWay(phase) ? 1000 : 0),
    on: `${id} ${heard}`,
  });
  const { value, error } = deployment;
  if (error && !value) {
    return html`<${Empty} heading="h1" title="No such deployment yet"><p>${error.message}</p><p>An upload becomes a deployment once all of it has arrived.</p><a href="#/">All models</a></${Empty}>`;
  }
  if (!value) return html`<div class="card waiting" aria-busy="true"></div>`;
  const {
    kind,
    model,
    version,
    phase,
    artifact,
    admittedAtMs,
    phaseChangedAtMs,
    endedAtMs,
    trouble,
  } = value;
  const who = dropperOf(artifact.droppedBy);
  const isOver = !isUnderWay(phase);
  return html`
    <div class="stack wide">
      <nav class="crumbs small" aria-label="Where this is"><a href=${modelAddress(model)}><${Theirs} text=${model} /></a></nav>
      <div class="row">
        <h1>${KINDS[kind] ?? kind} of <${Theirs} text=${model} />${version ? ` v${version}` : ''}</h1>
        <${Badge} tone=${toneOf(phase)}>${phaseWords(phase)}</${Badge}>
        <span class="push soft"><${Took} sinceMs=${admittedAtMs} untilMs=${isOver ? (endedAtMs ?? phaseChangedAtMs) : null} /></span>
      </div>
      <p class="soft"><${Theirs} text=${artifact.key} />${who ? html`, dropped by <${Theirs} text=${who} />` : ''} <${Time} atMs=${admittedAtMs} /></p>
      ${
        trouble &&
        html`
        <div class="note ${toneOf(phase) === 'bad' || !isOver ? 'bad' : 'warn'}" role="status">
          <p><strong>${trouble.name}</strong></p>
          <p class="pre"><${Theirs} text=${trouble.reason} /></p>
          ${trouble.fix && html`<p class="pre">→ <${Theirs} text=${trouble.fix} /></p>`}
        </div>`
      }
      ${!trouble && last?.reason && phase !== 'Live' && html`<p class="note"><${Theirs} text=${last.reason} /></p>`}
      ${phase === 'Live' && !trouble && html`<div class="note good row" role="status"><span><strong>Live.</strong> It answers at its endpoint.</span><a class="button tight push" href=${modelAddress(model, 'try')}>Try it</a></div>`}
      ${!isOver && html`<${Approval} key=${id} api=${api} id=${id} name=${model} phase=${phase} />`}
      ${!isOver && html`<${Actions} api=${api} name=${model} only="abort" />`}
      <${Build} id=${id} />
      ${version && value.work.comparison && html`<${Beside} api=${api} model=${model} version=${version} />`}
      <${Way} api=${api} id=${id} isOver=${isOver} trouble=${trouble?.name ?? ''} on=${`${phase} ${heard}`} />
    </div>
  `;
}

function Took({ sinceMs, untilMs }: { sinceMs: number; untilMs: number | null }) {
  const nowMs = useNow(untilMs === null ? 100 : NEVER_MS);
  return html`<span>${duration(Math.max(0, (untilMs ?? nowMs) - sinceMs))}</span>`;
}

/** The last lines of the build that runs. */
function Build({ id }: { id: string }) {
  const build = builds.use().find(({ deploymentId }) => deploymentId === id);
  if (!build) return null;
  const { stage, place, leftMs, lines } = build;
  return html`
    <section class="card pad stack" aria-label="The build">
      <div class="row"><h2>Build</h2><span class="soft">${place ? `waits, number ${place} in the line` : (stage ?? '')}${leftMs ? `, about ${duration(leftMs)} more` : ''}</span></div>
      <pre class="code lines" tabindex="0">${lines.join('\n')}</pre>
    </section>
  `;
}

type WayProps = {
  readonly api: Api;
  readonly id: string;
  readonly isOver: boolean;
  readonly trouble: string;
  readonly on: string;
};

function Way({ api, id, isOver, trouble, on }: WayProps) {
  const { value: steps } = useReading<Steps>(api, `deployments/${id}/steps`, {
    everyMs: isOver ? 0 : 500,
    on: `${id} ${on} ${isOver}`,
  });
  const [graph, setGraph] = useState<WorkflowGraph | null>(null);
  const workflow = steps?.workflow;
  useEffect(() => {
    if (workflow) api.json<WorkflowGraph>(`workflows/${workflow}`).then(setGraph, () => undefined);
  }, [workflow]);
  const nowMs = useNow(isOver ? NEVER_MS : 100);
  if (!steps || !graph) return html`<div class="card waiting" aria-busy="true"></div>`;
  const stations = stationsOf(graph, steps.steps, {
    nowMs,
    trouble,
    hasEnded: isOver && steps.steps.every(({ endedAtMs }) => endedAtMs !== null),
  });
  const longest = Math.max(1, ...stations.map(({ tookMs }) => tookMs));
  return html`
    <section class="card pad stack" aria-labelledby="way">
      <div class="row"><h2 id="way">Workflow</h2>${steps.attempt > 1 && html`<span class="soft">attempt ${steps.attempt}</span>`}</div>
      ${steps.steps.length === 0 && html`<p class="soft">${isOver ? 'How long its steps took is no longer known.' : 'It has not begun.'}</p>`}
      <ol class="way">
        ${stations.map((station) => html`<${Stop} key=${station.name} station=${station} longest=${longest} />`)}
      </ol>
    </section>
  `;
}

const SAID: Readonly<Record<Station['state'], string>> = {
  done: 'done',
  runs: 'runs',
  failed: 'failed',
  skipped: 'not needed',
  ahead: 'to come',
};

function Stop({ station, longest }: { station: Station; longest: number }) {
  const { name, comment, state, runs, tookMs, error } = station;
  const hasRun = state !== 'skipped' && state !== 'ahead';
  return html`
    <li class=${state} aria-current=${state === 'runs' ? 'step' : undefined}>
      <span class="mark" aria-hidden="true"></span>
      <span class="what" title=${comment}>${inWords(name)}${runs > 1 ? html` <span class="soft small">× ${runs}</span>` : ''}<span class="spoken">, ${SAID[state]}</span>${error && html` <span class="fault small">${error}</span>`}</span>
      <span class="took number small">${hasRun ? duration(tookMs) : html`<span class="soft">${SAID[state]}</span>`}</span>
      <span class="length" aria-hidden="true">${hasRun && html`<span style=${{ width: `${Math.max(0.5, (100 * tookMs) / longest)}%` }}></span>`}</span>
    </li>
  `;
}
