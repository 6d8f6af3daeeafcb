import { html } from '../look/html.ts';
import { Badge, Theirs, type Tone } from '../look/parts.ts';
import { count } from '../look/words.ts';
import type { Api, Explanation } from './api.ts';
import { useReading } from './reading.ts';
import { Save } from './save.ts';

type Comparison = NonNullable<Explanation['comparison']>;

const TONES: Readonly<Record<Comparison['verdict'], Tone>> = {
  same: 'good',
  changed: 'warn',
  broken: 'bad',
  unproven: 'quiet',
};

/** A word for what the gate found of a version, beside the one that was live. */
export function Verdict({ verdict }: { verdict: string }) {
  return html`<${Badge} tone=${(TONES as Readonly<Record<string, Tone>>)[verdict] ?? 'quiet'}>${verdict}</${Badge}>`;
}

/** Shows how a version compared with the live one: the verdict, its evidence, and each difference. */
export function Beside({ api, model, version }: { api: Api; model: string; version: number }) {
  const { value } = useReading<Explanation>(api, `models/${model}/explain`, {
    everyMs: 0,
    query: { version, measure: false, costs: false },
  });
  const comparison = value?.comparison;
  if (!comparison) return null;
  const { verdict, reason, beside, decision, answered, differences, answers } = comparison;
  const { kept, drawn, noisy, signs, examples } = answers;
  const told = [...signs, ...examples];
  const asked = [
    kept.asked > 0 &&
      `${count(kept.changed)} of ${count(kept.asked)} kept requests answered otherwise`,
    drawn.asked > 0 &&
      `${count(drawn.changed)} of ${count(drawn.asked)} drawn requests answered otherwise`,
    noisy > 0 && `${count(noisy)} left out, which version ${beside.version} answers in two ways`,
  ].filter((part) => part !== false);
  return html`
    <section class="card pad stack" aria-labelledby="beside">
      <div class="row">
        <h2 id="beside">Beside version ${beside.version}</h2>
        <${Verdict} verdict=${verdict} />
        <${Save} api=${api} path=${`models/${model}/report`} query=${{ from: beside.version, to: version }} file=${`${model}-v${version}.html`} title="Save the report" />
        ${decision === 'declared' && html`<span class="soft">its manifest says that it replaces version ${beside.version}</span>`}
        ${answered && html`<span class="soft"><${Theirs} text=${answered.by} /> has ${answered.verdict} it</span>`}
      </div>
      <p class="pre"><${Theirs} text=${reason} /></p>
      ${asked.length > 0 && html`<p class="soft">${asked.join('; ')}.</p>`}
      ${differences.length > 0 && html`<ul class="differences">${differences.map(({ weight, what }) => html`<li><span class="small ${weight === 'breaking' ? 'fault' : 'soft'}">${weight}</span> <${Theirs} text=${what} /></li>`)}</ul>`}
      ${told.length > 0 && html`<ul class="differences small soft">${told.map((line) => html`<li class="pre"><${Theirs} text=${line} /></li>`)}</ul>`}
    </section>
  `;
}
