import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { Registry } from '#ports/registry.ts';
import { admitRollback } from '#steps/admit-rollback.ts';
import { admitUndeploy } from '#steps/admit-undeploy.ts';
import { compensate } from '#steps/compensate.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { eventually } from '../support/clock/eventually.ts';
import { memoryExecutions } from '../support/memory/executions.ts';
import { candidateOf, holding, idOf, leaseFor, walkTo } from '../support/worlds/registry.ts';
import { candidateThatWrote } from './cli-containers.ts';
import { type CliWorld, installInMoto, twoVersions } from './cli-world.ts';

type Started = { readonly name: string; readonly input: never };

describeOnMoto('slipway in AWS, with versions', (moto) => {
  let world: CliWorld;
  let registry: Registry;

  beforeEach(async () => {
    await moto().reset();
    world = await installInMoto(moto(), 'dev');
    registry = await twoVersions(moto(), world);
  });

  /** The execution of a workflow that the command line has started: the test plays the part of its steps. */
  async function started(machine: string): Promise<Started> {
    const sfn = awsClient(SFNClient, moto());
    const stateMachineArn = world.outputs[machine];
    const { executionArn } = await eventually(async () => {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
      return executions[0];
    });
    const { name = '', input = '' } = await sfn.send(
      new DescribeExecutionCommand({ executionArn }),
    );
    return { name, input: JSON.parse(input) as never };
  }

  async function lease(deploymentId: string, execution: string) {
    const taken = await registry.acquireLease({ ...leaseFor(1), deploymentId, execution });
    if (taken.kind !== 'acquired') throw new Error(`the lease is ${taken.kind}`);
    return { deploymentId, epoch: taken.epoch };
  }

  it('rolls back by the workflow, and follows it until the version is live', async () => {
    const command = world.command(['rollback', 'shapes']);
    const { name, input } = await started('RollbackWorkflow');
    const admitted = await admitRollback({ registry, executions: memoryExecutions() })({
      request: input,
      execution: name,
    });
    const holder = await lease(admitted.id, name);
    const deployment = await registry.deployment(admitted.id);
    const candidate = candidateOf(deployment!);
    await registry.advance(holder, 'Provisioning', { candidate }, {});
    for (const phase of ['Ready', 'Shifting', 'Baking'] as const) {
      await registry.advance(holder, phase, {}, {});
    }
    await registry.commit(holder, { version: 1, previous: 'shapes-v2' }, { reason: 'it works' });

    const { code, stdout } = await command.result;

    expect(input).toMatchObject({ kind: 'rollback', model: 'shapes', to: null });
    expect(stdout).toMatch(
      /^shapes goes back to version 1\n[\s\S]*Live +shapes v1[\s\S]*shapes v1 is live on lambda/,
    );
    expect(code).toBe(0);
  });

  it('aborts a deployment by a recovery that takes it back', async () => {
    await walkTo({ registry } as never, await holding({ registry } as never, 3), 'Provisioning');
    const command = world.command(['abort', 'shapes']);
    const { name, input } = await started('StateMachine');
    await registry.adopt(idOf(3), 'run-3', name);
    const holder = await lease(idOf(3), name);
    const none = { shares: async () => ({}), remove: async () => {} } as never;
    await compensate({ registry, router: none, platforms: { lambda: none } as never })({
      ...holder,
      error: { Error: '', Cause: '' },
    });

    const { code, stdout } = await command.result;

    expect(input).toMatchObject({ recovery: { deploymentId: idOf(3) } });
    expect(stdout).toMatch(/Aborted +shapes v3\n +aborted by slipway abort\nshapes v2 is live/);
    expect(stdout).not.toMatch(/Admitted/);
    expect(code).toBe(0);
  });

  it('undeploys by the workflow, and follows it until all is gone', async () => {
    const command = world.command(['undeploy', 'shapes', '--yes']);
    const { name, input } = await started('UndeployWorkflow');
    const admitted = await admitUndeploy({ registry, executions: memoryExecutions() })({
      request: input,
      execution: name,
    });
    const holder = await lease(admitted.id, name);
    await registry.advance(holder, 'Undeploying', {}, {});
    await registry.retract(holder);
    await registry.advance(holder, 'Undeployed', {}, {});

    const { code, stdout } = await command.result;

    expect(stdout).toMatch(/removes shapes-v2 on lambda, Live[\s\S]*nothing of shapes is live/);
    expect(code).toBe(0);
  });

  it('shows the versions, and explains one', async () => {
    const versions = await world.run(['versions', 'shapes', '--json']);
    const explained = await world.run(['explain', 'shapes', '--version', '1', '--json']);

    expect(JSON.parse(versions.stdout).versions).toMatchObject([
      { version: 2, state: 'Live' },
      { version: 1, state: 'Retired' },
    ]);
    expect(JSON.parse(explained.stdout)).toMatchObject({ version: 1, deploymentId: idOf(1) });
  });

  it('shows what a container wrote', async () => {
    const timestamp = await candidateThatWrote('the model is loaded', moto(), world, registry);

    const shown = await world.run(['logs', 'shapes', '--json']);

    expect(JSON.parse(shown.stdout)).toEqual({
      revision: 'shapes-v3',
      lines: [`${new Date(timestamp).toISOString()} the model is loaded`],
    });
  });
});
