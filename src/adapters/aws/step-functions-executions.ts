import { createHash } from 'node:crypto';
import {
  DescribeExecutionCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Executions } from '#ports/executions.ts';
import { translated } from './failures.ts';

type Options = { readonly client: SFNClient; readonly stateMachineArn: string };

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
// Other characters than these are allowed by the service, but not by its logs.
const MAX_NAME = 80;
const REFUSED = /[^A-Za-z0-9_-]/g;
const HASH_DIGITS = 12;

/** The executions of one state machine. `isRunning` takes an execution's ARN, as the workflow knows itself, or the name it was started by. */
export function stepFunctionsExecutions({ client, stateMachineArn }: Options): Executions {
  const arnOf = (execution: string) =>
    execution.startsWith('arn:')
      ? execution
      : `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${allowed(execution)}`;

  return {
    async start(name, input) {
      const start = new StartExecutionCommand({
        stateMachineArn,
        name: allowed(name),
        input: JSON.stringify(input),
      });
      // The same name and input while it runs is answered as the first time; this is another input, or a run that has ended.
      await translated(() => client.send(start), { ExecutionAlreadyExists: 'InputInvalid' });
    },

    async isRunning(execution) {
      const describe = new DescribeExecutionCommand({ executionArn: arnOf(execution) });
      try {
        const { status } = await translated(() => client.send(describe));
        return status === 'RUNNING' || status === 'PENDING_REDRIVE';
      } catch (error) {
        if (error instanceof Error && error.name === 'ExecutionDoesNotExist') return false;
        throw error;
      }
    },
  };
}

/** The name itself where it is allowed, else one that no other name is made into. */
function allowed(name: string): string {
  const clean = name.replace(REFUSED, '-');
  if (clean === name && name.length <= MAX_NAME) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  return `${clean.slice(0, MAX_NAME - HASH_DIGITS - 1)}-${hash}`;
}
