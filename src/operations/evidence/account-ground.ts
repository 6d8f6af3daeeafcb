import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { openAwsAccount } from '#operations/account/account.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { accountKeys } from '#operations/account/keys.ts';
import { findStack } from '#operations/account/stack.ts';
import { type Install, packageInstall, runInstall } from '#operations/install/install.ts';
import type { Copy } from '#operations/install/stack-folder.ts';
import { type Outcome, planUninstall, uninstall } from '#operations/uninstall/uninstall.ts';
import { inventory } from './inventory.ts';
import { type Ground, modelOn, type Stage } from './prove.ts';
import { SAMPLE_REQUEST, writeSample } from './sample.ts';

const KEY_NAME = 'prove';
const ANSWER_MS = 30_000;

/** An account in which the stage of `plan` is deployed, and from which all of it is removed, including bucket and table. */
export function accountGround(
  copy: Copy,
  plan: Install,
  tell: (line: string) => void,
): Ground & AsyncDisposable {
  const { account } = plan;
  let folder: string | undefined;
  return {
    inventory: () => inventory(account),
    async deploy() {
      folder ??= await mkdtemp(join(tmpdir(), 'slipway-prove-'));
      const packaged = await packageInstall(copy, plan, join(folder, 'package'));
      const code = packaged ? await runInstall(copy, plan, packaged, tell) : 1;
      if (code === 0) return;
      throw new Failure('PlatformUnavailable', `the deploy ended with exit code ${code}`);
    },
    open: () => openStage(account),
    async sample(target, version) {
      folder ??= await mkdtemp(join(tmpdir(), 'slipway-prove-'));
      return writeSample(folder, { name: modelOn(target), target, version });
    },
    uninstall: () => uninstallAll(account),
    async [Symbol.asyncDispose]() {
      if (folder) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openStage(account: AwsAccount): Promise<Stage> {
  const stack = await findStack(account);
  const { outputs } = stack;
  const slipway = await openAwsAccount(account);
  const { key } = await accountKeys(account, stack).create(KEY_NAME, 'all');
  const settings = clientSettings(account);
  return {
    slipway,
    stage: account.stage,
    outputs,
    client: (Client) => new Client(settings),
    ask: (url, headers) =>
      fetch(url, { headers: { ...headers }, signal: AbortSignal.timeout(ANSWER_MS) }),
    call: (model) =>
      fetch(`${slipway.endpoint(model)}/v2/models/${model}/infer`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(SAMPLE_REQUEST),
        signal: AbortSignal.timeout(ANSWER_MS),
      }),
  };
}

/** A stack that was never created has nothing to remove: the inventory shows it. */
async function* uninstallAll(account: AwsAccount): AsyncGenerator<Outcome, void> {
  const options = { deleteBucket: true, deleteTable: true };
  const plan = await planUninstall(account, options).catch((error: unknown) => {
    if (error instanceof Failure && error.name === 'InputInvalid') return undefined;
    throw error;
  });
  if (plan) yield* uninstall(plan);
}
