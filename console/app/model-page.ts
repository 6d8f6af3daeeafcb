import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Badge, Empty, Theirs, Time } from '../look/parts.ts';
import { plain } from '../look/words.ts';
import { Actions, Question, rollbackOf } from './actions.ts';
import {
  type Api,
  ApiError,
  type Asked,
  type ModelLog,
  type ModelStatus,
  type VersionEntry,
} from './api.ts';
import { Approval } from './approval.ts';
import { Captures } from './captures.ts';
import { Timeline } from './events-page.ts';
import { Why } from './explanation.ts';
import { State, targetWords } from './models-page.ts';
import { dropperOf } from './phase.ts';
import { useReading } from './reading.ts';
import { deploymentAddress, modelAddress } from './route.ts';
import { events, models } from './state.ts';
import { TrafficCharts } from './traffic.ts';
import { TryTab } from './try-tab.ts';
import { Beside, Verdict } from './verdict.ts';

const PARTS = [
  ['', 'Overview'],
  ['try', 'Try it'],
  ['why', 'Why here'],
  ['logs', 'Logs'],
  ['events', 'Events'],
  ['requests', 'Kept requests'],
] as const;

/** One model: what is live, its story, how its requests go, and what a person may ask for. */
export function ModelPage({ api, name, part }: { api: Api; name: string; part: string }) {
  const known = models.use();
  const model = known?.find((each) => each.name === name);
  if (!known) return html`<div class="card waiting" aria-busy="true"></div>`;
  if (!model)
    return html`<${Empty} heading="h1" title=${`No model is called ${plain(name)}`}><a href="#/">All models</a></${Empty}>`;
  const { live, newest, alerts, unproven, endpoint } = model;
  return html`
    <div class="stack wide">
      <div class="row head">
        <h1><${Theirs} text=${name} /></h1>
        <${State} model=${model} />
        <div class="push"><${Actions} api=${api} name=${name} /></div>
      </div>
      <p class="soft">${live ? html`Version ${live.version} on ${targetWords(live.target)}, live <${Time} atMs=${live.liveAtMs} />, at <a class="mono" href=${endpoint} target="_blank" rel="noreferrer">${endpoint}</a>` : 'No version is live.'}</p>
      ${[...alerts, ...(live?.damage ? [live.damage] : [])].map(({ reason, fix }) => html`<div class="note bad" role="status"><p class="pre"><${Theirs} text=${reason} /></p>${fix && html`<p>→ <${Theirs} text=${fix} /></p>`}</div>`)}
      ${
        newest?.trouble &&
        newest.version !== live?.version &&
        html`
        <div class="note bad"><p><strong>${newest.version ? `Version ${newest.version}` : 'The newest deployment'} did not go live.</strong> <a href=${deploymentAddress(newest.id)}>See how it went</a></p>
          <p class="pre"><${Theirs} text=${newest.trouble.reason} /></p>${newest.trouble.fix && html`<p>→ <${Theirs} text=${newest.trouble.fix} /></p>`}</div>`
      }
      ${
        newest &&
        ['AwaitingApproval', 'Compared'].includes(newest.phase) &&
        html`<${Approval} key=${newest.id} api=${api} id=${newest.id} name=${name} phase=${newest.phase}>${part === '' && newest.version && html`<${Beside} api=${api} model=${name} version=${newest.version} />`}</${Approval}>`
      }
      ${unproven && html`<p class="note warn"><${Theirs} text=${unproven} /></p>`}
      <nav class="tabs" aria-label=${`Parts of ${name}`}>
        ${PARTS.map(([each, title]) => html`<a href=${modelAddress(name, each)} aria-current=${part === each ? 'page' : undefined}>${title}</a>`)}
      </nav>
      <${Part} api=${api} model=${model} part=${part} />
    </div>
  `;
}

function Part({ api, model, part }: { api: Api; model: ModelStatus; part: string }) {
  const { name } = model;
  switch (part) {
    case 'try':
      return html`<${TryTab} model=${model} />`;
    case 'why':
      return html`<${Why} api=${api} name=${name} on=${`${model.live?.revision} ${model.newest?.phase}`} />`;
    case 'requests':
      return html`<${Captures} api=${api} name=${name} on=${model.live?.revision ?? ''} />`;
    case 'logs':
      return html`<${Logs} api=${api} name=${name} />`;
    case 'events':
      return html`<${Story} name=${name} />`;
    default:
      return html`<${TrafficCharts} api=${api} name=${name} /><${Versions} api=${api} model=${model} />`;
  }
}

