import { html } from '../look/html.ts';
import { Badge, Theirs } from '../look/parts.ts';
import { bytes, count, duration, mebibytes } from '../look/words.ts';
import type { Api, Explanation } from './api.ts';
import { Bills } from './bills.ts';
import { targetWords } from './models-page.ts';
import { useReading } from './reading.ts';

/** Why a version runs where it runs: the options beside each other. */
export function Why({ api, name, on }: { api: Api; name: string; on: string }) {
  const { value, error } = useReading<Explanation>(api, `models/${name}/explain`, {
    everyMs: 0,
    on,
  });
  if (error && !value) return html`<p class="note"><${Theirs} text=${error.message} /></p>`;
  if (!value) return html`<div class="card waiting" aria-busy="true"></div>`;
  const {
    version,
    live,
    artifact,
    runtime,
    options,
    proof,
    comparison,
    probes,
    image,
    weighing,
    bill,
  } = value;
  // Absent from a Slipway of an earlier version.
  const { judges = [] } = value;
  const facts: readonly (readonly [string, string])[] = [
    ['File', `${artifact.key}, ${bytes(artifact.sizeBytes)}`],
    ['Format', artifact.format ?? ''],
    ['Parameters', artifact.parameters === null ? '' : count(artifact.parameters)],
    [
      'Served by',
      runtime
        ? [runtime.title, runtime.framework, runtime.python && `Python ${runtime.python}`]
            .filter(Boolean)
            .join(', ')
        : '',
    ],
    ['Packages', runtime?.packages.join(', ') ?? ''],
    [
      'Image',
      image
        ? `${bytes(image.compressedBytes)} compressed, ${bytes(image.uncompressedBytes)} on disk`
        : '',
    ],
    [
      'Proven by',
      proof
        ? `${proven(proof.sample)}, answered in ${duration(proof.latencyMs)}${proof.warning && `; ${proof.warning}`}`
        : '',
    ],
    [
      'Compared',
      comparison
        ? `${comparison.verdict}, compared with version ${comparison.beside.version}: ${comparison.reason}`
        : '',
    ],
    ['Probes', probes ? `${probes.sent - probes.failed} of ${probes.sent} answered` : ''],
    ...judges.map(
      ({ judge, verdict, reason }) => [`Bake: ${judge}`, `${verdict}: ${reason}`] as const,
    ),
  ];
  const its = version ? `version ${version}` : 'it';
  // Absent from a Slipway of an earlier version.
  const isIdle = options.length > 0 && live !== undefined && live !== version;
  const dearest = Math.max(1, ...options.map(({ monthlyUsd }) => monthlyUsd ?? 0));
  const slowest = Math.max(1, ...options.map(({ coldStartSeconds }) => coldStartSeconds));
  return html`
    <div class="stack wide">
      <section class="stack" aria-labelledby="where">
        <h2 id="where">${isIdle ? `Where ${its} was placed, and why` : `Where ${its} runs, and why`}</h2>
        ${isIdle && html`<p class="soft">It is not live; this was found when it was placed.</p>`}
        ${options.length === 0 && html`<p class="soft">It has not come to that choice.</p>`}
        <div class="options">
          ${options.map(
            ({ target, taken, memoryMiB, cpuUnits, monthlyUsd, coldStartSeconds, reason }) => html`
              <article class="card pad stack ${taken ? 'taken' : ''}">
                <div class="row"><h3>${targetWords(target)}</h3>${taken && html`<${Badge} tone="good">taken</${Badge}>`}</div>
                <dl class="bars">
                  <dt>A month, idle</dt><dd>${monthlyUsd === null ? 'not known' : `$${monthlyUsd.toFixed(2)}`}</dd>
                  <dd class="length"><span style=${{ width: `${(100 * (monthlyUsd ?? 0)) / dearest}%` }}></span></dd>
                  <dt>First start</dt><dd>about ${Math.ceil(coldStartSeconds)} s</dd>
                  <dd class="length"><span style=${{ width: `${(100 * coldStartSeconds) / slowest}%` }}></span></dd>
                  <dt>Memory</dt><dd>${mebibytes(memoryMiB)}</dd>
                  <dt>CPU</dt><dd>${(cpuUnits / 1024).toFixed(cpuUnits % 1024 ? 2 : 0)} vCPU</dd>
                </dl>
                <p class="soft small"><${Theirs} text=${reason} /></p>
              </article>
            `,
          )}
        </div>
      </section>
      ${weighing && html`<${Bills} weighing=${weighing} bill=${isIdle ? undefined : bill} />`}
      <section class="stack" aria-labelledby="found">
        <h2 id="found">What was found</h2>
        <dl class="card facts">${facts.filter(([, said]) => said).map(([what, said]) => html`<div><dt>${what}</dt><dd><${Theirs} text=${said} /></dd></div>`)}</dl>
      </section>
    </div>
  `;
}

function proven(sample: number | string): string {
  if (sample === 'example') return 'the example of its manifest';
  if (sample === 'readiness') return 'its readiness alone';
  return 'a request of zeros, made from its signature';
}
