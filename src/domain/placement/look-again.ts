import type { Advice, TargetDecision, Weighing } from '#domain/deployment.ts';
import type { Move } from '#domain/manifest/manifest.ts';
import { demandWords } from './choose-target.ts';
import type { Demand, PlacedOption, Question } from './demand.ts';
import { vcpusOf } from './instance-types.ts';
import { type Learnt, withLearnt } from './learnt.ts';
import { cheapest, optionAt } from './optimize.ts';
import type { UnitPrices } from './unit-prices.ts';
import { nameOf } from './ways.ts';
import { isWorthMoving } from './worth-moving.ts';

/** A version weighed again by what it got: the question, its own option then, and the best one, which is undefined where nothing keeps all limits. */
export type SecondLook = {
  readonly learnt: Learnt;
  readonly question: Question;
  readonly now: PlacedOption;
  readonly best: PlacedOption | undefined;
};

/** Weighs a live version by what it got; undefined where no bill decided its placement. */
export function lookAgain(decision: TargetDecision, learnt: Learnt): SecondLook | undefined {
  const { weighing } = decision;
  if (!weighing) return undefined;
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
  const { maxReplicas } = weighing.question.limits;
  const asked = { ...question, limits: { ...question.limits, maxReplicas } };
  const isSpot = target !== 'lambda' && question.allowsSpot;
  const size = { isSpot, memoryMiB, vcpus: cpuUnits / 1024, instanceTypes };
  const now = optionAt(asked, { target, ...size });
  return { question, now };
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
export function askedAgain({ question, mostLater }: Weighing, learnt: Learnt): Question {
  const { demand, limits } = question;
  return {
    ...question,
    demand: withLearnt(demand, learnt),
    limits: { ...limits, ...(mostLater !== undefined && { maxReplicas: mostLater }) },
  };
}

/** The rule of a version's advice: its manifest's word, whether running it costs anything (not on one machine), and whether it is the newest upload, which alone moves by itself. */
export type AdviceRule = {
  readonly move: Move;
  readonly isSpent: boolean;
  readonly isNewest: boolean;
};

/** The advice of a second look; null where the version is placed well enough. */
export function adviceOf(
  { learnt, question, now, best }: SecondLook,
  { move, isSpent, isNewest }: AdviceRule,
): Advice | null {
  if (move === 'never' || !best || !isWorthMoving(now, best)) return null;
  const saves = now.ownUsd - best.ownUsd;
  const got = `${demandWords(question.demand)}, as in the last ${learnt.days} days`;
  const where = isSpent ? '' : 'on AWS, ';
  const costs = `${nameOf(best)} would cost $${best.ownUsd.toFixed(2)} a month`;
  const beside = `${nameOf(now)} costs $${now.ownUsd.toFixed(2)}`;
  const [broken] = now.refusals;
  const waits =
    move === 'auto' && !isNewest
      ? 'It does not move by itself while the newest upload is not live. '
      : '';
  return {
    reason: `${where}for ${got}, ${costs}, and ${beside}${broken ? `, but ${broken}` : ''}`,
    fix: isSpent
      ? waits + fixOf(question.demand, now, best)
      : 'Nothing moves on this machine; in an account the next version is placed by what this one got.',
    to: nameOf(best),
    savesUsd: Math.max(0, Math.round(saves * 100) / 100),
  };
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