function Story({ name }: { name: string }) {
  const own = events.use().filter(({ event }) => event.detail.model === name);
  if (own.length === 0) return html`<${Empty} title="Nothing of it among the newest events" />`;
  return html`<${Timeline} heard=${own} hasModel=${false} />`;
}

/** The versions that went live, with their story: when, by whom, and why one no longer is. */
function Versions({ api, model: { name, versions, live } }: { api: Api; model: ModelStatus }) {
  const heard = events.use();
  const { value } = useReading<{ versions: readonly VersionEntry[] }>(
    api,
    `models/${name}/versions`,
    {
      everyMs: 0,
      on: `${versions.map(({ version, state }) => `${version}${state}`)}`,
    },
  );
  const [asking, ask] = useState<number | null>(null);
  const [answer, setAnswer] = useState('');
  if (versions.length === 0)
    return html`<${Empty} title="No version has gone live yet"><p>A version is listed here once it has.</p></${Empty}>`;
  return html`
    <section class="stack" aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      ${answer && html`<p class="note busy" role="status"><${Theirs} text=${answer} /></p>`}
      <div class="card scroll" tabindex="0" role="region" aria-label="The table of versions">
        <table class="table versions">
          <thead><tr><th scope="col">Version</th><th scope="col">State</th><th scope="col">Runs on</th><th scope="col">Went live</th><th scope="col">Dropped by</th><th scope="col">What happened</th><th scope="col"><span class="spoken">Action</span></th></tr></thead>
          <tbody>
            ${versions.map(({ version, state, target, liveAtMs, deploymentId, damage }) => {
              const entry = value?.versions.find((each) => each.version === version);
              const last = heard.findLast(
                ({ event }) =>
                  event.detail.version === version &&
                  event.detail.model === name &&
                  event.detail.reason !== '',
              )?.event.detail;
              const compared = heard.findLast(
                ({ event: { detail } }) =>
                  detail.state === 'Compared' &&
                  detail.version === version &&
                  detail.model === name,
              )?.event.detail;
              return html`
                <tr key=${version}>
                  <td><a href=${deploymentAddress(deploymentId)}>${version}</a>${entry?.tags && html` <span class="soft small">${plain(entry.tags.join(', '))}</span>`}</td>
                  <td><${Badge} tone=${damage ? 'bad' : state === 'Live' ? 'good' : 'quiet'}>${damage ? 'damaged' : state.toLowerCase()}</${Badge}></td>
                  <td>${targetWords(target)}</td>
                  <td class="soft nowrap"><${Time} atMs=${liveAtMs} /></td>
                  <td class="soft"><${Theirs} text=${dropperOf(entry?.droppedBy) || '–'} /></td>
                  <td class="soft small story">${compared && html`<p title=${plain(compared.reason)}><${Verdict} verdict=${String(compared.data['verdict'])} /> beside version ${String(compared.data['beside'])}</p>`}${last !== compared && html`<${Theirs} text=${last?.reason ?? ''} />`}</td>
                  <td class="number">${live && version !== live.version && state !== 'Removed' && html`<button class="button tight" type="button" onClick=${() => ask(version)}>Make live<span class="spoken"> version ${version}</span></button>`}</td>
                </tr>
              `;
            })}
          </tbody>
        </table>
      </div>
      ${
        asking !== null &&
        live &&
        html`<${Question} api=${api} onDone=${(said: Asked | ApiError | null) => {
          ask(null);
          if (said) setAnswer(said instanceof ApiError ? said.message : said.says);
        }} action=${rollbackOf(name, { to: asking, live: live.version })} />`
      }
    </section>
  `;
}

/** The last lines, which follow unless the reader has scrolled away from their end. */
function Logs({ api, name }: { api: Api; name: string }) {
  const { value } = useReading<ModelLog>(api, `models/${name}/logs`, {
    everyMs: 1500,
    query: { tail: 500 },
  });
  const view = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  const text = value?.lines.map(plain).join('\n') ?? '';
  useEffect(() => {
    const element = view.current;
    if (element && follows.current) element.scrollTop = element.scrollHeight;
  }, [text]);
  if (!value) return html`<div class="card waiting" aria-busy="true"></div>`;
  if (value.lines.length === 0) return html`<${Empty} title="It has written nothing yet" />`;
  const scrolled = () => {
    const element = view.current;
    if (element)
      follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
  };
  return html`
    <section class="stack" aria-label="Logs">
      <p class="soft">${value.revision ? html`Of ${value.revision}; the newest line is the last.` : 'Of its build.'}</p>
      <pre class="code log" ref=${view} onScroll=${scrolled} tabindex="0">${text}</pre>
    </section>
  `;
}
