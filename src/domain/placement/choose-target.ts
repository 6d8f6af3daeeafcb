import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import lambda from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { TargetDecision, TargetOption, Weighing } from '#domain/deployment.ts';
import type { ExpectedStart } from './cold-start.ts';
import { requestsPerMinute } from './container-options.ts';
import { type ContainerNeeds, fargateSize, fargateTask } from './container-size.ts';
import { IDLE_USD_PER_MONTH } from './cost.ts';
import { busyMsAt, type Demand, type PlacedOption, type Question } from './demand.ts';
import { ec2Size, ec2Task } from './ec2-size.ts';
import { LIFT_MEMORY_LIMIT } from './function-memory.ts';
import { instanceHour } from './instance-types.ts';
import { cheapest, rankedOptions } from './optimize.ts';
import type { Loss } from './own-image.ts';
import { TARGETS, type Target } from './target.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';
import { nameOf } from './ways.ts';
import { isWorthMoving } from './worth-moving.ts';

/** The criteria for choosing a target: sizes in bytes (`imageBytes` unpacked, `memoryBytes` expected or measured in use), `memoryMiB` only when the manifest requests it, and how many replicas always run. */
export type Needs = Omit<ContainerNeeds, 'memoryMiB'> & {
  readonly memoryBytes: number;
  /** In a container, which may have several requests under way; absent where it is the same. */
  readonly containerMemoryBytes?: number;
  readonly memoryMiB: number | null;
  /** The start that a request on Lambda would wait for. */
  readonly lambdaStart: ExpectedStart;
  /** The result of `isStreamed` for its facts. */
  readonly isStreaming?: boolean;
  /** Why its image does not start on Lambda, if a smoke test showed that or its port rules it out. */
  readonly refusedByLambda?: string | undefined;
  readonly lossOnLambda?: Loss | undefined;
  /** The most memory that the account allows a function, where that is known to be less than Lambda's limit. */
  readonly functionMemoryMiB?: number | undefined;
};

/** Whether a model's clients read its answers while they are written: true for a language model that generates. */
export function isStreamed({ language }: Pick<ArtifactFacts, 'language'>): boolean {
  return language?.task === 'generate';
}

/** The manifest's request, and the targets that this installation offers. */
export type PlacementRequest = {
  readonly target: Target | 'auto';
  readonly allow: readonly Target[];
  readonly offered: readonly Target[];
};

const MIB = 1024 * 1024;
const CPU_UNITS_PER_VCPU = 1024;

/** An option before the choice; `reason` says why it does not fit, or gives its cost. */
type Weighed = Omit<TargetOption, 'taken' | 'reason'> & {
  readonly reason: string;
  readonly fits: boolean;
};

/** The demand, the measurements and the limits by which a bill decides; `isGuess` where nobody knows the demand, and `hasMost` where the manifest says the most replicas. */
export type Asked = Omit<Question, 'refused'> &
  Pick<Weighing, 'isGuess' | 'learntDays' | 'mostLater'> & {
    readonly hasMost: boolean;
    /** The target of the live version, which a learnt demand leaves only where that pays. */
    readonly liveTarget?: Target;
  };

/**
 * Weighs each target for a model. It takes the requested one if it fits. Else, where the build has measured the model (`asked`), it takes the cheapest that keeps what was asked; and else the first that fits, in order of idle cost.
 * `decision` is undefined when no target can hold the model. Memory is the manifest's, else the expected use.
 */
