import { createHash } from 'node:crypto';
import {
  DescribeExecutionCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Executions, WorkflowName } from '#ports/executions.ts';
import { translated } from './failures.ts';

type Options = {
  readonly client: SFNClient;
  readonly stateMachineArns: Readonly<Record<WorkflowName, string>>;
};

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
// The service allows other characters too, but its logs do not.
const MAX_NAME = 80;
const REFUSED = /[^A-Za-z0-9_-]/g;
const HASH_DIGITS = 12;

/** The executions of the workflows' state machines. An execution is identified by its ARN, as the workflow knows itself, or by the name it was started with. */
export function stepFunctionsExecutions({ client, stateMachineArns }: Options): Executions {
  /** A name does not tell its state machine, but no two state machines share a name. */
  const arnsOf = (execution: string) =>
    execution.startsWith('arn:')
      ? [execution]
      : Object.values(stateMachineArns).map(
          (arn) => `${arn.replace(':stateMachine:', ':execution:')}:${allowed(execution)}`,
        );

  async function isRunning(executionArn: string): Promise<boolean> {
    const describe = new DescribeExecutionCommand({ executionArn });
    const found = await unlessAbsent(() => client.send(describe));
    return found?.status === 'RUNNING' || found?.status === 'PENDING_REDRIVE';
  }

  return {
    async start(workflow, name, input) {
      const start = new StartExecutionCommand({
        stateMachineArn: stateMachineArns[workflow],
        name: allowed(name),
        input: JSON.stringify(input),
      });
      // Repeating a name and input is idempotent while the execution runs; this is another input, or an execution that has ended.
      await translated(() => client.send(start), { ExecutionAlreadyExists: 'InputInvalid' });
    },
    async isRunning(execution) {
      const looks = await Promise.all(arnsOf(execution).map(isRunning));
      return looks.includes(true);
    },
    async stop(execution) {
      for (const executionArn of arnsOf(execution)) {
        const stop = new StopExecutionCommand({ executionArn });
        await unlessAbsent(() => client.send(stop));
      }
    },
  };
}

async function unlessAbsent<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await translated(call);
  } catch (error) {
    if (error instanceof Error && error.name === 'ExecutionDoesNotExist') return undefined;
    throw error;
  }
}

/** The name itself if it is allowed, else a unique substitute. */
function allowed(name: string): string {
  const clean = name.replace(REFUSED, '-');
  if (clean === name && name.length <= MAX_NAME) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  return `${clean.slice(0, MAX_NAME - HASH_DIGITS - 1)}-${hash}`;
}
