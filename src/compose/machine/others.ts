import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { systemClock } from '#adapters/clocks.ts';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import type { ConsoleOfPeople } from '#adapters/local/control/remote-control.ts';
import { strangers } from '#adapters/local/gateway/callers.ts';
import { clientAddressFor, frontFor, trustIn } from '#adapters/local/gateway/forwarded.ts';
import { outerCallers } from '#adapters/local/gateway/outer-callers.ts';
import { keyRates } from '#adapters/local/http/key-rates.ts';
import { listen } from '#adapters/local/http/listen.ts';
import { type TlsFiles, tlsFiles } from '#adapters/local/http/tls-files.ts';
import { machineOperations } from '#control/operations.ts';
import type { ApiKey } from '#domain/api-key.ts';
import type { Actor } from '#domain/audit-entry.ts';
import { Failure } from '#domain/failure.ts';
import { type Holder, holderOfKey } from '#domain/grant.ts';
import { audited } from '#operations/access/audited.ts';
import { grantedTo } from '#operations/access/granted.ts';
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import { type LocalConfig, signInSettings } from '../config.ts';
import type { openControl } from './control.ts';
import type { Serving } from './serving.ts';
import type { State } from './state.ts';

// As certbot renews once in two months, this is soon enough.
const LOOK_MS = 10_000;

const LOOPBACK = trustIn([]);

/** Refuses settings by which the control API would be asked in plain HTTP over a network. */
export function requireTls({
  othersHost,
  othersControlPort,
  tlsCert,
  trustedProxies,
}: LocalConfig): void {
  if (othersControlPort === undefined || othersHost === undefined || tlsCert !== undefined) return;
  if (LOOPBACK(othersHost) || trustedProxies.length > 0) return;
  throw new Failure(
    'InputInvalid',
    `--host-control-port opens the control API on ${othersHost} in plain HTTP, in which keys can be read`,
    {
      fix: 'Give a certificate by --tls-cert and --tls-key, or the proxy in front by --trusted-proxy; for a proxy on this machine use --host 127.0.0.1.',
    },
  );
}

/** The certificate for other machines; undefined without one. Fails as `tlsFiles` does. */
export function openTls(
  { problem }: Pick<State, 'problem'>,
  { tlsCert: certPath, tlsKey: keyPath }: LocalConfig,
): TlsFiles | undefined {
  if (certPath === undefined || keyPath === undefined) return undefined;
  return tlsFiles({ certPath, keyPath, clock: systemClock, onProblem: problem });
}

type Parts = {
  readonly state: State;
  readonly serving: Serving;
  readonly control: Pick<Awaited<ReturnType<typeof openControl>>, 'operationsAt'>;
  readonly config: LocalConfig;
  readonly tls: TlsFiles | undefined;
};

/** Opens the gateway to other machines, and the control API where a port is named for it. Undefined where they reach nothing. */
export async function openToOthers(parts: Parts) {
  const { state, serving, config, tls } = parts;
  const { othersHost: host, othersPort } = config;
  if (host === undefined) return undefined;
  const { callerKeys, clock } = state;
  const rates = keyRates(realTimers);
  const callers = outerCallers({ find: callerKeys.findNow, rates, clock });
  const gateway = await serving.gateway.open({
    host,
    port: othersPort ?? USUAL_PORTS.others,
    askedBy: othersPort === undefined ? undefined : '--host-port',
    callers,
    tls,
  });
  const control = await openRemoteControl(parts, { host, callers, gateway: gateway.origin });
  const looking = tls && setInterval(tls.look, LOOK_MS);
  return {
    origin: gateway.origin,
    control: control?.origin,
    async close() {
      clearInterval(looking);
      await Promise.all([gateway.close(), control?.close()]);
    },
  };
}

type Opened = {
  readonly host: string;
  readonly callers: ReturnType<typeof outerCallers>;
  readonly gateway: string;
};

async function openRemoteControl(
  { state, control, config, tls }: Parts,
  { host, callers, gateway }: Opened,
) {
  const { othersControlPort: port, allowedHosts, trustedProxies, publicUrl, consoleUrl } = config;
  if (port === undefined) return undefined;
  const { controlApi } = await import('#adapters/local/control/control-api.ts');
  const { remoteControl } = await import('#adapters/local/control/remote-control.ts');
  const frontOf = frontFor(trustedProxies);
  const addressOf = clientAddressFor(trustedProxies);
  const published = [publicUrl, consoleUrl].filter((url) => url !== undefined);
  const hosts = [...allowedHosts, ...published.map((url) => new URL(url).hostname)];

  /** The address of the gateway under the name by which the client reaches this machine. */
  function endpointsFor(raw: IncomingMessage): string {
    if (publicUrl !== undefined) return publicUrl;
    const { protocol, host: name } = frontOf(raw);
    const own = URL.parse(`${protocol}://${name ?? host}`);
    if (own) own.port = new URL(gateway).port;
    return own?.origin ?? gateway;
  }

  function granted(key: ApiKey, raw: IncomingMessage) {
    const actor = { by: key.name, key: key.id, door: 'control', address: addressOf(raw) } as const;
    return operationsOf(holderOfKey(key), actor, raw);
  }

  function operationsOf(holder: Holder, actor: Actor, raw: IncomingMessage) {
    const operations = grantedTo(holder, control.operationsAt(endpointsFor(raw)));
    return audited(machineOperations, operations, (act) => state.audit.add(actor, act));
  }

  /** The console for those who sign in; undefined where nobody does. */
  async function openConsole(): Promise<ConsoleOfPeople<typeof machineOperations> | undefined> {
    const signing = signInSettings(config);
    if (!signing) return undefined;
    const { consoleOfPeople } = await import('./people.ts');
    const { protocol, hostname } = new URL(signing.consoleUrl);
    const own = `${protocol}//${hostname}:${new URL(gateway).port}`;
    const models = new URL(publicUrl ?? own).origin;
    return consoleOfPeople(state, { ...signing, models, addressOf, operationsOf });
  }

  const isTrusted = trustIn(trustedProxies);
  const api = controlApi(
    remoteControl({
      table: machineOperations,
      granted,
      callers,
      stranger: strangers({ hosts, origins: () => [] }),
      isTrusted,
      after: realTimers.after,
      console: await openConsole(),
    }),
    tls,
  );
  await api.ready();
  const bound = await listen(api.server, { host, port, askedBy: '--host-control-port' });
  return {
    origin: `${tls ? 'https' : 'http'}://${isIP(host) === 6 ? `[${host}]` : host}:${bound}`,
    close: () => api.close(),
  };
}