export function chooseTarget(
  needs: Needs,
  request: PlacementRequest,
  asked?: Asked,
): {
  readonly decision: TargetDecision | undefined;
  readonly options: readonly TargetOption[];
} {
  const fitting = TARGETS.map((target) => hold(WEIGH[target](needs), request, needs));
  const weighing = asked && weighed(asked, fitting, needs);
  const [best] = weighing?.options ?? [];
  const choice = best?.refusals.length === 0 ? best : undefined;
  const sized = choice ? fitting.map((each) => resized(each, choice, needs)) : fitting;
  const taken = sized.find(({ fits, target }) => fits && (!choice || target === choice.target));
  const options = sized.map(({ fits, ...option }) => ({
    ...option,
    taken: option.target === taken?.target,
    reason: reasonOf({ ...option, fits }, { taken, weighing, choice }),
  }));
  const option = options.find(({ taken: isTaken }) => isTaken);
  if (!option) return { decision: undefined, options };
  const { target, memoryMiB, cpuUnits, instanceTypes, accelerator, serving } = option;
  const streaming = needs.isStreaming && target === 'lambda' && { isStreaming: true };
  const gpu = accelerator && { accelerator, ...(serving && { serving }) };
  const more = { ...(weighing && { weighing }), ...(asked && scalingFor(asked, option, choice)) };
  return {
    decision: {
      target,
      ...streaming,
      memoryMiB,
      cpuUnits,
      instanceTypes,
      ...gpu,
      options,
      ...more,
    },
    options,
  };
}

/** The weighing by bills; undefined with a GPU, where the cheapest instance that holds the model decides. */
function weighed(
  { isGuess, learntDays, mostLater, liveTarget, hasMost: _, ...asked }: Asked,
  fitting: readonly Weighed[],
  { accelerator }: Needs,
): Weighing | undefined {
  if (accelerator) return undefined;
  const refused = Object.fromEntries(
    fitting.flatMap(({ target, fits, reason }) => (fits ? [] : [[target, reason]])),
  );
  const question = { ...asked, refused };
  const ranked = rankedOptions(question);
  return {
    question,
    isGuess,
    ...(learntDays !== undefined && { learntDays }),
    ...(mostLater !== undefined && { mostLater }),
    options: learntDays === undefined ? ranked : stayingFirst(ranked, liveTarget),
  };
}

/** The best option on the live version's target goes first, unless another is so much better that a move pays: a demand near the break-even moves nothing to and fro. */
function stayingFirst(
  ranked: readonly PlacedOption[],
  liveTarget: Target | undefined,
): readonly PlacedOption[] {
  const [best] = ranked;
  const stay = ranked.find(
    ({ target, refusals }) => target === liveTarget && refusals.length === 0,
  );
  if (!best || !stay || isWorthMoving(stay, best)) return ranked;
  return [stay, ...ranked.filter((option) => option !== stay)];
}

/** The option with the size that the bill chose. */
function resized(option: Weighed, choice: PlacedOption, needs: Needs): Weighed {
  if (option.target !== choice.target) return option;
  const { memoryMiB, vcpus } = choice;
  if (choice.target === 'lambda') return weighLambda({ ...needs, memoryMiB });
  const { prices = SHIPPED_PRICES, replicas, imageBytes } = needs;
  const { instanceTypes = [] } = choice;
  const size = { cpuUnits: Math.round(vcpus * CPU_UNITS_PER_VCPU), memoryMiB };
  const hour = instanceHour(instanceTypes, imageBytes, prices);
  const task = hour
    ? ec2Task({ ...size, instanceTypes }, hour.onDemandUsd + hour.volumeUsd, replicas)
    : fargateTask(size, replicas, prices);
  return { ...option, ...task };
}

type Decided = {
  readonly taken: Weighed | undefined;
  readonly weighing: Weighing | undefined;
  readonly choice: PlacedOption | undefined;
};

function reasonOf(option: Weighed, { taken, weighing, choice }: Decided): string {
  if (!option.fits || !taken) return option.reason;
  if (weighing && choice) return billed(option, choice, weighing);
  return option.target === taken.target ? option.reason : outdone(option, taken);
}

