import {
  ListExecutionsCommand,
  SFNClient,
  type StartExecutionCommandOutput,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { stepFunctionsExecutions } from '#adapters/aws/step-functions-executions.ts';
import { describeExecutions } from '../../contracts/executions.ts';
import { awsClient } from '../../support/aws-clients.ts';
import { awsFault } from '../../support/aws-faults.ts';
import { statesRules } from '../../support/aws-rules/states.ts';
import { addMiddleware, awsRules } from '../../support/aws-rules.ts';
import { describeOnMoto } from '../../support/moto.ts';
import { stateMachine } from '../../support/state-machine.ts';

describeOnMoto('executions in Step Functions', (moto) => {
  const arns: string[] = [];
  let next = 0;
  beforeAll(async () => {
    // A suite opens its machine without waiting for it.
    for (let made = 0; made < 20; made += 1) {
      arns.push((await stateMachine(moto())).stateMachineArn);
    }
  });

  function open(options?: { readonly maxAttempts: number }) {
    const stateMachineArn = arns[next]!;
    next += 1;
    const client = awsClient(SFNClient, moto(), awsRules(statesRules), options);
    return {
      client,
      stateMachineArn,
      executions: stepFunctionsExecutions({ client, stateMachineArn }),
      async list() {
        const list = new ListExecutionsCommand({ stateMachineArn });
        return (await awsClient(SFNClient, moto()).send(list)).executions ?? [];
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
      await executions.start('digits-1', { a: 1 });
      const [execution] = await list();

      expect(await executions.isRunning(execution!.executionArn!)).toBe(true);
      expect(execution!.executionArn).toMatch(/:execution:deploy-[\w-]+:digits-1$/);
      expect(await executions.isRunning(`${execution!.executionArn}0`)).toBe(false);
    });

    it('is refused under a name that has run, or runs with another input', async () => {
      const world = open();
      const { executions } = world;
      await executions.start('digits-1', { a: 1 });

      const refused = { name: 'InputInvalid', message: expect.stringContaining('AlreadyExists') };
      await expect(executions.start('digits-1', { a: 2 })).rejects.toMatchObject(refused);
      await world.stop();
      await expect(executions.start('digits-1', { a: 1 })).rejects.toMatchObject(refused);
    });

    it('has a name that is allowed, and no other than before where two names differ', async () => {
      const { executions, list } = open();
      const long = 'x'.repeat(100);

      for (const name of ['a b', 'a/b', 'a:b', 'ä', long, `${long}y`]) {
        await executions.start(name, {});
        expect(await executions.isRunning(name)).toBe(true);
      }

      const names = (await list()).map(({ name }) => name ?? '');
      expect(new Set(names).size).toBe(6);
      for (const name of names) expect(name).toMatch(/^[\w-]{1,80}$/);
    });

    it('is not started with more than 256 KiB', async () => {
      const { executions } = open();

      await expect(executions.start('a', 'x'.repeat(300_000))).rejects.toMatchObject({
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
      await expect(start.executions.start('a', {})).rejects.toMatchObject({ name });
      const look = open({ maxAttempts: 1 });
      await look.executions.start('a', {});
      const unseen = awsFault(look.client, 'DescribeExecution', fault);
      await expect(look.executions.isRunning('a')).rejects.toMatchObject({ name });

      expect([failing.count(), unseen.count()]).toEqual([1, 1]);
    });

    it('leaves one execution when the answer to its start was lost', async () => {
      const { client, executions, list } = open();
      const lost = awsFault(client, 'StartExecution', 'reply lost', 4);

      await expect(executions.start('a', { a: 1 })).rejects.toMatchObject({
        name: 'PlatformUnavailable',
      });
      await executions.start('a', { a: 1 });

      expect(lost.count()).toBe(4);
      expect(await list()).toHaveLength(1);
    });
  });
});
