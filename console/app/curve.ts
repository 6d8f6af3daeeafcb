import { html } from '../look/html.ts';
import { dollars } from '../look/words.ts';
import type { Explanation } from './api.ts';
import { targetWords } from './models-page.ts';

type Curve = NonNullable<NonNullable<Explanation['weighing']>['byDemand']>;
type Target = Curve['breakEvens'][number]['from'];

const WIDTH = 480;
const HEIGHT = 160;
const EDGE = 4;
// Below this nobody compares bills.
const LEAST_USD = 1;
const COLOURS: Readonly<Record<Target, string>> = {
  lambda: 'series-1',
  fargate: 'series-2',
  ec2: 'series-3',
};
const TARGETS = ['lambda', 'fargate', 'ec2'] as const;

/** Draws the lowest bill of each target over the requests a second, both in powers of ten, with today's rate and the rates at which another target becomes the cheapest. */
export function DemandCurve({ curve, today }: { curve: Curve; today: number }) {
  const { points, breakEvens } = curve;
  const [first, last] = [points[0], points.at(-1)];
  const shown = TARGETS.filter((target) => points.some(({ usd }) => usd[target] !== null));
  if (!first || !last || shown.length === 0) return null;
  const bills = points.flatMap(({ usd }) => shown.flatMap((target) => usd[target] ?? []));
  const least = Math.max(LEAST_USD, Math.min(...bills));
  const most = Math.max(...bills, least * 2);
  const [from, to] = [first.requestsPerSecond, last.requestsPerSecond];
  const x = (rate: number) => part(rate, from, to) * WIDTH;
  const y = (usd: number) =>
    HEIGHT - EDGE - part(Math.max(usd, least), least, most) * (HEIGHT - 2 * EDGE);
  const line = (target: Target) => pathOf(points, target, { x, y });
  const words = choiceWords(curve, shown);
  return html`
    <figure class="chart card pad" aria-labelledby="by-demand">
      <figcaption class="row">
        <h3 class="label" id="by-demand">The bill a month over the requests a second</h3>
        <span class="push row keys small">${shown.map((target) => html`<span class="key ${COLOURS[target]}">${targetWords(target)}</span>`)}</span>
      </figcaption>
      <div class="plot">
        <svg class="tall" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${`From ${rateWords(from)} to ${rateWords(to)} requests a second, from ${dollars(least)} to ${dollars(most)} a month. ${words}`}>
          <line class="foot" x1="0" x2=${WIDTH} y1=${HEIGHT - EDGE} y2=${HEIGHT - EDGE} />
          ${breakEvens.map(({ requestsPerSecond }) => html`<line class="grid break-even" x1=${x(requestsPerSecond)} x2=${x(requestsPerSecond)} y1="0" y2=${HEIGHT} />`)}
          ${today >= from && html`<line class="foot today" x1=${x(today)} x2=${x(today)} y1="0" y2=${HEIGHT} />`}
          ${shown.map((target) => html`<path class="line ${COLOURS[target]}" d=${line(target)} />`)}
        </svg>
        <span class="most small soft" aria-hidden="true">${dollars(most)}</span>
      </div>
      <div class="times row small soft" aria-hidden="true"><span>${rateWords(from)} a second</span><span class="push">${rateWords(to)} a second</span></div>
      <p class="soft small">${words} Without API Gateway, which costs the same on each; the line in the middle is the traffic of the table above.</p>
    </figure>
  `;
}

/** Where a value lies between two, by their powers of ten. */
function part(value: number, from: number, to: number): number {
  return Math.log(value / from) / Math.log(to / from);
}

type Scale = { readonly x: (rate: number) => number; readonly y: (usd: number) => number };

/** The line breaks where no option of the target keeps the limits. */
function pathOf(points: Curve['points'], target: Target, { x, y }: Scale): string {
  return points
    .map(({ requestsPerSecond, usd }, at) => {
      const value = usd[target];
      if (value === null) return '';
      const isOpen = (points[at - 1]?.usd[target] ?? null) !== null;
      const to = `${x(requestsPerSecond).toFixed(1)} ${y(value).toFixed(1)}`;
      return isOpen ? `L${to}` : `M${to}h0`;
    })
    .join('');
}

/** Which target is the cheapest over the rates, in words. */
function choiceWords({ breakEvens }: Curve, shown: readonly Target[]): string {
  const [first] = breakEvens;
  const [only] = shown;
  if (!first) {
    return only && shown.length === 1
      ? `Only ${targetWords(only)} keeps the limits.`
      : 'The same target is the cheapest at all of these.';
  }
  const changes = breakEvens.map(
    ({ requestsPerSecond, to }) =>
      `${targetWords(to)} from ${rateWords(requestsPerSecond)} requests a second on`,
  );
  return `The cheapest: ${[targetWords(first.from), ...changes].join(', ')}.`;
}

/** A rate in three digits. */
export function rateWords(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}