/** The cost of the target for the demand, or the limits that rule it out. */
function billed(option: Weighed, choice: PlacedOption, { question, options }: Weighing): string {
  const ofTarget = options.filter(({ target }) => target === option.target);
  const best = ofTarget.find(({ refusals }) => refusals.length === 0);
  if (!best) return [option.reason, ...(ofTarget[0]?.refusals ?? [])].join('; ');
  const demand = demandWords(question.demand);
  if (option.target !== choice.target) {
    return `${option.reason}; for ${demand}, ${nameOf(best)} would cost ${usd(best)} a month${withShared(best)}, and ${nameOf(choice)} ${usd(choice)}${best.target === 'lambda' ? withShared(choice) : ''}`;
  }
  const source = best.isExtrapolated
    ? `, extrapolated from ${question.measured.timedVcpus} vCPUs`
    : '';
  const time = `95 % of the requests within ${Math.ceil(best.p95Ms)} ms${source}`;
  // `stayingFirst` keeps what costs a little more.
  const isStaying = cheapest(question)?.target !== choice.target;
  const lead = isStaying ? STAYING : 'the cheapest';
  return `${lead}: for ${demand}, ${nameOf(choice)} would cost ${usd(choice)} a month${withShared(choice)}, ${time}; ${option.reason}`;
}

const STAYING = 'where the live version runs, since a move would save too little';

function usd({ ownUsd }: PlacedOption): string {
  return `$${ownUsd.toFixed(2)}`;
}

/** The items of its bill that the price of a task or an instance does not have. */
function withShared({ target }: PlacedOption): string {
  return target === 'lambda' ? '' : ' with the load balancer and public addresses';
}

/** "1 request a second (2 at the peak) in 174 hours of a month". */
export function demandWords({ requestsPerSecond, peak, hours }: Demand): string {
  const noun = requestsPerSecond === 1 ? 'request' : 'requests';
  return `${requestsPerSecond} ${noun} a second (${peak} at the peak) in ${hours} hours of a month`;
}

/** The replicas for the demand, where containers were taken: as many as the peak needs where the manifest states a demand and no most. Nothing with a GPU: the build measures on a CPU. */
function scalingFor(
  { isGuess, hasMost, measured }: Asked,
  { target, cpuUnits, accelerator }: TargetOption,
  choice: PlacedOption | undefined,
): Pick<TargetDecision, 'scaling'> {
  if (target === 'lambda' || accelerator) return {};
  const ms = busyMsAt(measured, Math.max(1, cpuUnits) / CPU_UNITS_PER_VCPU);
  const max = choice && !isGuess && !hasMost && { max: choice.replicas };
  return { scaling: { ...max, requestsPerMinute: requestsPerMinute(ms) } };
}

const WEIGH: Readonly<Record<Target, (needs: Needs) => Weighed>> = {
  lambda: weighLambda,
  fargate: (needs) => weighContainer('fargate', fargateSize, needs),
  ec2: (needs) => weighContainer('ec2', ec2Size, needs),
};

/** A target that is not requested, allowed or offered is not taken, even if the model fits. */
function hold(option: Weighed, request: PlacementRequest, needs: Needs): Weighed {
  const refusal = option.fits ? held(option.target, request, needs) : undefined;
  return refusal ? { ...option, fits: false, reason: refusal } : option;
}

function held(
  target: Target,
  { target: requested, allow, offered }: PlacementRequest,
  needs: Needs,
): string | undefined {
  if (requested !== 'auto' && requested !== target) return `placement.target is ${requested}`;
  if (!allow.includes(target)) return 'placement.allow does not include it';
  if (!offered.includes(target)) {
    return `this installation has no containers: with containers=public it costs $${IDLE_USD_PER_MONTH.public.toFixed(2)} a month while idle`;
  }
  const hasOthers = allow.some((each) => each !== 'lambda' && offered.includes(each));
  return target === 'lambda' && requested === 'auto' && hasOthers ? slowStart(needs) : undefined;
}

