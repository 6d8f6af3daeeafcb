import {
  ListExecutionsCommand,
  SFNClient,
  type StartExecutionCommandOutput,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { stepFunctionsExecutions } from '#adapters/aws/step-functions-executions.ts';
import type { Executions, WorkflowName } from '#ports/executions.ts';
import { describeExecutions } from '../../contracts/executions.ts';
import { awsClient } from '../../support/aws/clients.ts';
import { itBearsFaults } from '../../support/aws/fault-matrix.ts';
import { awsFault } from '../../support/aws/faults.ts';
import { describeOnMoto } from '../../support/aws/moto.ts';
import { addMiddleware, awsRules } from '../../support/aws/rules/rules.ts';
import { statesRules } from '../../support/aws/rules/states.ts';
import { stateMachine } from '../../support/aws/state-machine.ts';

describeOnMoto('executions in Step Functions', (moto) => {
  const worlds: Record<WorkflowName, string>[] = [];
  let next = 0;
  beforeAll(async () => {
    // A suite opens its machines without waiting for it.
    for (let made = 0; made < 30; made += 1) {
      const deploy = (await stateMachine(moto())).stateMachineArn;
      const promote = (await stateMachine(moto())).stateMachineArn;
      const rollback = (await stateMachine(moto())).stateMachineArn;
      const undeploy = (await stateMachine(moto())).stateMachineArn;
      worlds.push({ deploy, promote, rollback, undeploy });
    }
  });

  function open(options?: { readonly maxAttempts: number }) {
    const stateMachineArns = worlds[next]!;
    next += 1;
    const client = awsClient(SFNClient, moto(), awsRules(statesRules), options);
    return {
      client,
      executions: stepFunctionsExecutions({ client, stateMachineArns }),
      async list() {
        const sfn = awsClient(SFNClient, moto());
        const lists = Object.values(stateMachineArns).map((stateMachineArn) =>
          sfn.send(new ListExecutionsCommand({ stateMachineArn })),
        );
        return (await Promise.all(lists)).flatMap(({ executions = [] }) => executions);
      },
      async stop() {
        for (const { executionArn } of await this.list()) {
          await client.send(new StopExecutionCommand({ executionArn }));
        }
      },
    };
  }

  describeExecutions('stepFunctionsExecutions', () => {
    const world = open();
    const started = new Set<string | undefined>();
    addMiddleware(world.client, (go, { commandName }) => async (args) => {
      const answer = await go(args);
      if (commandName === 'StartExecutionCommand') {
        started.add((answer.output as StartExecutionCommandOutput).executionArn);
      }
      return answer;
    });
    return { executions: world.executions, starts: () => started.size, end: () => world.stop() };
  });

  describe('an execution', () => {
    it('is known by its ARN, as the workflow knows itself', async () => {
      const { executions, list } = open();
      await executions.start('deploy', 'digits-1', { a: 1 });
      const [execution] = await list();

      expect(await executions.isRunning(execution!.executionArn!)).toBe(true);
      expect(execution!.executionArn).toMatch(/:execution:deploy-[\w-]+:digits-1$/);
      expect(await executions.isRunning(`${execution!.executionArn}0`)).toBe(false);
    });

    it('is refused under a name that has run, or runs with another input', async () => {
      const world = open();
      const { executions } = world;
      await executions.start('deploy', 'digits-1', { a: 1 });

      const refused = { name: 'InputInvalid', message: expect.stringContaining('AlreadyExists') };
      await expect(executions.start('deploy', 'digits-1', { a: 2 })).rejects.toMatchObject(refused);
      await world.stop();
      await expect(executions.start('deploy', 'digits-1', { a: 1 })).rejects.toMatchObject(refused);
    });

    it('has a name that is allowed, and no other than before where two names differ', async () => {
      const { executions, list } = open();
      const long = 'x'.repeat(100);

      for (const name of ['a b', 'a/b', 'a:b', 'ä', long, `${long}y`]) {
        await executions.start('deploy', name, {});
        expect(await executions.isRunning(name)).toBe(true);
      }

      const names = (await list()).map(({ name }) => name ?? '');
      expect(new Set(names).size).toBe(6);
      for (const name of names) expect(name).toMatch(/^[\w-]{1,80}$/);
    });

    it('is not started with more than 256 KiB', async () => {
      const { executions } = open();

      await expect(executions.start('deploy', 'a', 'x'.repeat(300_000))).rejects.toMatchObject({
        name: 'ValidationException',
      });
    });
  });

  describe('a fault of Step Functions', () => {
    it.each([
      ['denied', 'PlatformDenied'],
      ['throttled', 'PlatformThrottled'],
      ['broken', 'PlatformUnavailable'],
      ['reply lost', 'PlatformUnavailable'],
    ] as const)('is told by name when it is %s', async (fault, name) => {
      const start = open({ maxAttempts: 1 });
      const failing = awsFault(start.client, 'StartExecution', fault);
      await expect(start.executions.start('deploy', 'a', {})).rejects.toMatchObject({ name });
      const look = open({ maxAttempts: 1 });
      await look.executions.start('deploy', 'a', {});
      const unseen = awsFault(look.client, 'DescribeExecution', fault);
      await expect(look.executions.isRunning('a')).rejects.toMatchObject({ name });
      const stop = open({ maxAttempts: 1 });
      await stop.executions.start('deploy', 'a', {});
      const unstopped = awsFault(stop.client, 'StopExecution', fault);
      await expect(stop.executions.stop('a')).rejects.toMatchObject({ name });

      expect([failing.count(), unstopped.count()]).toEqual([1, 1]);
      expect(unseen.count()).toBeGreaterThan(0);
    });

    it('leaves one execution when the answer to its start was lost', async () => {
      const { client, executions, list } = open();
      const lost = awsFault(client, 'StartExecution', 'reply lost', 4);

      await expect(executions.start('deploy', 'a', { a: 1 })).rejects.toMatchObject({
        name: 'PlatformUnavailable',
      });
      await executions.start('deploy', 'a', { a: 1 });

      expect(lost.count()).toBe(4);
      expect(await list()).toHaveLength(1);
    });
  });

  const deeds: Readonly<Record<string, (executions: Executions, arn: string) => Promise<unknown>>> =
    {
      'a start': (executions) => executions.start('rollback', 'next', { of: 'digits' }),
      'a look': (executions, arn) => executions.isRunning(arn),
      'a stop': (executions, arn) => executions.stop(arn),
    };

  for (const [deed, run] of Object.entries(deeds)) {
    itBearsFaults(deed, async () => {
      const { stateMachineArn: deploy } = await stateMachine(moto());
      const { stateMachineArn: rollback } = await stateMachine(moto());
      const stateMachineArns = { deploy, promote: deploy, rollback, undeploy: deploy };
      const client = () => awsClient(SFNClient, moto(), awsRules(statesRules), { maxAttempts: 1 });
      const sfn = client();
      await stepFunctionsExecutions({ client: sfn, stateMachineArns }).start('deploy', 'first', {});
      const arn = `${deploy.replace(':stateMachine:', ':execution:')}:first`;
      return {
        deed(outer) {
          const faulty = client();
          outer(faulty);
          return run(stepFunctionsExecutions({ client: faulty, stateMachineArns }), arn);
        },
        async left() {
          const list = (stateMachineArn: string) =>
            sfn.send(new ListExecutionsCommand({ stateMachineArn }));
          const lists = await Promise.all([list(deploy), list(rollback)]);
          return lists.map(({ executions = [] }) =>
            executions.map(({ name, status }) => ({ name, status })),
          );
        },
      };
    });
  }
});
