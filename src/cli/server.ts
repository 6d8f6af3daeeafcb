import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { machineControl, oneMachineAt } from './one-machine.ts';

const LOOPBACK = /^(127(\.\d+){3}|localhost|\[::1\])$/;

/**
 * The Slipway of another machine, by its control API at `--host-control-port`, as the key in SLIPWAY_KEY may use it.
 * Fails with `InputInvalid` for an address in plain HTTP over a network, and without a key; with `PlatformDenied` where the key is refused, with `PlatformUnavailable` where nothing answers.
 */
export async function openServer(server: string, key: string | undefined): Promise<Slipway> {
  const control = addressIn(server);
  if (!key) {
    throw new Failure('InputInvalid', `a key is needed to ask ${control}`, {
      fix: 'Put it in the environment variable SLIPWAY_KEY; `slipway keys create NAME --models MODEL --role see,drop` on that machine makes one.',
    });
  }
  const { endpoints } = await machineControl({ control, token: key }).health();
  return oneMachineAt({ gateway: endpoints, control, token: key });
}

function addressIn(server: string): string {
  const url = URL.parse(server);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    throw new Failure('InputInvalid', `--server ${server} is not an address`, {
      fix: 'Give one such as https://models.example:8084.',
    });
  }
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new Failure(
      'InputInvalid',
      `--server ${server} is plain HTTP, in which keys can be read`,
      {
        fix: 'Give the address with https.',
      },
    );
  }
  return url.href.replace(/\/$/, '');
}
