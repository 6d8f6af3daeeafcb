import type { AwsAccount } from '#operations/account/clients.ts';
import { describeStack, noStack, readStack, type SlipwayStack } from '#operations/account/stack.ts';
import { type StackState, stateOf } from '#operations/account/stack-state.ts';
import { accountChecks, lookAtCaller, lookAtClock } from './account.ts';
import { lookAtPlan } from './account-plan.ts';
import { type Domain, domainOf, lookAtCertificate } from './certificate.ts';
import { containerChecks, containerQuotaChecks, networkCheck } from './containers.ts';
import { type Check, examineInTime, type Finding, fail, warn } from './doctor.ts';
import { lookAtNames } from './names.ts';
import { lookAtPermissions } from './permissions.ts';
import { lookAtServices } from './services.ts';
import { stackChecks } from './stack.ts';
import { stateFinding } from './stack-state.ts';

// Before a first deploy it makes some eighty calls, and loads the clients of eighteen services.
const LIMIT_MS = 20_000;

/** Whether Slipway can work in an account: read-only, and takes at most `limitMs`. */
export async function awsDoctor(
  account: AwsAccount,
  limitMs = LIMIT_MS,
): Promise<readonly Finding[]> {
  const caller = lookAtCaller(account);
  const described = describeStack(account);
  const state = described.then(stateOf);
  // It is awaited only where the caller is known.
  state.catch(() => undefined);
  const found = described.then(readStack);
  const known = found.catch(() => undefined);
  const stack = found.then(async (known) => known ?? Promise.reject(await noStack(account)));
  const isNew = async () => (await state) === undefined;
  // A check whose prerequisite failed reports nothing: the prerequisite says why.
  return examineAws(limitMs, [
    { check: 'credentials', look: () => caller },
    ...after(caller, [
      ...accountChecks(account, known),
      networkCheck(account, async () => networksBefore(await known)),
      ...containerQuotaChecks(account, known),
      ...newStageChecks(account, { isNew, hasContainers: true }),
      {
        check: 'certificate',
        look: async () => {
          const { DomainName, CertificateArn } = (await known)?.parameters ?? {};
          return lookAtCertificate(account, domainOf(DomainName, CertificateArn));
        },
      },
      { check: 'stack', look: async () => lookAtStack(await state, account) },
    ]),
    ...after(stack, [...stackChecks(account, stack), ...containerChecks(account, stack)]),
  ]);
}

/** Whether a stack can be created or updated in an account, with this domain. It does not check the resources of an existing stack, since a deploy may repair them. */
export async function installDoctor(
  account: AwsAccount,
  hasContainers: boolean,
  domain: Domain | undefined,
): Promise<readonly Finding[]> {
  const caller = lookAtCaller(account);
  const described = describeStack(account);
  const state = described.then(stateOf);
  state.catch(() => undefined);
  const known = described.then(readStack).catch(() => undefined);
  // A stack that is about to get containers counts as new to them.
  const before = known.then((stack) => (stack?.containers ? stack : undefined));
  const ofContainers = hasContainers ? containerQuotaChecks(account, before) : [];
  const isNew = async () => (await state) === undefined;
  return examineAws(LIMIT_MS, [
    { check: 'credentials', look: () => caller },
    ...after(caller, [
      ...accountChecks(account, known),
      networkCheck(account, async () => networksAdded(await known, hasContainers)),
      ...ofContainers,
      ...newStageChecks(account, { isNew, hasContainers }),
      { check: 'certificate', look: () => lookAtCertificate(account, domain) },
      { check: 'stack', look: async () => lookAtStack(await state, account) },
    ]),
  ]);
}

/** Runs the checks of an account. A slow network is one finding, since it delays all checks that wait for it. */
async function examineAws(limitMs: number, checks: readonly Check[]): Promise<readonly Finding[]> {
  const { findings, late } = await examineInTime(checks, limitMs);
  if (late.length === 0) return findings;
  const says = `AWS gave no answer within ${limitMs / 1000} s to ${late.length} of ${checks.length} checks (${late.join(', ')})`;
  const fix =
    'Check the network connection, the proxy (HTTPS_PROXY) and the region, and run it again.';
  return [...findings, { check: 'network', ...fail(says, fix) }];
}

/** The checks for problems that would stop the first deploy of a stage; a stage with a stack has passed them. */
function newStageChecks(
  account: AwsAccount,
  {
    isNew,
    hasContainers,
  }: { readonly isNew: () => Promise<boolean>; readonly hasContainers: boolean },
): readonly Check[] {
  const check = (name: string, look: Check['look']) => ({
    check: name,
    look: async () => ((await isNew()) ? look() : undefined),
  });
  return [
    { check: 'clock', look: () => lookAtClock(account) },
    check('account plan', () => lookAtPlan(account)),
    check('services', () => lookAtServices(account, hasContainers)),
    check('permissions', () => lookAtPermissions(account, hasContainers)),
    check('names', () => lookAtNames(account, hasContainers)),
  ];
}

/** The networks that the next deploy adds if it is given no parameters; undefined for a stack without containers. */
function networksBefore(stack: SlipwayStack | undefined): number | undefined {
  if (!stack) return networksAdded(undefined, false);
  return stack.containers ? 0 : undefined;
}

/** One network for the models' functions, and one for containers; those of a stack already exist. */
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
async function lookAtStack(state: StackState | undefined, account: AwsAccount) {
  if (state) return stateFinding(state, account.stage);
  const { message, fix } = await noStack(account);
  return warn(message, fix);
}
