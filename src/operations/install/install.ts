import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STSClient } from '@aws-sdk/client-sts';
import { systemClock } from '#adapters/clocks.ts';
import { type AwsAccount, clientSettings, withCredentials } from '#operations/account/clients.ts';
import { moveKeys } from '#operations/account/keys.ts';
import { containersOf, findStackIfAny, stackName } from '#operations/account/stack.ts';
import {
  mendStack,
  remedyFor,
  type StackState,
  stackState,
} from '#operations/account/stack-state.ts';
import { installDoctor } from '#operations/doctor/aws.ts';
import { domainOf } from '#operations/doctor/certificate.ts';
import type { Finding } from '#operations/doctor/doctor.ts';
import { changesOf, type StackChange } from './change-set.ts';
import { startFirstBuild } from './first-build.ts';
import { requireAllowed } from './parameter-rules.ts';
import {
  idleCostLine,
  nameInTemplate,
  readParameters,
  requireCertificateIn,
  wantedContainers,
} from './parameters.ts';
import { readPrices } from './read-prices.ts';
import { type Copy, stackFolder, templateFolder } from './stack-folder.ts';
import { type ContainersOn, turnContainersOn } from './turn-containers-on.ts';

export type Install = {
  readonly account: AwsAccount & { readonly region: string };
  /** The parameters of the stack. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The containers to turn on once the stack exists; null where they stay as they are. */
  readonly turnsOn: ContainersOn | null;
  readonly findings: readonly Finding[];
  /** Notes that a person should read beforehand. */
  readonly notes: readonly string[];
  /** The stack that a failed deploy left, which has to be repaired before the next one. */
  readonly broken: StackState | undefined;
};

/**
 * Plans a deploy of the stack: its effect, and whether the account allows it. Read-only.
 * Fails with `InputInvalid` when this copy of Slipway has no template, or a parameter is invalid.
 */
export async function planInstall(
  root: string,
  { profile, ...place }: AwsAccount,
  given: readonly string[],
): Promise<Install> {
  const template = templateFolder(root);
  const parameters = readParameters(given);
  await requireAllowed(template, new Map([['stage', place.stage], ...parameters]));
  wantedContainers(parameters);
  const account = { ...place, profile, region: await regionOf({ ...place, profile }) };
  requireCertificateIn(account.region, parameters);
  const state = await stackState(account).catch(() => undefined);
  const broken = isBroken(state) ? state : undefined;
  const isNew = state !== undefined && remedyFor(state.status) === 'delete first';
  // The findings report a missing permission to read the stack.
  const asked = await Promise.allSettled([isNew ? 'off' : containersOf(account)]);
  const [own] = asked;
  const before = (own.status === 'fulfilled' && own.value) || 'off';
  const containers = wantedContainers(new Map([['containers', before], ...parameters]));
  const turnsOn = containers !== 'off' && before === 'off' ? containers : null;
  const domain = domainOf(parameters.get('domainName'), parameters.get('certificateArn'));
  const findings = await installDoctor(account, containers !== 'off', domain);
  const isRefused = findings.some(({ result }) => result === 'fail');
  if (own.status === 'rejected' && !isRefused) throw own.reason;
  const notes = [
    `deploys ${stackName(account)} in ${account.region}`,
    ...mendingNotes(state),
    ...(await changes(account, parameters)),
    idleCostLine(containers, parameters),
  ];
  const deployed = new Map([...parameters, ['containers', turnsOn ? 'off' : containers]]);
  return { account, parameters: deployed, turnsOn, findings, notes, broken };
}

function isBroken(state: StackState | undefined): state is StackState {
  const remedy = state && remedyFor(state.status);
  return remedy === 'delete first' || remedy === 'continue the rollback';
}

function mendingNotes(state: StackState | undefined): readonly string[] {
  if (!isBroken(state)) return [];
  const { name, status } = state;
  return [
    remedyFor(status) === 'delete first'
      ? `deletes ${name} first, which is ${status}: its first deploy failed, and nothing serves in it`
      : `continues the rollback of ${name} first, which is ${status}`,
  ];
}

/** The packaged stack, and the changes of its deploy. */
export type Packaged = { readonly folder: string; readonly changes: readonly StackChange[] };

/** Packages the stack with the `serverless` of its lock file, installing it first if it is missing; its output goes to the terminal. Undefined where that failed: the failed command has then printed why. */
export async function packageInstall(
  copy: Copy,
  install: Install,
  folder: string,
): Promise<Packaged | undefined> {
  const root = await stackFolder(copy);
  const installed = await run(root, [join(root, 'install.js')], copy.environment);
  if (installed !== 0) return undefined;
  const code = await serverless({ ...copy, root }, 'package', install, folder);
  if (code !== 0) return undefined;
  // A stack that is deleted first has nothing to change.
  const isNew = install.broken && remedyFor(install.broken.status) === 'delete first';
  return { folder, changes: await changesOf(install.account, folder, { isNew: Boolean(isNew) }) };
}

/**
 * Deploys the packaged stack, after repairing the remains of a failed deploy. Returns the exit code of `serverless`.
 * Containers are turned on after the deploy, in a separate update, and one build is started: an account that does not allow these still has a stack.
 * Fails as `turnContainersOn` and `startFirstBuild` do, and with `PlatformUnavailable` where the repair fails.
 */
export async function runInstall(
  copy: Copy,
  install: Install,
  { folder }: Packaged,
  tell: (line: string) => void,
): Promise<number> {
  const { account, broken, turnsOn } = install;
  if (broken) await mendStack(account, broken);
  const code = await serverless(
    { ...copy, root: await stackFolder(copy) },
    'deploy',
    install,
    folder,
  );
  if (code !== 0) return code;
  await moveKeys(account);
  if (turnsOn) {
    await turnContainersOn(account, turnsOn, { tell, sleep: (ms) => sleep(ms) });
  }
  tell(await readPrices(account, systemClock));
  if (await startFirstBuild(account)) tell('builds what serves ONNX models, for the first of them');
  return code;
}

function serverless(
  { root, environment }: Copy,
  command: 'deploy' | 'package',
  { account, parameters }: Install,
  packaged: string,
): Promise<number> {
  const program = createRequire(join(root, 'package.json')).resolve('serverless/bin/serverless.js');
  const args = [
    program,
    command,
    ...['--stage', account.stage, '--region', account.region],
    ...(account.profile ? ['--aws-profile', account.profile] : []),
    ...Array.from(parameters, ([name, value]) => `--param=${name}=${value}`),
    ...['--package', packaged],
  ];
  return run(root, args, environment);
}

async function regionOf(account: AwsAccount): Promise<string> {
  const { config } = new STSClient(clientSettings(account));
  return withCredentials(() => config.region());
}

/** Lists the given parameters that a deploy would change. An omitted one goes back to its default, except `containers`. */
async function changes(
  account: AwsAccount,
  parameters: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const stack = await findStackIfAny(account).catch(() => undefined);
  if (!stack) return [];
  const before = (name: string) => stack.parameters[nameInTemplate(name)];
  const given = Array.from(parameters).filter(([name, value]) => before(name) !== value);
  return given.map(
    ([name, value]) => `changes ${name} from ${before(name) ?? 'nothing'} to ${value}`,
  );
}

function run(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, args, { cwd, env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
