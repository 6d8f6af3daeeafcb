import type { Advice, TargetDecision, Weighing } from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import type { Move } from '#domain/manifest/manifest.ts';
import { type Ahead, HALF_HOURS, HALVES_AHEAD } from './ahead.ts';
import { demandWords } from './choose-target.ts';
import type { Demand, Limits, PlacedOption, Question } from './demand.ts';
import { vcpusOf } from './instance-types.ts';
import { type Learnt, withLearnt } from './learnt.ts';
import { cheapest, onceKnown, optionAt } from './optimize.ts';
import { isWorthFollowing, type Plan, planAhead, type Stay } from './plan-ahead.ts';
import { HOURS_A_MONTH } from './spending.ts';
import type { UnitPrices } from './unit-prices.ts';
import { nameOf } from './ways.ts';
import { isWorthMoving } from './worth-moving.ts';

/** The demand that a version had, and that of the coming week where it is known. */
export type Got = { readonly learnt: Learnt; readonly ahead?: Ahead | undefined };

/**
 * A version weighed again by what it got: the question, its own option then, and the best one, which is undefined where nothing keeps all limits.
 * `plan` is the cheapest way through the coming week, and `stay` what it begins with, for a version that follows it: the question is that of the stay then.
 */
export type SecondLook = {
  readonly learnt: Learnt;
  readonly question: Question;
  readonly now: PlacedOption;
  readonly best: PlacedOption | undefined;
  readonly plan?: Plan;
  readonly stay?: Stay;
};

/** The rule of a version's advice: its manifest's word, whether running it costs anything (not on one machine), and whether it is the newest upload, which alone moves by itself. */
export type AdviceRule = {
  readonly move: Move;
  readonly isSpent: boolean;
  readonly isNewest: boolean;
};

/** Weighs a live version by what it got; undefined where no bill decided its placement. A version that moves by itself is weighed for the coming stay, where that is known. */
export function lookAgain(
  decision: TargetDecision,
  { learnt, ahead }: Got,
  { move, isSpent }: Pick<AdviceRule, 'move' | 'isSpent'>,
): SecondLook | undefined {
  const { weighing } = decision;
  if (!weighing) return undefined;
  const look = lookBy(decision, weighing, learnt);
  const plan =
    look && ahead && planAhead({ ...look, limits: ownLimits(weighing, look.question) }, ahead);
  if (!look || !ahead || !plan) return look;
  const [stay] = plan.stays;
  // Where it should be all week, all that it got says so better.
  const isForGood = stay?.to === HALVES_AHEAD && look.best && isWorthMoving(look.now, look.best);
  if (move !== 'auto' || !isSpent || !stay || isForGood) return { ...look, plan };
  if (stay.option === look.now) return { ...look, plan, stay, best: look.now };
  const there = lookBy(decision, weighing, ahead.demand(stay.from, stay.to));
  return there && { ...there, plan, stay };
}

function lookBy(
  decision: TargetDecision,
  weighing: Weighing,
  learnt: Learnt,
): SecondLook | undefined {
  const question = askedAgain(weighing, learnt);
  const own = ownOption(decision, question);
  return own && { learnt, question, now: own.now, best: cheapest(question) };
}

/** The option that a version runs on, for a question (by default the one that it was placed for); undefined where no bill decided its placement, or ECS chose its instance. */
export function ownOption(
  { target, weighing, memoryMiB, cpuUnits, instanceTypes }: TargetDecision,
  question = weighing?.question,
): Pick<SecondLook, 'question' | 'now'> | undefined {
  if (!weighing || !question || isUnnamed({ target, instanceTypes })) return undefined;
  const asked = { ...question, limits: ownLimits(weighing, question) };
  const isSpot = target !== 'lambda' && question.allowsSpot;
  const size = { isSpot, memoryMiB, vcpus: cpuUnits / 1024, instanceTypes };
  const now = optionAt(asked, { target, ...size });
  return { question, now };
}

/** The limits of the version that runs: a demand that is known later changes how many replicas the next one may have, not this one. */
function ownLimits({ question: { limits: own } }: Weighing, { limits }: Question): Limits {
  return { ...limits, maxReplicas: own.maxReplicas };
}

/** Whether a version runs on an instance that ECS chose, as those of an earlier Slipway do, or on one that Slipway no longer names: nobody knows what that costs. */
export function isUnnamed({
  target,
  instanceTypes,
}: Pick<TargetDecision, 'target' | 'instanceTypes'>): boolean {
  return target === 'ec2' && vcpusOf(instanceTypes[0] ?? '') === undefined;
}

/** The same weighing, to be asked again at these prices. */
export function atPrices(weighing: Weighing, prices: UnitPrices): Weighing {
  return { ...weighing, question: { ...weighing.question, prices } };
}

/** The question of a weighing for what the version got since. */
export function askedAgain(
  weighing: Pick<Weighing, 'question' | 'mostLater'>,
  learnt: Learnt,
): Question {
  const question = onceKnown(weighing);
  return { ...question, demand: withLearnt(question.demand, learnt) };
}

/** The advice of a second look; null where the version is placed well enough. */
export function adviceOf(look: SecondLook, rule: AdviceRule): Advice | null {
  const { now, best, plan, stay } = look;
  if (rule.move === 'never') return null;
  if (stay && plan) {
    return best && isWorthMoving(now, best)
      ? stayAdvice({ ...look, best, plan, stay }, rule)
      : null;
  }
  if (best && isWorthMoving(now, best)) return placeAdvice({ ...look, best }, rule);
  return plan && now.refusals.length === 0 && isWorthFollowing(plan)
    ? planAdvice(now, plan, rule)
    : null;
}

