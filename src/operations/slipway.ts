import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bounded } from '#adapters/aws/bounded.ts';
import type { CalledHours, Traffic } from '#control/models.ts';
import type { Control, Input } from '#control/operation.ts';
import type { everywhere } from '#control/operations.ts';
import type { CursoredEvent } from '#control/streams.ts';
import type { BuildProgress } from '#domain/build/build-progress.ts';
import type { Damage, Model, ModelVersion } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { learntSince } from '#domain/placement/learnt.ts';
import { averagedOver } from '#domain/placement/tiers.ts';
import { SHIPPED_PRICES, type UnitPrices } from '#domain/placement/unit-prices.ts';
import { type StepRun, workflowGraph } from '#domain/workflow-graph.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { Prices } from '#ports/prices.ts';
import { ifKnown } from '#steps/learnt-before.ts';
import {
  type Captured,
  captureOf,
  exported,
  feedbackText,
  forget,
  joinTruths,
} from './models/captured.ts';
import { comparisonReport } from './models/comparison-report.ts';
import { diffVersions } from './models/diff-versions.ts';
import { explainVersion } from './models/explain-version.ts';
import type { LiveMeasurements } from './models/measure-live.ts';
import { type Deps as Acting, modelActions } from './models/model-actions.ts';
import {
  type ModelLogs,
  modelLog,
  modelStatus,
  modelVersions,
  requireModel,
} from './models/model-status.ts';
import { promotionActions } from './models/promotion-actions.ts';
import { refusedDrops } from './models/refused-drops.ts';
import { tagVersion, versionTagged } from './models/tag-version.ts';
import { useTogether } from './models/use-together.ts';
import { ROOT } from './root.ts';

type Requests = Control<typeof everywhere>;

/** The parts that differ between one machine and an account. */
type Deps = Acting &
  Captured & {
    readonly bucket: string;
    readonly endpoint: (model: string) => string;
    /** The current faults of a live version. */
    readonly alerts: (live: ModelVersion) => Promise<readonly Damage[]>;
    /** The drops that became no version. */
    readonly untaken: () => Promise<Parameters<typeof refusedDrops>[1]>;
    /** Whether the bucket still has an object of a model by this name. */
    readonly isInBucket: (name: string) => Promise<boolean>;
    readonly logs: () => ModelLogs;
    /** The requests that the models got. */
    readonly demand: DemandHistory;
    readonly prices: Pick<Prices, 'read'>;
    /** Whether running a model costs what AWS charges. */
    readonly isSpent: boolean;
    /** The measurements of live versions that no build has measured; null in an account. */
    readonly measurements: LiveMeasurements | null;
    /** How the requests of a model went in its last minutes. */
    readonly traffic: (model: Model, minutes: number) => Promise<Traffic>;
    readonly listBuilds: () => Promise<readonly BuildProgress[]>;
    readonly readEvents: (
      query: Input<(typeof everywhere)['readEvents']>,
      signal: AbortSignal,
    ) => Promise<AsyncGenerator<CursoredEvent, void>>;
    readonly objects: (prefix: string) => Promise<readonly string[]>;
    readonly remove: (key: string) => Promise<void>;
    /** The steps of an execution, oldest first; empty for one that is no longer known. */
    readonly steps: (execution: string) => Promise<readonly StepRun[]>;
    /** The identity of the person who answers a promotion, from their own statement; an account knows its caller better. */
    readonly answeredBy: (said: string) => Promise<string>;
  };

const READS_AT_ONCE = 10;
const NEVER = new AbortController().signal;

