import { setTimeout as sleep } from 'node:timers/promises';
import type { Slipway, Uploaded } from '#control/slipway.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { isTerminal } from '#domain/phase.ts';
import type { Target } from '#domain/placement/target.ts';
import type { Outcome } from '#operations/uninstall/uninstall.ts';
import { untilAborted } from '#operations/until-aborted.ts';
import { type Claim, lookAt, type Scene } from './claim.ts';
import { type Ledger, ledger } from './ledger.ts';
import type { Act, Finding } from './signed.ts';
import { startTraffic } from './traffic.ts';

/** The findings of a run. `leftovers` are resources of the stage that exist afterwards, and did not before. */
export type Proven = {
  readonly acts: readonly Act[];
  readonly findings: readonly Finding[];
  readonly requests: { readonly sent: number; readonly lost: number };
  readonly leftovers: readonly string[];
};

/** A file to upload, and its key in the bucket. */
export type Placed = { readonly key: string; readonly file: string };

/** A stage that has been deployed. */
export type Stage = Pick<Scene, 'stage' | 'outputs' | 'client' | 'ask'> & {
  readonly slipway: Slipway;
  /** A request in the model's own form, with a key of the stage. */
  call(model: string): Promise<Response>;
};

/** The place of a proof. */
export type Ground = {
  /** The account's resources of the stage, as `kind name`. */
  inventory(): Promise<readonly string[]>;
  deploy(): Promise<void>;
  open(): Promise<Stage>;
  /** The files of one version of the target's model; the last one starts its deployment. */
  sample(target: Target, version: number): Promise<readonly Placed[]>;
  uninstall(): AsyncIterable<Outcome>;
};

export type ProveOptions = {
  /** The upgrade, the rollback and the looks use the model on Lambda. */
  readonly targets: readonly Target[];
  readonly claims: readonly Claim[];
  /** How long callers are watched after a move (milliseconds). */
  readonly watchMs: number;
  /** Ends all work in progress, except the removal, which always runs. */
  readonly signal: AbortSignal;
  tell(act: Act): void;
};

type Run = Pick<ProveOptions, 'signal' | 'watchMs'> & Pick<Ground, 'sample'> & Pick<Ledger, 'act'>;
/** The acts of a target's model: `answered` where a caller got an answer from it. */
type Tried = { readonly uploads: readonly Uploaded[]; readonly answered: boolean };
type Moved = Pick<Scene, 'uploads' | 'answers' | 'at'>;

const OK = 200;
const NEVER = Number.POSITIVE_INFINITY;
const UNMOVED: Moved = {
  uploads: [],
  answers: [],
  at: { upgraded: NEVER, asked: NEVER, rolledBack: NEVER },
};

/** The model that is pushed for a target. */
export const modelOn = (target: Target): string => `prove-${target}`;

/**
 * Deploys a stage, pushes a model to each target, upgrades and rolls back the one on Lambda under traffic, examines the claims, and removes the stage again, whatever has failed before.
 * A failed act ends the acts that need it, and is recorded like any other. Fails with `InputInvalid`, before anything is created, where something of the stage already exists.
 */
export async function prove(ground: Ground, options: ProveOptions): Promise<Proven> {
  const before = await ground.inventory();
  if (before.length > 0) {
    throw new Failure('InputInvalid', `the stage is there already: ${before.join(', ')}`, {
      fix: 'Name a stage of which the account has nothing: a proof removes its stage in the end.',
    });
  }
  const { acts, act, always } = ledger(options.signal, options.tell);
  const run: Run = { ...options, act, sample: ground.sample };
  let seen: Pick<Proven, 'findings' | 'requests'> = {
    findings: [],
    requests: { sent: 0, lost: 0 },
  };
  try {
    const stage = await act('deploy the stage', async () => {
      await ground.deploy();
      return ground.open();
    });
    if (stage) seen = await proveStage(run, stage, options);
  } finally {
    await always('remove the stage', () => removed(ground.uninstall()));
  }
  const left = await always('look at what is left', ground.inventory);
  return { acts, ...seen, leftovers: left ?? ['unknown: the account did not tell'] };
}

