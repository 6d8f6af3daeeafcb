import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsAccount } from '#operations/account/clients.ts';
import type { turnContainersOn } from '#operations/install/turn-containers-on.ts';
import { agree } from './agree.ts';
import type { DeploymentEvent } from './follow.ts';

type Asking = {
  readonly account: AwsAccount;
  /** Agreed to beforehand. */
  readonly yes: boolean;
  readonly tell: (line: string) => void;
  readonly turnOn?: typeof turnContainersOn;
  readonly confirm?: typeof agree;
};

/**
 * Asks whoever pushes a model that waits for containers whether to turn them on, and does so with their rights; the deployment then goes on by itself.
 * Fails with `InputInvalid` when they decline or nobody can be asked: the deployment waits on, for as long as its event has said.
 */
export function asksForContainers({
  account,
  yes,
  tell,
  turnOn = turnLazily,
  confirm = agree,
}: Asking): (event: DeploymentEvent) => Promise<void> | undefined {
  return ({ detail }) => {
    if (detail.state !== 'Waiting' || detail.data['awaits'] !== 'containers') return undefined;
    return ask(detail.model);
  };

  async function ask(model: string): Promise<void> {
    if (!yes) {
      tell('Turn containers on, and pay for them from now on?');
      await confirm(account.stage, {
        refusal: `${model} waits for containers, and is no longer followed here`,
        fix: `Push with --yes to turn them on without being asked, or use \`slipway deploy --stage ${account.stage} --containers public\`: the deployment goes on by itself then. \`slipway abort ${model} --stage ${account.stage}\` gives it up.`,
      });
    }
    await turnOn(account, 'public', { tell, sleep: (ms) => sleep(ms) });
    tell('containers are on: the deployment goes on within minutes');
  }
}

// Loaded lazily: the AWS clients take longer to load than most commands take on one machine.
const turnLazily: typeof turnContainersOn = async (...asked) => {
  const { turnContainersOn } = await import('#operations/install/turn-containers-on.ts');
  await turnContainersOn(...asked);
};