/** The requests that every Slipway answers, over its registry. */
export function slipwayRequests(deps: Deps): Requests {
  const { registry, clock } = deps;
  const actions = modelActions(deps);
  const promotions = promotionActions(deps);
  const known = (name: string) => requireModel(registry, name);
  const pricesNow = async () => (await ifKnown(deps.prices.read())) ?? SHIPPED_PRICES;
  const together = useTogether(deps);
  /** Null where nobody wants to know the costs. */
  const sharedPrices = async ({ costs = true }: { readonly costs?: boolean | undefined }) => {
    if (!costs) return null;
    const [prices, use] = await Promise.all([pricesNow(), together()]);
    return averagedOver(prices, use);
  };
  const statusOf = async (model: Model, prices: UnitPrices | null) =>
    modelStatus(registry, model, {
      prices,
      endpoint: deps.endpoint(model.name),
      nowMs: clock.now(),
      alerts: model.live ? await deps.alerts(model.live) : [],
      isSpent: deps.isSpent,
    });
  const deploymentOf = async (id: string) => {
    const deployment = await registry.deployment(id);
    if (deployment) return deployment;
    throw new Failure('InputInvalid', `no deployment ${id}`, { isAbsent: true });
  };
  return {
    async listModels(asked) {
      const [models, prices] = await Promise.all([registry.models(), sharedPrices(asked)]);
      return { models: await bounded(models, READS_AT_ONCE, (model) => statusOf(model, prices)) };
    },
    listRefused: async () => ({
      refused: await refusedDrops(registry, await deps.untaken(), deps.isInBucket),
    }),
    readModel: async ({ name, ...asked }) => statusOf(await known(name), await sharedPrices(asked)),
    readLogs: async ({ name, tail, since }) =>
      modelLog(registry, deps.logs(), {
        model: await known(name),
        query: {
          ...(tail !== undefined && { tail }),
          ...(since !== undefined && { sinceMs: Date.parse(since) }),
        },
      }),
    listVersions: async ({ name }) => ({
      versions: await modelVersions(registry, await known(name)),
    }),
    diffVersions: async ({ name, from, to }) =>
      diffVersions(registry, await known(name), { from: from ?? null, to: to ?? null }),
    readReport: async ({ name, from, to }) => {
      const asked = { from: from ?? null, to: to ?? null };
      const found = await diffVersions(registry, await known(name), asked);
      const names = { model: name, from: `v${found.from}`, to: `v${found.to}` };
      return { type: 'text/html; charset=utf-8', text: comparisonReport(names, found) };
    },
    async explainVersion({ name, version, measure = true, costs = true }) {
      const measureLive = deps.measurements?.[measure ? 'measure' : 'known'] ?? null;
      const asked = { ...deps, measureLive, together: costs ? together : null };
      return explainVersion(asked, await known(name), version ?? null);
    },
    readCapture: async ({ name }) => captureOf(deps, await known(name)),
    exportCapture: async ({ name }) => exported(deps, (await known(name)).name),
    forgetCapture: async ({ name, day }) => forget(deps, (await known(name)).name, day ?? null),
    giveFeedback: async ({ name, bytes }) =>
      joinTruths(deps, (await known(name)).name, await feedbackText(bytes)),
    readDemand: async ({ name }) => demandOf(deps, await known(name)),
    readTraffic: async ({ name, minutes }) => deps.traffic(await known(name), minutes),
    tagVersion: async ({ name, tag, version }) =>
      tagVersion(registry, await known(name), { tag, version: version ?? null }),
    async rollBack({ name, to, tag }) {
      if (tag === undefined) return actions.rollback(name, to ?? null);
      if (to !== undefined) throw toTwice();
      return actions.rollback(name, await versionTagged(registry, await known(name), tag));
    },
    abort: ({ name }) => actions.abort(name),
    undeploy: ({ name }) => actions.undeploy(name),
    readRelease: ({ name, version, place }) => promotions.release(name, version ?? null, place),
    promote: (promotion) => promotions.promote(promotion),
    answerPromotion: async ({ name, by, ...answer }) =>
      promotions.answer(name, { ...answer, by: await deps.answeredBy(by) }),
    readDeployment: ({ id }) => deploymentOf(id),
    async readSteps({ id }) {
      const { kind, execution, attempt } = await deploymentOf(id);
      // A repair starts a version again, by the workflow of rollbacks.
      const workflow = kind === 'repair' ? 'rollback' : kind;
      return { workflow, attempt, steps: await deps.steps(execution) };
    },
    async readWorkflow({ workflow }) {
      const path = join(ROOT, 'statemachines', `${workflow}.asl.json`);
      return workflowGraph(JSON.parse(await readFile(path, 'utf8')));
    },
    listBuilds: async () => ({ builds: await deps.listBuilds() }),
    readEvents: (query, signal = NEVER) => askedEvents(deps.readEvents, query, signal),
    listObjects: async ({ prefix }) => ({ keys: await deps.objects(prefix) }),
    async removeObject({ key }) {
      await deps.remove(key);
      return { key };
    },
  };
}

function toTwice(): Failure {
  return new Failure('InputInvalid', 'a version and a tag are given, and one of them is enough');
}

/** The requests that the live version got, for as long as they are known; none without a live version. */
async function demandOf(
  { registry, demand, clock }: Pick<Deps, 'registry' | 'demand' | 'clock'>,
  { name, live }: Model,
): Promise<CalledHours> {
  const nowMs = clock.now();
  const versions = live ? await registry.versions(name) : [];
  const hours = live ? await demand.hours(live, learntSince(nowMs), versions) : [];
  const firstMs = Math.min(live?.liveAtMs ?? nowMs, ...hours.map(({ atMs }) => atMs));
  return { sinceMs: Math.max(learntSince(nowMs), firstMs), nowMs, hours };
}

/** The events that a reader asks for, oldest first. If `last` is given without a cursor, all events so far are read, and only the newest `last` of them are kept. */
async function askedEvents(
  readEvents: Deps['readEvents'],
  { last, ...query }: Input<(typeof everywhere)['readEvents']>,
  signal: AbortSignal,
): Promise<AsyncGenerator<CursoredEvent, void>> {
  if (last === undefined || (query.after ?? '') !== '') return readEvents(query, signal);
  const newest: CursoredEvent[] = [];
  for await (const each of await readEvents({ ...query, follow: false }, signal)) {
    newest.push(each);
    if (newest.length > last) newest.shift();
  }
  const after = newest.at(-1)?.cursor ?? '';
  return (async function* () {
    yield* newest;
    if (query.follow) yield* await readEvents({ ...query, after }, signal);
  })();
}
