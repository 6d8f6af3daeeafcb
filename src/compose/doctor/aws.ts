import type { AwsAccount } from '#compose/account/clients.ts';
import { findStackIfAny, noStack, type SlipwayStack } from '#compose/account/stack.ts';
import { accountChecks, lookAtCaller } from './account.ts';
import { containerChecks, containerQuotaChecks, networkCheck } from './containers.ts';
import { type Check, examine, type Finding, fail, ok, warn } from './doctor.ts';
import { stackChecks } from './stack.ts';

const LIMIT_MS = 10_000;

/** Whether Slipway can work in an account: read-only, and takes at most 10 s. */
export function awsDoctor(account: AwsAccount): Promise<readonly Finding[]> {
  const caller = lookAtCaller(account);
  const found = findStackIfAny(account);
  const known = found.catch(() => undefined);
  const stack = found.then(async (known) => known ?? Promise.reject(await noStack(account)));
  // A check whose prerequisite failed reports nothing: the prerequisite says why.
  return examine(
    [
      { check: 'credentials', look: () => caller },
      ...after(caller, [
        ...accountChecks(account, known),
        networkCheck(account, async () => networksBefore(await known)),
        ...containerQuotaChecks(account, known),
        { check: 'stack', look: async () => lookAtStack(await found, account) },
      ]),
      ...after(stack, [...stackChecks(account, stack), ...containerChecks(account, stack)]),
    ],
    LIMIT_MS,
  );
}

/** Whether a stack can be created or updated in an account. It does not check an existing stack, since a deploy may mend it. */
export function installDoctor(
  account: AwsAccount,
  hasContainers: boolean,
): Promise<readonly Finding[]> {
  const caller = lookAtCaller(account);
  const known = findStackIfAny(account).catch(() => undefined);
  // A stack that is about to get containers counts as new to them.
  const before = known.then((stack) => (stack?.containers ? stack : undefined));
  const ofContainers = hasContainers ? containerQuotaChecks(account, before) : [];
  return examine(
    [
      { check: 'credentials', look: () => caller },
      ...after(caller, [
        ...accountChecks(account, known),
        networkCheck(account, async () => networksAdded(await known, hasContainers)),
        ...ofContainers,
      ]),
    ],
    LIMIT_MS,
  );
}

/** Those that the first deploy creates if it is told nothing; undefined for a stack that has none for containers. */
function networksBefore(stack: SlipwayStack | undefined): number | undefined {
  if (!stack) return networksAdded(undefined, false);
  return stack.containers ? 0 : undefined;
}

/** One for the models' functions, and one for containers; those of a stack are there already. */
function networksAdded(stack: SlipwayStack | undefined, hasContainers: boolean): number {
  const isNewToContainers = hasContainers && !stack?.containers;
  return (stack ? 0 : 1) + (isNewToContainers ? 1 : 0);
}

function after(first: Promise<unknown>, checks: readonly Check[]): readonly Check[] {
  const isThere = first.then(
    () => true,
    () => false,
  );
  return checks.map(({ check, look }) => ({
    check,
    look: async () => ((await isThere) ? look() : undefined),
  }));
}

/** A missing stack is not a failure: nothing may be installed yet. */
async function lookAtStack(stack: SlipwayStack | undefined, account: AwsAccount) {
  if (stack) return lookAtStatus(stack);
  const { message, fix } = await noStack(account);
  return warn(message, fix);
}

function lookAtStatus({ name, status }: SlipwayStack) {
  const says = `${name} is ${status}`;
  if (/^(?:CREATE|UPDATE)_COMPLETE$/.test(status)) return ok(says);
  if (status.endsWith('_IN_PROGRESS')) return warn(says, 'Wait until it is done.');
  const fix = 'Deploy it again; the events of the stack say what went wrong.';
  // A failed update was rolled back: the stack works as before.
  return status === 'UPDATE_ROLLBACK_COMPLETE' ? warn(says, fix) : fail(says, fix);
}
