import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { rollbackRequest, undeployRequest } from '#domain/workflow.ts';
import { explainVersion } from '#operations/models/explain-version.ts';
import { modelActions } from '#operations/models/model-actions.ts';
import { modelStatus, modelVersions, requireModel } from '#operations/models/model-status.ts';
import { admitRollback } from '#steps/admit-rollback.ts';
import { admitUndeploy } from '#steps/admit-undeploy.ts';
import { recover } from '#steps/recover.ts';
import { memoryBuilds } from '../../support/memory/builds.ts';
import { memoryDemand } from '../../support/memory/demand.ts';
import { memoryEnvironments } from '../../support/memory/environments.ts';
import { memoryExecutions } from '../../support/memory/executions.ts';
import { memoryPrices } from '../../support/memory/prices.ts';
import { memoryRegistry } from '../../support/memory/registry.ts';
import {
  goneLive,
  holding,
  idOf,
  leaseFor,
  registryWorld,
  upload,
  walkTo,
} from '../../support/worlds/registry.ts';

const MODEL = 'shapes';

const KNOWN = {
  demand: memoryDemand(),
  prices: memoryPrices(),
  clock: { now: () => 0 },
  isSpent: true,
  measureLive: null,
  together: null,
};

const SEEN = {
  endpoint: 'http://127.0.0.1:8080/models/shapes',
  nowMs: 0,
  alerts: [],
  isSpent: false,
  prices: SHIPPED_PRICES,
};

const RUNNING = {
  of: 'image',
  status: 'IN_PROGRESS',
  phase: 'BUILD',
  phases: [],
  log: null,
} as const;

/** The actions over a registry in memory; a workflow that is started runs its first step, unless it is `deaf`. `onStop` is the rest of its steps' work when it is stopped. */
function actionsOf({ isDeaf = false, onStop = async () => {} } = {}) {
  const world = registryWorld(memoryRegistry);
  const { registry, clock } = world;
  const executions = memoryExecutions();
  const builds = memoryBuilds(memoryEnvironments());
  const first = {
    rollback: admitRollback({ registry, executions }),
    undeploy: admitUndeploy({ registry, executions }),
  };
  const started: typeof executions = {
    ...executions,
    async start(workflow, name, input) {
      await executions.start(workflow, name, input);
      if (isDeaf || workflow === 'deploy') return;
      if (workflow === 'rollback') {
        await first.rollback({ request: rollbackRequest.parse(input), execution: name });
      } else await first.undeploy({ request: undeployRequest.parse(input), execution: name });
    },
    async stop(execution) {
      await onStop();
      await executions.stop(execution);
    },
  };
  const actions = modelActions({
    ...{
      registry,
      executions: started,
      builds: builds.builds,
      recover: recover({ registry, executions: started, mostAttempts: 3 }),
      clock,
    },
    sleep: async (ms) => clock.advance(ms),
  });
  return {
    world,
    builds,
    registry,
    executions,
    actions,
    /** Versions 1 to `n` have gone live one after the other. */
    async live(n: number) {
      for (let version = 1; version <= n; version += 1) {
        const holder = await goneLive(world, version);
        if (version > 1) await registry.markVersion(holder, version - 1, 'Retired');
        await registry.releaseLease(holder);
      }
    },
    /** Upload `n` has begun, and runs. */
    async underWay(n: number) {
      const holder = await holding(world, n);
      executions.begin(`run-${n}`);
      await walkTo(world, holder, 'Baking');
      return holder;
    },
  };
}

