import type { Trouble } from './deployment.ts';
import type { Failure } from './failure.ts';

const FIX = '\nFix: ';

/**
 * The error that a `Catch` passes on: `Error` is the failure's name. `Cause` is the JSON `{errorType, errorMessage}` that Lambda and the local engine make of a step's error, or any text for the engine's own errors.
 */
export type CaughtError = { readonly Error: string; readonly Cause: string };

// Step Functions gives no details for a task that took longer than its state allows, and the local engine repeats the name.
const LATE: Trouble = {
  name: 'States.Timeout',
  reason: 'a step of the deployment took longer than it may',
  fix: 'Upload the model again; on one machine, once less else keeps it busy.',
};

/** A failure's message with its fix, for the workflow, where an error keeps only its name and message. */
export function wireMessage({ message, fix }: Failure): string {
  return fix ? `${message}${FIX}${fix}` : message;
}

/** The trouble in a caught error; the reverse of `wireMessage`. */
export function readTrouble({ Error: name, Cause }: CaughtError): Trouble {
  if (name === LATE.name && ['', name].includes(Cause)) return LATE;
  const message = errorMessage(Cause) ?? `${name}: ${Cause}`;
  const [reason = '', fix = ''] = message.split(FIX);
  return { name, reason, fix };
}

function errorMessage(cause: string): string | undefined {
  try {
    const value: unknown = JSON.parse(cause);
    const message =
      typeof value === 'object' && value !== null && 'errorMessage' in value && value.errorMessage;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
