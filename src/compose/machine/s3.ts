import { systemClock } from '#adapters/clocks.ts';
import { objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import { strangers } from '#adapters/local/gateway/callers.ts';
import { keyRates } from '#adapters/local/http/key-rates.ts';
import { listen } from '#adapters/local/http/listen.ts';
import { multipartUploads } from '#adapters/local/s3/multipart-uploads.ts';
import { folderS3Keys } from '#adapters/local/s3/s3-keys.ts';
import type { MachineControl } from '#control/operations.ts';
import type { ApiKey } from '#domain/api-key.ts';
import { deploymentId } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { readExpiry, readRate } from '#domain/key-limits.ts';
import { readRoles } from '#domain/key-role.ts';
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import type { LocalConfig } from '../config.ts';
import { BUCKET, type State } from './state.ts';

type Operations = Pick<MachineControl, 'createKey' | 'listKeys' | 'revokeKey'>;

type Served = { readonly origin: string; readonly close: () => Promise<void> };

/** The bucket's S3 API, which is open from the start if it has a key or `config` names its port, and else from its first key on. */
export async function openS3(state: State, config: LocalConfig) {
  const { folder, registry, store, problem } = state;
  const keys = folderS3Keys({ directory: folder('keys'), clock: state.clock, onProblem: problem });
  let served: Promise<Served> | undefined;
  let origin: string | undefined;

  async function serve(): Promise<Served> {
    const { s3Handler } = await import('#adapters/local/s3/handler.ts');
    const { s3Server } = await import('#adapters/local/s3/server.ts');
    const { allowedHosts } = config;
    const refused = strangers({
      hosts: [...allowedHosts, ...allowedHosts.map((name) => `${BUCKET}.${name}`)],
      origins: () => [],
    });
    const handler = s3Handler({
      bucket: {
        name: BUCKET,
        store,
        versions: objectVersions(state.database, state.clock),
        uploads: multipartUploads(folder('multipart'), state.clock, problem),
        started: startedBy,
        // A client signs by its own clock.
        clock: systemClock,
      },
      keys,
      rates: keyRates(realTimers),
      audit: state.audit,
      hosts: allowedHosts,
      stranger: (headers) => refused(headers)?.error,
      onProblem: problem,
    });
    const server = s3Server(handler, realTimers);
    await server.ready();
    const port = await listen(server.server, {
      host: config.host,
      port: config.s3Port ?? USUAL_PORTS.s3,
      askedBy: config.s3Port === undefined ? undefined : '--s3-port',
    });
    origin = `http://${config.host}:${port}`;
    return { origin, close: () => server.close() };
  }

  /** The same for all who ask; one that could not open is tried again. */
  function open(): Promise<Served> {
    served ??= serve().catch((error: unknown) => {
      served = undefined;
      throw error;
    });
    return served;
  }

  async function startedBy(key: string, versionId: string) {
    const deployment = await registry.deployment(await deploymentId(BUCKET, key, versionId));
    if (!deployment) return undefined;
    const { phase, version, trouble } = deployment;
    return { state: phase, version, reason: trouble?.reason ?? null };
  }

  const operations: Operations = {
    async createKey({ name, models, all, use, roles, rate, expires }) {
      const wanted = models?.split(',').map((model) => model.trim());
      if ((wanted === undefined) !== all) {
        throw new Failure('InputInvalid', 'a key is for named models, or for the whole bucket', {
          fix: 'Give models, or all=true.',
        });
      }
      const limits = {
        ...(rate !== undefined && { rate: readRate(rate) }),
        ...(expires !== undefined && { expiresAtMs: readExpiry(expires, state.clock.now()) }),
        ...(roles !== undefined && { roles: readRoles(roles) }),
      };
      if (use === 'calls') {
        const made = await state.callerKeys.create(name, wanted ?? 'all', limits);
        return { ...shownKey(made.record), use, secret: made.key, endpoint: null, bucket: null };
      }
      const { origin: endpoint } = await open();
      const key = await keys.create(name, wanted ?? 'all', limits);
      return { ...key, ...shownKey(key), use, endpoint, bucket: BUCKET };
    },
    async listKeys() {
      const callers = await state.callerKeys.list();
      const all = [
        ...keys.list().map((key) => ({ ...shownKey(key), use: 's3' as const })),
        ...callers.map((key) => ({ ...shownKey(key), use: 'calls' as const })),
      ];
      return { keys: all.toSorted((one, other) => one.createdAtMs - other.createdAtMs) };
    },
    async revokeKey({ id }) {
      const isCaller = (await state.callerKeys.list()).some((key) => key.id === id);
      await state.callerKeys.revoke(id);
      return { id, wasKnown: (await keys.revoke(id)) || isCaller };
    },
  };

  if (config.s3Port !== undefined || keys.list().length > 0) await open();

  return {
    operations,
    origin: () => origin,
    close: async () => (await served)?.close(),
  };
}

/** Earlier versions kept no roles: their keys of callers may only call. */
function shownKey<Key extends ApiKey>(key: Key) {
  return { ...key, roles: key.roles ?? ['call' as const] };
}