describe('an abort of what is being built', () => {
  it('stops the build too, which a stopped execution may leave running', async () => {
    const { world, builds, registry, executions, actions, live } = actionsOf();
    await live(1);
    const holder = await holding(world, 2);
    executions.begin('run-2');
    await walkTo(world, holder, 'Inspected');
    await registry.advance(holder, 'Building', {}, {});
    builds.has(holder.deploymentId, RUNNING);

    const { kind } = await actions.abort(MODEL);

    expect(kind).toBe('aborted');
    expect(await builds.builds.find(holder.deploymentId)).toMatchObject({ status: 'STOPPED' });
  });

  it('stops a build too that began while it was asked for', async () => {
    const { world, builds, registry, executions, actions, live } = actionsOf({
      onStop: async () => {
        await registry.advance(holder, 'Building', {}, {});
        builds.has(holder.deploymentId, RUNNING);
      },
    });
    await live(1);
    const holder = await holding(world, 2);
    executions.begin('run-2');
    await walkTo(world, holder, 'Inspected');

    await actions.abort(MODEL);

    expect(await builds.builds.find(holder.deploymentId)).toMatchObject({ status: 'STOPPED' });
  });
});

describe('a rollback', () => {
  it('starts the workflow for the version that was live before, and answers once it is recorded', async () => {
    const { registry, executions, actions, live } = actionsOf();
    await live(3);

    const asked = await actions.rollback(MODEL, null);

    const id = String(asked.deploymentId);
    expect(asked).toMatchObject({
      kind: 'begun',
      after: '',
      says: 'shapes goes back to version 2',
    });
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(await registry.deployment(id)).toMatchObject({ kind: 'rollback', version: 2 });
    expect(executions.started).toEqual([
      {
        workflow: 'rollback',
        name: `shapes-rollback-${id.slice(0, 16)}-a1`,
        input: {
          kind: 'rollback',
          deploymentId: id,
          model: MODEL,
          to: null,
          reason: 'requested by slipway rollback',
        },
      },
    ]);
  });

  it('takes the version that it is told', async () => {
    const { registry, actions, live } = actionsOf();
    await live(3);

    const { deploymentId } = await actions.rollback(MODEL, 1);

    expect(await registry.deployment(String(deploymentId))).toMatchObject({ version: 1 });
  });

  it.each([
    { versions: 1, to: null, says: 'shapes has no version to go back to' },
    { versions: 2, to: 2, says: 'shapes version 2 is live already' },
  ])('has nothing to do: $says', async ({ versions, to, says }) => {
    const { executions, actions, live } = actionsOf();
    await live(versions);

    const asked = await actions.rollback(MODEL, to);

    expect(asked).toEqual({ kind: 'nothing', deploymentId: null, after: '', says });
    expect(executions.started).toEqual([]);
  });

  it('refuses a version that is gone, and names those that can start', async () => {
    const { world, registry, actions, live } = actionsOf();
    await live(3);
    const holder = await holding(world, 4);
    await registry.markVersion(holder, 1, 'Removed');

    await expect(actions.rollback(MODEL, 1)).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'shapes has no version 1 that could start again',
      fix: 'Those that can: 2.',
    });
  });

  it('aborts a deployment that is under way instead', async () => {
    const { registry, executions, actions, live, underWay } = actionsOf();
    await live(2);
    await underWay(3);

    const asked = await actions.rollback(MODEL, null);

    expect(asked).toMatchObject({ kind: 'aborted', deploymentId: idOf(3) });
    expect((await registry.deployment(idOf(3)))?.trouble).toEqual({
      name: 'Aborted',
      reason: 'aborted by slipway rollback',
      fix: '',
    });
    expect(executions.started.map(({ workflow }) => workflow)).toEqual(['deploy']);
  });

  it('waits behind a deployment that is under way when it is told a version', async () => {
    const { executions, actions, live, underWay } = actionsOf();
    await live(2);
    await underWay(3);

    const asked = await actions.rollback(MODEL, 1);

    expect(asked.kind).toBe('begun');
    expect(await executions.isRunning('run-3')).toBe(true);
  });

  it('joins one that is under way', async () => {
    const { registry, executions, actions, live } = actionsOf();
    await live(2);
    const { deploymentId } = await actions.rollback(MODEL, null);
    const execution = executions.started[0]!.name;
    const holder = { deploymentId: String(deploymentId), epoch: 0 };
    const lease = await registry.acquireLease({ ...leaseFor(9), ...holder, execution });
    await registry.advance({ ...holder, epoch: epochOf(lease) }, 'Provisioning', {}, {});

    const again = await actions.rollback(MODEL, null);

    expect(again).toMatchObject({ kind: 'begun', deploymentId });
    expect(executions.started).toHaveLength(1);
  });

  it('goes back from a version that went live while it was to be aborted', async () => {
    const { registry, actions, live, underWay } = actionsOf();
    await live(2);
    const holder = await underWay(3);
    const look = registry.unended;
    // Between the look and the abort.
    Object.assign(registry, {
      async unended() {
        const seen = await look();
        await registry.commit(holder, { version: 3, previous: 'shapes-v2' }, {});
        return seen;
      },
    });

    const asked = await actions.rollback(MODEL, null);

    expect(asked.says).toBe('shapes goes back to version 2');
  });

  it('is unavailable when the workflow does not begin within a minute', async () => {
    const { actions, live } = actionsOf({ isDeaf: true });
    await live(2);

    await expect(actions.rollback(MODEL, null)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: 'the rollback of shapes did not begin within 60 s',
    });
  });

  it.each(['rollback', 'undeploy', 'abort'] as const)(
    'of no model is refused, as any %s is',
    async (action) => {
      const { actions } = actionsOf();

      await expect(actions[action]('nobody', null)).rejects.toMatchObject({
        name: 'InputInvalid',
        message: 'no model nobody',
      });
    },
  );
});

