import { html } from '../look/html.ts';
import { Badge, Theirs } from '../look/parts.ts';
import { count, dollars, duration, mebibytes } from '../look/words.ts';
import type { Explanation } from './api.ts';
import { DemandCurve, rateWords } from './curve.ts';
import { targetWords } from './models-page.ts';

type Weighing = NonNullable<Explanation['weighing']>;
type Placed = Weighing['options'][number];

/** The choice, the best option of each other kind, and the next best ones. */
const MOST_SHOWN = 8;

// An estimate says no more than that.
const A_THOUSANDTH = 0.001;

type BillsProps = { readonly weighing: Weighing; readonly bill: Explanation['bill'] };

/** Shows the cost of each option on AWS for the expected traffic, the limits that it breaks, and how the bills grow with the traffic. */
export function Bills({ weighing, bill }: BillsProps) {
  const { question, options, ways, byDemand, isLater } = weighing;
  const { requestsPerSecond, peak, hours } = question.demand;
  const shown = mostTelling(options);
  const dearest = Math.max(...shown.map(({ usd }) => usd), 0.01);
  const left = options.length - shown.length;
  return html`
    <section class="stack" aria-labelledby="bills">
      <h2 id="bills">Its bill on AWS</h2>
      <p class="soft">${sourceWords(weighing)}${requestsPerSecond} a second, ${peak} at the peak, in ${hours} hours of a month. One request took ${duration(question.measured.requestMs)} on one vCPU${isLater ? ', once it was live' : ' in the build'}.</p>
      <div class="card scroll" tabindex="0" role="region" aria-label="The table of bills">
        <table class="table bills">
          <thead><tr><th scope="col">Option</th><th scope="col" class="number">Memory</th><th scope="col" class="number">vCPU</th><th scope="col" class="number">Replicas</th><th scope="col" class="number" title="95 % of the requests are answered within this time">p95</th><th scope="col" class="number">A month</th><th scope="col">Why not</th></tr></thead>
          <tbody>${shown.map((option) => html`<${Row} key=${keyOf(option)} option=${option} isChoice=${option === options[0]} dearest=${dearest} />`)}</tbody>
        </table>
      </div>
      <p class="soft small">${left > 0 && html`<code>slipway explain --json</code> has ${count(left)} more. `}<${Theirs} text=${flipWords(weighing)} />${shareWords(bill)}</p>
      ${byDemand && html`<${DemandCurve} curve=${byDemand} today=${requestsPerSecond} />`}
      ${ways.length > 0 && html`<div class="stack"><h3>To spend less, each by itself</h3><ul class="differences">${ways.map(({ what, usd, percent }) => html`<li><strong class="number">${percent} %</strong> <span class="soft">(${dollars(usd)})</span> <${Theirs} text=${what} /></li>`)}</ul></div>`}
    </section>
  `;
}

/** Its bill beside other models, where that is less than alone. */
function shareWords(bill: Explanation['bill']): string {
  const { usdPerMonth = null, aloneUsdPerMonth = null } = bill ?? {};
  if (usdPerMonth === null || aloneUsdPerMonth === null) return '';
  if (aloneUsdPerMonth - usdPerMonth < aloneUsdPerMonth * A_THOUSANDTH) return '';
  return ` These bills are those of a model that is alone in its account. All live models together reach cheaper tiers of AWS: its share is ${dollars(usdPerMonth)} a month, and alone it would be ${dollars(aloneUsdPerMonth)}; both without the load balancer.`;
}

/** From which rate another target is the choice, and why. */
function flipWords({ flip, limitsChange, options: [first] }: Weighing): string {
  const from = (rate: number) => `From ${rateWords(rate)} requests a second on`;
  const at = limitsChange ? from(limitsChange.requestsPerSecond) : '';
  if (first?.refusals.length !== 0) {
    const { isKept, target } = limitsChange ?? {};
    if (isKept && target) return `${at}, ${targetWords(target)} keeps the limits.`;
    return isKept === false && !target
      ? 'Nothing keeps the limits for a greater demand either.'
      : '';
  }
  if (limitsChange && !limitsChange.isKept) {
    const { target, refusal } = limitsChange;
    return `${at}, nothing keeps the limits${target && refusal ? `: on ${targetWords(target)} ${refusal}` : ''}.`;
  }
  if (!flip) return 'No greater demand makes another target the choice within the limits.';
  const { requestsPerSecond, from: was, to, why, refusal = '' } = flip;
  const rate = from(requestsPerSecond);
  const names = [targetWords(to), targetWords(was)];
  if (why === 'limit') return `${rate}, ${names[0]} is the choice: on ${names[1]} ${refusal}.`;
  return why === 'faster'
    ? `${rate}, ${names[0]} costs as much as ${names[1]}, within 1 %, and is faster.`
    : `${rate}, ${names[0]} costs less than ${names[1]}.`;
}

function sourceWords({ isGuess, learntDays }: Weighing): string {
  if (isGuess)
    return 'A first guess, since model.yaml names no traffic and nothing is learnt yet: ';
  return learntDays === undefined
    ? 'For the traffic in model.yaml: '
    : `By the requests of the last ${learntDays === 1 ? 'day' : `${count(learntDays)} days`}: `;
}

type RowProps = { readonly option: Placed; readonly isChoice: boolean; readonly dearest: number };

function Row({ option, isChoice, dearest }: RowProps) {
  const { target, isSpot, memoryMiB, vcpus, replicas, p95Ms, isExtrapolated, usd, bill, refusals } =
    option;
  const [instanceType] = option.instanceTypes ?? [];
  const isTaken = isChoice && refusals.length === 0;
  const parts = bill.map(({ what, usd: part }) => `${what} ${dollars(part)}`).join(', ');
  return html`
    <tr class=${isTaken ? 'taken' : ''}>
      <th scope="row">${targetWords(target)}${instanceType && `, ${instanceType}`}${isSpot ? ', Spot' : ''}${isTaken && html` <${Badge} tone="good">the cheapest</${Badge}>`}</th>
      <td class="number">${mebibytes(memoryMiB)}</td>
      <td class="number">${vcpus.toFixed(2)}</td>
      <td class="number">${replicas === 0 ? html`<span class="soft">–</span>` : replicas}</td>
      <td class="number">${duration(p95Ms)}${isExtrapolated && html`<br><span class="soft small">extrapolated</span>`}</td>
      <td class="number" title=${parts}>${dollars(usd)}<span class="length" aria-hidden="true"><span style=${{ width: `${(100 * usd) / dearest}%` }}></span></span></td>
      <td class="soft small"><${Theirs} text=${refusals.join('; ')} /></td>
    </tr>
  `;
}

const keyOf = ({ target, isSpot, memoryMiB, vcpus }: Placed) =>
  `${target} ${isSpot} ${memoryMiB} ${vcpus}`;

function mostTelling(options: readonly Placed[]): readonly Placed[] {
  const kindOf = ({ target, isSpot }: Placed) => `${target} ${isSpot}`;
  const best = options.filter(
    (option) => options.find((each) => kindOf(each) === kindOf(option)) === option,
  );
  const kept = new Set([...best, ...options].slice(0, MOST_SHOWN));
  return options.filter((option) => kept.has(option));
}