async function proveStage(run: Run, stage: Stage, { targets, claims }: ProveOptions) {
  const answered = new Set<Target>();
  let moved = UNMOVED;
  for (const target of targets) {
    const tried = await proveTarget(run, stage, target);
    if (tried.answered) answered.add(target);
    if (target === 'lambda') moved = { ...moved, uploads: tried.uploads };
    if (target === 'lambda' && tried.answered) moved = await proveMoves(run, stage, tried.uploads);
  }
  const scene: Scene = { ...stage, model: modelOn('lambda'), answered, ...moved };
  const findings: Finding[] = [];
  await run.act('look at the claims', async () => {
    for (const claim of claims) findings.push(await lookAt(claim, scene));
    const seen = findings.filter(({ verdict }) => verdict !== 'not seen');
    return `${seen.length} of ${findings.length} seen`;
  });
  const sent = moved.answers.length;
  const lost = moved.answers.filter(({ status }) => status !== OK).length;
  return { findings, requests: { sent, lost } };
}

async function proveTarget(run: Run, stage: Stage, target: Target): Promise<Tried> {
  const model = modelOn(target);
  const uploads: Uploaded[] = [];
  const isLive = await run.act(`push ${model}, version 1`, async () => {
    uploads.push(await upload(run, stage, target, 1));
    await uploadedIsLive(run, stage, uploads);
    return 'it is Live';
  });
  const isAnswered =
    isLive &&
    (await run.act(`call ${model}`, async () => {
      const { status } = await stage.call(model);
      if (status === OK) return `answered ${status}`;
      throw new Failure('RevisionFailed', `its caller was answered ${status}`);
    }));
  return { uploads, answered: isAnswered !== undefined };
}

async function proveMoves(run: Run, stage: Stage, first: readonly Uploaded[]): Promise<Moved> {
  const model = modelOn('lambda');
  const uploads = [...first];
  const at = { ...UNMOVED.at };
  const watch = () => sleep(run.watchMs, undefined, { signal: run.signal });
  const traffic = startTraffic(() => stage.call(model));
  const isLive = await run.act(`push ${model}, version 2, under traffic`, async () => {
    uploads.push(await upload(run, stage, 'lambda', 2));
    await uploadedIsLive(run, stage, uploads);
    at.upgraded = traffic.nowMs();
    await watch();
    return 'it is Live';
  });
  if (isLive) {
    await run.act(`roll ${model} back, under traffic`, async () => {
      at.asked = traffic.nowMs();
      const { deploymentId, after } = await stage.slipway.rollBack({ name: model, to: 1 });
      if (deploymentId === null) throw new Failure('RevisionFailed', 'there is nothing to do');
      await live(run, stage.slipway, deploymentId, after);
      at.rolledBack = traffic.nowMs();
      await watch();
    });
  }
  return { uploads, answers: await traffic.stop(), at };
}

async function upload(
  { sample, signal }: Run,
  { slipway }: Stage,
  target: Target,
  version: number,
): Promise<Uploaded> {
  let last: Uploaded | undefined;
  for (const placed of await sample(target, version)) {
    last = await slipway.upload({ ...placed, signal, onSent: () => {} });
  }
  return last ?? Promise.reject(new Failure('InputInvalid', 'there is no file to upload'));
}

async function uploadedIsLive(
  run: Run,
  { slipway }: Stage,
  uploads: readonly Uploaded[],
): Promise<void> {
  const id = uploads.at(-1)?.deploymentId;
  if (!id) throw new Failure('InputInvalid', 'the upload starts no deployment');
  await live(run, slipway, id, '');
}

async function live(
  { signal }: Run,
  slipway: Slipway,
  deployment: string,
  after: string,
): Promise<void> {
  const events = await slipway.readEvents({ deployment, after, follow: true });
  for await (const { event } of untilAborted(events, signal)) {
    if (!endsDeployment(event)) continue;
    const { state, reason } = event.detail;
    if (state === 'Live') return;
    throw new Failure('RevisionFailed', `${state}: ${reason}`);
  }
  throw new Failure('PlatformUnavailable', 'the time was up before it was Live');
}

function endsDeployment(event: SlipwayEvent): boolean {
  return event['detail-type'] === 'Deployment State Change' && isTerminal(event.detail.state);
}

/** The number of removed resources, as text. Fails with those that could not be removed. */
async function removed(outcomes: AsyncIterable<Outcome>): Promise<string> {
  const all: Outcome[] = [];
  for await (const outcome of outcomes) all.push(outcome);
  const left = all.filter(({ reason }) => reason !== '');
  if (left.length === 0) return `removed ${all.length} things`;
  const reasons = left.map(({ what, reason }) => `${what}: ${reason}`);
  throw new Failure('PlatformUnavailable', `left ${reasons.join('; ')}`);
}