describe('an undeploy of a model with a deployment under way', () => {
  it('aborts that, and goes on once it is taken back', async () => {
    const { registry, executions, actions, live, underWay } = actionsOf();
    await live(1);
    await underWay(2);

    const { kind } = await actions.undeploy(MODEL);

    expect(kind).toBe('begun');
    expect(await executions.isRunning('run-2')).toBe(false);
    expect((await registry.deployment(idOf(2)))?.trouble).toMatchObject({
      name: 'Aborted',
      reason: 'aborted by slipway undeploy',
    });
    expect(executions.started.map(({ workflow }) => workflow)).toEqual(['undeploy', 'deploy']);
  });
});

describe('an abort', () => {
  it('stops the execution, and has another one take back what was done', async () => {
    const { executions, actions, live, underWay } = actionsOf();
    await live(1);
    await underWay(2);

    const asked = await actions.abort(MODEL);

    expect(asked.kind).toBe('aborted');
    expect(await executions.isRunning('run-2')).toBe(false);
    expect(executions.started).toEqual([
      {
        workflow: 'deploy',
        name: `shapes-${idOf(2).slice(0, 16)}-a2`,
        input: expect.objectContaining({ recovery: { deploymentId: idOf(2) } }),
      },
    ]);
  });

  it('answers where the events went that are still to come', async () => {
    const { registry, actions, underWay } = actionsOf();
    await underWay(1);

    const { after } = await actions.abort(MODEL);

    const { events } = await registry.events({ after, limit: 10, deploymentId: idOf(1) });
    expect(after).not.toBe('');
    expect(events).toEqual([]);
  });

  it('takes the deployment that has begun before one that waits', async () => {
    const { registry, actions, underWay } = actionsOf();
    await underWay(1);
    await registry.admit(upload(2));

    expect(await actions.abort(MODEL)).toMatchObject({ deploymentId: idOf(1) });
  });

  it('has nothing to do when nothing is under way', async () => {
    const { actions, live } = actionsOf();
    await live(1);

    expect(await actions.abort(MODEL)).toMatchObject({
      kind: 'nothing',
      says: 'no deployment of shapes is under way',
    });
  });

  it('is too late once the version is live, and says what to do', async () => {
    const { world, actions } = actionsOf();
    await goneLive(world, 1);

    await expect(actions.abort(MODEL)).rejects.toMatchObject({
      name: 'PhaseConflict',
      message: 'shapes-v1 is live already',
      fix: 'Go back to the version before with `slipway rollback shapes`.',
    });
  });

  it('does not stop a model that is being undeployed', async () => {
    const { registry, executions, actions, live } = actionsOf();
    await live(1);
    const { deploymentId } = await actions.undeploy(MODEL);
    const execution = executions.started[0]!.name;
    const holder = { deploymentId: String(deploymentId), epoch: 0 };
    const lease = await registry.acquireLease({ ...leaseFor(9), ...holder, execution });
    await registry.advance({ ...holder, epoch: epochOf(lease) }, 'Undeploying', {}, {});

    await expect(actions.abort(MODEL)).rejects.toMatchObject({ name: 'PhaseConflict' });
    await expect(actions.rollback(MODEL, null)).rejects.toMatchObject({ name: 'PhaseConflict' });
  });
});

