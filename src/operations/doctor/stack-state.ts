import { remedyFor, type StackState, stackFix } from '#operations/account/stack-state.ts';
import { fail, ok, warn } from './doctor.ts';

/** Whether a deploy can begin with the stack as it is; the deploy repairs some states by itself. */
export function stateFinding(state: StackState, stage: string) {
  const { name, status, reason } = state;
  const says = `${name} is ${status}${reason ? `: ${reason}` : ''}`;
  const fix = stackFix(state, stage);
  switch (remedyFor(status)) {
    case 'update':
      // A failed update was rolled back: the stack works as before.
      return status.includes('ROLLBACK')
        ? warn(says, 'Deploy it again; the events of the stack say what went wrong.')
        : ok(says);
    case 'delete first':
    case 'continue the rollback':
      return warn(says, fix);
    case 'wait':
      return fail(says, fix);
    case 'mend':
      return fail(says, fix);
  }
}
