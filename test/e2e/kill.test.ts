import { eventually } from '../support/clock/eventually.ts';
import { share } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';
import { usedTicks } from '../support/local/processes.ts';
import { addConstantModel, slowModel } from '../support/models/onnx.ts';
import { type Aftermath, killings, type Work } from '../support/slipway/killed.ts';
import { deployOn, rollbackOn, undeployOn } from '../support/slipway/killed-work.ts';
import { drop, processesOf, startSlipway, temporaryFolder } from '../support/slipway/running.ts';
import { machines } from '../support/walk/asl.ts';

// Processes are served without an image; a kill in a build is in test/docker.
const BUILDS: readonly string[] = [
  ...['BuildEnvironment', 'GrantBuild', 'BuildOwnImage', 'BuildImage', 'ExplainBuild'],
];

// A server that waits for a request uses no CPU.
const RUN_TICKS = 30;

// These steps know no target.
const BEFORE_A_TARGET: readonly string[] = [
  'AdmitDeployment',
  'AcquireLease',
  'InspectArtifact',
  'PlanBuild',
  'ChooseTarget',
];

/** One machine has all targets. */
const WAITS = ['AwaitContainers'];

/** Another step than the one before leads to these. */
const BRANCHES = ['RollBack', 'Compensate'];

/** When the first step of a machine begins, and when each has ended, but those of `without`: nothing is written from then until the next one begins. */
function momentsOf(workflow: keyof typeof machines, without: readonly string[]) {
  return Object.entries(machines[workflow].states)
    .filter(([state, { Type }]) => Type === 'Task' && !without.includes(state))
    .flatMap(([state], index) =>
      index === 0 || BRANCHES.includes(state)
        ? [`${state} begins`, `${state} ended`]
        : [`${state} ended`],
    );
}

const WORKS: readonly Work[] = [
  {
    name: 'an upgrade on lambda',
    machine: deployOn('lambda'),
    moments: momentsOf('deploy', [...BUILDS, ...WAITS, 'ProvisionFargate', 'ProvisionEc2']),
  },
  {
    name: 'an upgrade on fargate',
    machine: deployOn('fargate'),
    moments: momentsOf('deploy', [
      ...BUILDS,
      ...WAITS,
      ...BEFORE_A_TARGET,
      'ProvisionLambda',
      'ProvisionEc2',
    ]),
  },
  {
    name: 'an upgrade on ec2',
    machine: deployOn('ec2'),
    moments: ['ProvisionEc2 begins', 'ProvisionEc2 ended'],
  },
  {
    name: 'a rollback',
    machine: rollbackOn('fargate'),
    moments: momentsOf('rollback', []),
  },
  {
    name: 'an undeploy',
    machine: undeployOn('fargate'),
    moments: momentsOf('undeploy', []),
  },
];

/** Some kill at each moment is a run of test/matrix too, in memory: here a run tries a third of them, which the seed chooses. */
const TRIED = WORKS.map((work) => ({ ...work, moments: share(work.moments) }));
process.stdout.write(
  `${TRIED.flatMap(({ moments }) => moments).length} of ${WORKS.flatMap(({ moments }) => moments).length} moments; SLIPWAY_SEED=${SEED}\n`,
);

let seenAfter: ReturnType<typeof killings>;

beforeAll(() => {
  seenAfter = killings(TRIED);
});

describe.each(TRIED)('a Slipway that is killed in the middle of $name', ({ name, moments }) => {
  it.each(moments)(
    'serves what was live before it goes on, and then finishes, when it was killed as %s',
    async (moment) => {
      const seen = await seenAfter(name, moment);

      expect(seen.first.status).toBe(200);
      expect(seen.endings.map(({ state, reason }) => `${state}: ${reason}`)).toEqual([
        expect.stringMatching(expectedEnd(name, moment)),
      ]);
      expectConsistent(seen);
    },
  );
});

function expectedEnd(name: string, moment: string): RegExp {
  if (name === 'an undeploy') return moment === 'Compensate ended' ? /^Failed/ : /^Undeployed/;
  if (moment.startsWith('RollBack')) return /^RolledBack/;
  return moment.startsWith('Compensate') ? /^Failed/ : /^Live/;
}

/** Endpoint, live pointer and processes agree. */
function expectConsistent({ live, answer, served }: Aftermath): void {
  expect(served).toEqual(live === null ? [] : [live]);
  expect(answer).toMatchObject(live === null ? { status: 404 } : { status: 200, revision: live });
}

it('a Slipway that is killed leaves no model server behind that was busy inside a run', async () => {
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(folder.path, { hasAnyServer: true });
  slipway.drop('models/slow/model.onnx', slowModel({ seconds: 60 }));
  await slipway.told('slow', ({ state }) => state === 'Provisioning');
  await eventually(async () =>
    JSON.stringify(await slipway.get('/models/slow/logs')).includes('is ready'),
  );
  const [pid = 0] = processesOf(folder.path);
  const idleTicks = usedTicks(pid);
  await eventually(() => usedTicks(pid) > idleTicks + RUN_TICKS);

  await slipway.kill();

  await eventually(() => processesOf(folder.path).length === 0);
  drop(folder.path, 'models/other/model.onnx', addConstantModel({ constant: 20 }));
  await using restarted = await startSlipway(folder.path, { hasAnyServer: true });
  expect((await restarted.ending('other', 1)).detail.state).toBe('Live');
  await restarted.kill();
});