describe('an undeploy', () => {
  it('starts the workflow, and says what goes', async () => {
    const { registry, executions, actions, live } = actionsOf();
    await live(2);

    const { deploymentId, says } = await actions.undeploy(MODEL);

    expect(says).toBe('shapes is being undeployed: its endpoint and 2 versions');
    expect(await registry.deployment(String(deploymentId))).toMatchObject({ kind: 'undeploy' });
    expect(executions.started[0]).toMatchObject({ workflow: 'undeploy' });
  });

  it('of a model whose uploads were all refused is one too, after which its status has none', async () => {
    const { world, registry, actions } = actionsOf();
    const holder = await holding(world, 1);
    await registry.advance(holder, 'Rejected', {}, { reason: 'it is a text' });
    await registry.releaseLease(holder);

    const before = await modelStatus(registry, await requireModel(registry, MODEL), SEEN);
    const { kind, says } = await actions.undeploy(MODEL);
    const after = await modelStatus(registry, await requireModel(registry, MODEL), SEEN);

    expect(before.newest?.phase).toBe('Rejected');
    expect(kind).toBe('begun');
    expect(says).toBe('shapes has nothing deployed; what became of its uploads is no longer shown');
    expect(after).toMatchObject({ live: null, newest: null });
  });

  it('joins one that is under way', async () => {
    const { executions, actions, live } = actionsOf();
    await live(1);
    const { deploymentId } = await actions.undeploy(MODEL);

    expect(await actions.undeploy(MODEL)).toMatchObject({ kind: 'begun', deploymentId });
    expect(executions.started).toHaveLength(1);
  });
});

describe('what is told of versions', () => {
  it('has the one that is live alone as Live, also while the one before drains', async () => {
    const { world, registry } = actionsOf();
    await registry.releaseLease(await goneLive(world, 1));
    await goneLive(world, 2);

    const versions = await modelVersions(registry, await requireModel(registry, MODEL));

    expect(versions.map(({ version, state, artifact }) => [version, state, artifact])).toEqual([
      [2, 'Live', 'models/shapes/model.onnx'],
      [1, 'Retired', 'models/shapes/model.onnx'],
    ]);
  });

  it('explains the live version, or one that never went live', async () => {
    const { world, registry, live } = actionsOf();
    await live(2);
    await walkTo(world, await holding(world, 3), 'Inspected');
    const model = await requireModel(registry, MODEL);

    const explained = await Promise.all(
      [null, 1, 3].map((version) => explainVersion({ ...KNOWN, registry }, model, version)),
    );

    expect(explained.map(({ version, phase }) => [version, phase])).toEqual([
      [2, 'Live'],
      [1, 'Live'],
      [3, 'Inspected'],
    ]);
    expect(explained[2]).toMatchObject({ target: null, options: [], shift: null, proof: null });
  });

  it('refuses to explain a version that never was', async () => {
    const { registry, live } = actionsOf();
    await live(1);

    const model = await requireModel(registry, MODEL);

    await expect(explainVersion({ ...KNOWN, registry }, model, 2)).rejects.toThrow(
      'shapes has no version 2',
    );
  });
});

function epochOf(lease: Awaited<ReturnType<ReturnType<typeof memoryRegistry>['acquireLease']>>) {
  if (lease.kind !== 'acquired') throw new Error(`the lease is ${lease.kind}`);
  return lease.epoch;
}