type Found = SecondLook & { readonly best: PlacedOption };

/** To another place for good. */
function placeAdvice({ learnt, question, now, best }: Found, rule: AdviceRule): Advice {
  const got = `${demandWords(question.demand)}, as in the last ${learnt.days} days`;
  return {
    reason: `${onAws(rule)}for ${got}, ${besideWords(now, best, 'a month', 1)}`,
    fix: rule.isSpent ? waitsWords(rule) + fixOf(question.demand, now, best) : STAYS,
    to: nameOf(best),
    savesUsd: cents(now.ownUsd - best.ownUsd),
  };
}

/** To another place for a part of the week. */
function stayAdvice(
  { question, now, best, plan, stay }: Found & { readonly plan: Plan; readonly stay: Stay },
  rule: AdviceRule,
): Advice {
  const hours = (stay.to - stay.from) * HALF_HOURS;
  const { requestsPerSecond } = question.demand;
  const calls =
    requestsPerSecond > 0 ? `it gets ${demandWords(question.demand)}` : 'nobody calls it';
  const bills = besideWords(now, best, 'then', hours / HOURS_A_MONTH);
  return {
    reason: `in the next ${hours} hours ${calls}, as ${plan.everyDays} days before: ${bills}`,
    fix: `${waitsWords(rule)}It moves by itself, and again when that changes.`,
    to: nameOf(best),
    savesUsd: cents(savedByPlan(plan)),
  };
}

/** To move there and back, for one that does not do so by itself. */
function planAdvice(now: PlacedOption, plan: Plan, rule: AdviceRule): Advice {
  const away = plan.stays.filter(({ option }) => option !== now);
  const times = away.map(({ from, to }) => `${momentOf(plan, from)} to ${momentOf(plan, to)}`);
  const [there] = away.map(({ option }) => nameOf(option));
  const monthly = (usd: number) => `$${(usd * WEEKS_A_MONTH).toFixed(2)}`;
  return {
    reason: `${onAws(rule)}from ${times.join(' and from ')} (UTC) ${there} would do, if the model is called as ${plan.everyDays} days before. To move there and back would cost ${monthly(plan.usd)} a month, and to stay on ${nameOf(now)} ${monthly(plan.stayingUsd)}`,
    fix: rule.isSpent
      ? 'Set `placement: { move: auto }` in model.yaml and upload it again: it then moves there and back by itself.'
      : 'Nothing moves on this machine; in an account a version with `placement: { move: auto }` moves there and back by itself.',
    to: `${there} at times`,
    savesUsd: cents(savedByPlan(plan)),
  };
}

const WEEKS_A_MONTH = HOURS_A_MONTH / 168;
const STAYS =
  'Nothing moves on this machine; in an account the next version is placed by what this one got.';

function onAws({ isSpent }: AdviceRule): string {
  return isSpent ? '' : 'on AWS, ';
}

function waitsWords({ move, isNewest }: AdviceRule): string {
  return move === 'auto' && !isNewest
    ? 'It does not move by itself while the newest upload is not live. '
    : '';
}

/** The bills of a part of a month, by those of a whole one. */
function besideWords(now: PlacedOption, best: PlacedOption, when: string, months: number): string {
  const usd = ({ ownUsd }: PlacedOption) => `$${(ownUsd * months).toFixed(2)}`;
  const [broken] = now.refusals;
  return `${nameOf(best)} would cost ${usd(best)} ${when}, and ${nameOf(now)} costs ${usd(now)}${broken ? `, but ${broken}` : ''}`;
}

/** USD a month. */
function savedByPlan({ stayingUsd, usd }: Plan): number {
  return (stayingUsd - usd) * WEEKS_A_MONTH;
}

function cents(usd: number): number {
  return Math.max(0, Math.round(usd * 100) / 100);
}

/** "Sat 00:00": the beginning of a half-day of a plan. */
function momentOf({ beginsMs }: Plan, half: number): string {
  const [day = '', , , , time = ''] = new Date(beginsMs + half * HALF_HOURS * HOUR_MS)
    .toUTCString()
    .split(' ');
  return `${day.slice(0, 3)} ${time.slice(0, 5)}`;
}

/** Says what to set in the manifest so that the version is placed there. */
function fixOf(demand: Demand, now: PlacedOption, { target }: PlacedOption): string {
  // The manifest's traffic is above 0.
  if (demand.requestsPerSecond > 0) {
    return `Set \`traffic: ${trafficOf(demand)}\` in model.yaml and upload it again: it is placed for that.`;
  }
  if (target === now.target) return 'Undeploy it: nobody calls it.';
  return `Set \`placement: { target: ${target} }\` in model.yaml and upload it again, or undeploy it: nobody calls it.`;
}

/** The demand as the manifest says it, with the limits that were asked for. */
function trafficOf({ requestsPerSecond, peak, hours, p95Ms, coldStarts }: Demand): string {
  const limits = [
    ...(p95Ms === null ? [] : [`p95Ms: ${p95Ms}`]),
    ...(coldStarts === 'none' ? ['coldStarts: none'] : []),
  ];
  const rates = [`requestsPerSecond: ${requestsPerSecond}`, `peak: ${peak}`, `hours: ${hours}`];
  return `{ ${[...rates, ...limits].join(', ')} }`;
}