/** A server starts with a request that waits for it, on Lambda. A manifest that requests Lambda, or a stack that has nothing else, gets it all the same: retries find the server started. */
function slowStart({ lambdaStart, isStreaming }: Needs): string | undefined {
  const { coldStartSeconds, notedStarts } = lambdaStart;
  const { requestTimeoutSeconds } = lambda;
  if (coldStartSeconds <= requestTimeoutSeconds) return undefined;
  const source = notedStarts > 0 ? `, by ${notedStarts} starts of its kind` : '';
  const most = isStreaming
    ? `no client should wait more than ${requestTimeoutSeconds} s for the first word`
    : `a request has ${requestTimeoutSeconds} s`;
  return `a cold start would take some ${Math.ceil(coldStartSeconds)} s${source}; ${most} (placement.target: lambda takes it all the same)`;
}

function outdone(option: Pick<TargetOption, 'reason'>, { target }: Weighed): string {
  return `${option.reason}; ${target} costs less while idle`;
}

function weighLambda(needs: Needs): Weighed {
  const { memoryMaxMiB, memoryPerVcpuMiB } = lambda;
  const mostMiB = Math.min(memoryMaxMiB, needs.functionMemoryMiB ?? memoryMaxMiB);
  const memoryMiB =
    needs.memoryMiB ?? Math.max(Math.min(memoryPerVcpuMiB, mostMiB), usedMiB(needs));
  const cpuUnits = Math.round((memoryMiB / memoryPerVcpuMiB) * CPU_UNITS_PER_VCPU);
  const option = {
    target: 'lambda',
    memoryMiB,
    cpuUnits,
    instanceTypes: [],
    monthlyUsd: 0,
  } as const;
  const refuse = (reason: string): Weighed => ({ ...option, fits: false, reason });
  if (needs.accelerator) return refuse('Lambda has no GPU');
  if (needs.refusedByLambda) return refuse(needs.refusedByLambda);
  if (needs.imageBytes > lambda.imageUncompressedMaxBytes) {
    return refuse(
      `the model takes ${needs.imageBytes} bytes unpacked; an image on Lambda holds ${lambda.imageUncompressedMaxBytes}`,
    );
  }
  if (memoryMiB > memoryMaxMiB) {
    return refuse(`the model needs ${memoryMiB} MiB of memory; Lambda has ${memoryMaxMiB}`);
  }
  if (memoryMiB > mostMiB) {
    return refuse(
      `the model needs ${memoryMiB} MiB of memory; AWS gives a function of this account ${mostMiB} at most. ${LIFT_MEMORY_LIMIT}`,
    );
  }
  const loss = needs.lossOnLambda
    ? `; ${needs.lossOnLambda.reason} (not with placement.target: fargate)`
    : '';
  const room =
    mostMiB < memoryMaxMiB
      ? `fits in ${memoryMiB} of the ${mostMiB} MiB that AWS gives a function of this account, a new one`
      : `fits in ${memoryMiB} of Lambda's ${memoryMaxMiB} MiB`;
  const reason = `${room}, and costs nothing while idle${loss}`;
  return { ...option, fits: true, reason };
}

function weighContainer(
  target: 'fargate' | 'ec2',
  size: typeof fargateSize,
  needs: Needs,
): Weighed {
  const memoryBytes = needs.containerMemoryBytes ?? needs.memoryBytes;
  const wanted = needs.memoryMiB ?? usedMiB({ memoryBytes });
  const found = size({ ...needs, memoryMiB: wanted });
  if ('refusal' in found) {
    const none = { memoryMiB: wanted, cpuUnits: 0, instanceTypes: [], monthlyUsd: null };
    return { target, ...none, fits: false, reason: found.refusal };
  }
  return { target, ...found, fits: true };
}

function usedMiB({ memoryBytes }: Pick<Needs, 'memoryBytes'>): number {
  return Math.ceil(memoryBytes / MIB);
}
