import type { WorkflowName } from '#ports/executions.ts';
import { edgesOf, machines } from './asl.ts';
import { type Script, type Walk, walk } from './walk.ts';

export type Case = {
  readonly name: string;
  readonly script: Script;
  readonly states: readonly string[];
  readonly outcome: string;
};

export const denied = { throws: 'PlatformDenied' } as const;
export const rolledBack = { kind: 'RolledBack', drainSeconds: 0 } as const;
export const lease = { epoch: 1, resume: 'none', retrySeconds: 0, attempt: 1 } as const;

/** The states from the commit on. */
export const COMMITTED = [
  ...['CommitDeployment', 'DrainPrevious', 'RetirePrevious'],
  ...['ReleaseLease', 'WhichEnd', 'Live'],
];
/** The states of a deployment that is given up, but for how it ends. */
export const GIVEN_UP = ['Compensate', 'ReleaseLease', 'WhichEnd'];

/** A case whose deployment is given up after these states. */
export const failing = (name: string, script: Script, states: readonly string[]): Case => ({
  name,
  script,
  states: [...states, ...GIVEN_UP, 'Failed'],
  outcome: 'DeploymentFailed',
});

export const rolling = (name: string, script: Script, states: readonly string[]): Case => ({
  name,
  script: { ...script, Compensate: rolledBack },
  states: [...states, 'RollBack', ...GIVEN_UP, 'RolledBack'],
  outcome: 'DeploymentRolledBack',
});

/** A case whose deployment a person has given up after these states. */
export const aborting = (name: string, script: Script, states: readonly string[]): Case =>
  succeeding(name, { ...script, Compensate: { kind: 'Aborted', drainSeconds: 0 } }, [
    ...states,
    ...GIVEN_UP,
    'Aborted',
  ]);

export const succeeding = (name: string, script: Script, states: readonly string[]): Case => ({
  name,
  script,
  states,
  outcome: 'Succeeded',
});

/** How a lease is come by; `start` are the states up to the look at it, `goesOn` those after it. */
export function leaseCases(start: readonly string[], goesOn: readonly string[]): readonly Case[] {
  const failed = (name: string, script: Script, states: readonly string[]): Case => ({
    name,
    script,
    states: [...states, 'Failed'],
    outcome: 'DeploymentFailed',
  });
  const held = { ...lease, kind: 'held' } as const;
  const acquired = { ...lease, kind: 'acquired', attempt: 2 } as const;
  return [
    succeeding(
      'it waits while another deployment of its model is in progress',
      {
        AcquireLease: [held, acquired],
      },
      [...start, 'WaitForLease', 'AcquireLease', 'HasLease', ...goesOn],
    ),
    failed(
      'waiting for the lease ends after 600 looks',
      {
        AcquireLease: { ...held, attempt: 600 },
      },
      start,
    ),
    failed(
      'waiting for the lease ends when the step says so',
      {
        AcquireLease: { ...lease, kind: 'givenUp' },
      },
      start,
    ),
    succeeding(
      'one that was aborted while it waited is no incident',
      { AcquireLease: { ...lease, kind: 'aborted' } },
      [...start, 'Aborted'],
    ),
    failed('a lease that cannot be asked for fails', { AcquireLease: denied }, start.slice(0, -1)),
  ];
}

/** A recovery that goes on where the deployment stood. */
export function recoveryCases(start: readonly string[]): readonly Case[] {
  const acquired = { ...lease, kind: 'acquired' } as const;
  return [
    rolling(
      'a recovery goes on rolling back',
      {
        AcquireLease: { ...acquired, resume: 'rollback' },
      },
      start,
    ),
    succeeding(
      'a recovery goes on after the commit',
      {
        AcquireLease: { ...acquired, resume: 'retire' },
      },
      [...start, ...COMMITTED],
    ),
  ];
}

/** Walks each case, and every edge of the workflow by some case. */
export function describeWalks(workflow: WorkflowName, cases: readonly Case[]): void {
  const walks = new Map<string, Promise<Walk>>();
  const walked = ({ name, script }: Case) => {
    const run = walks.get(name) ?? walk(script, workflow);
    walks.set(name, run);
    return run;
  };

  it.each(cases)('$name', async (each) => {
    const { states, outcome } = await walked(each);

    expect({ states, outcome }).toEqual({ states: each.states, outcome: each.outcome });
  });

  it('has every edge walked by some case, and no other', async () => {
    const taken = (await Promise.all(cases.map(walked))).flatMap((run) => run.edges);

    const name = ({ from, by, to }: { from: string; by: string; to: string }) =>
      `${from} -${by}→ ${to}`;
    const edges = edgesOf(machines[workflow]);
    expect([...new Set(taken.map(name))].sort()).toEqual(edges.map(name).sort());
  });
}
