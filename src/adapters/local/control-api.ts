import type { Readable } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { exposeWithProcess, type Family } from '#adapters/local/exposition.ts';
import { answerHalfClosed } from '#adapters/local/half-closed.ts';
import { queryText } from '#adapters/local/query-text.ts';
import type { EventStream } from '#adapters/local/registry/event-stream.ts';
import type { RoomUse } from '#adapters/local/servers/server-room.ts';
import type { BuildProgress } from '#domain/build/build-progress.ts';
import type { Model } from '#domain/deployment.ts';
import { Failure, type FailureName, failureName } from '#domain/failure.ts';
import type { WallsReport } from '#domain/walls.ts';
import type { Registry } from '#ports/registry.ts';
import {
  addModelRequests,
  addPromotionRequests,
  type ModelRequests,
  sendUnknown,
} from './control-api-actions.ts';
import { addFolderJobs, type FolderJobs } from './control-api-jobs.ts';
import { type LogsAsked, logsAsked } from './control-api-logs.ts';
import { requiringToken } from './control-token.ts';

type Named = {
  readonly Params: { readonly name: string };
  readonly Querystring: Readonly<Record<string, unknown>>;
};

/** The result of an upload: the object's version and the deployment it starts, null when its key starts none. */
export type Uploaded = {
  readonly key: string;
  readonly versionId: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly deploymentId: string | null;
};

type Deps = {
  readonly registry: Registry;
  /** The secret that each request has to carry. */
  readonly token: string;
  /** A model's status for display. */
  readonly status: (model: Model) => Promise<object>;
  /** The newest drops that became no model. */
  readonly refused: () => Promise<readonly object[]>;
  /** The last lines of the model's newest revision. */
  readonly log: (model: Model, query: LogsAsked) => Promise<object>;
  readonly requests: ModelRequests;
  /** Looks after the data folder. */
  readonly jobs: FolderJobs;
  /** How the builds stand that wait or run. */
  readonly builds: () => Promise<readonly BuildProgress[]>;
  readonly events: EventStream;
  /** The faults that keep this Slipway from working as it should; empty while there is none. */
  readonly troubles: () => Promise<readonly object[]>;
  /** The metrics for Prometheus. */
  readonly meters: () => Promise<readonly Family[]>;
  /** The memory that model servers hold, beside the most that they may. */
  readonly memory: () => RoomUse;
  /** How its models are isolated: what was found as it started. */
  readonly walls: WallsReport;
  /** `sizeBytes` is the size that the sender declares, undefined when it declares none. */
  readonly upload: (
    key: string,
    bytes: Readable,
    sizeBytes: number | undefined,
  ) => Promise<Uploaded>;
  /** The keys with this prefix. */
  readonly objects: (prefix: string) => Promise<readonly string[]>;
  /** Removes an object from the bucket. */
  readonly remove: (key: string) => Promise<void>;
};

const STATUS: Partial<Record<FailureName, number>> = {
  ArtifactRejected: 422,
  InputInvalid: 400,
  PhaseConflict: 409,
  PlatformThrottled: 429,
  PlatformUnavailable: 503,
  StorageFull: 507,
};

const OWN_NAMES: readonly string[] = ['127.0.0.1', '[::1]', '::1', 'localhost'];

/**
 * The control API of one machine: deployments and the actions on them, the event stream, and uploads.
 * It serves its own user alone: it listens on loopback, wants its token, and refuses pages from other origins.
 */
export function controlApi(deps: Deps): FastifyInstance {
  const { registry } = deps;
  // A request that the router cannot read is refused before any handler of errors is asked.
  const api = fastify({ frameworkErrors: (error, _request, reply) => sendError(reply, error) });
  // Some clients never disconnect, and a suspended one never reads its stream to the end.
  answerHalfClosed(api.server);
  api.addHook('preClose', async () => api.server.closeAllConnections());
  api.addHook('onRequest', async (request) => refuseOtherOrigins(request));
  api.addHook('onRequest', requiringToken(deps.token));
  api.setErrorHandler((error, _request, reply) => sendError(reply, error));
  api.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({
      error: 'no such resource',
      see: [
        '/models',
        '/refused',
        '/storage',
        '/deployments/{id}',
        '/builds',
        '/events',
        '/healthz',
        '/metrics',
        '/objects',
        'PUT /objects/{key}',
      ],
    }),
  );

  api.get('/healthz', async (_request, reply) => {
    const { walls } = deps;
    const troubles = await deps.troubles();
    const [pid, memory] = [process.pid, deps.memory()];
    if (troubles.length === 0) return { status: 'ok', pid, memory, walls };
    return reply.code(503).send({ status: 'failing', pid, memory, walls, troubles });
  });
  api.get('/models', async () => ({
    models: await Promise.all((await registry.models()).map(deps.status)),
  }));
  api.get('/refused', async () => ({ refused: await deps.refused() }));
  api.get<{ Params: { name: string } }>('/models/:name', async ({ params }, reply) => {
    const model = await registry.model(params.name);
    return model ? deps.status(model) : sendUnknown(reply, registry, params.name);
  });
  api.get<Named>('/models/:name/logs', async ({ params, query }, reply) => {
    const asked = logsAsked(query);
    const model = await registry.model(params.name);
    return model ? deps.log(model, asked) : sendUnknown(reply, registry, params.name);
  });
  addModelRequests(api, registry, deps.requests);
  addPromotionRequests(api, registry, deps.requests);
  addFolderJobs(api, deps.jobs);
  api.get<{ Params: { id: string } }>('/deployments/:id', async ({ params }, reply) => {
    return (await registry.deployment(params.id)) ?? notFound(reply, `no deployment ${params.id}`);
  });
  api.get('/builds', async () => ({ builds: await deps.builds() }));
  api.get('/events', deps.events.send);
  api.get('/metrics', async (_request, reply) => {
    const { type, text } = await exposeWithProcess(await deps.meters());
    return reply.type(type).send(text);
  });
  api.get<{ Querystring: Readonly<Record<string, unknown>> }>('/objects', async ({ query }) => ({
    keys: await deps.objects(queryText(query, 'prefix') ?? ''),
  }));
  api.delete<{ Params: { '*': string } }>('/objects/*', async ({ params: { '*': key } }) => {
    await deps.remove(key);
    return { key };
  });

  // An upload is raw bytes whatever its content type, and is streamed.
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', (_request, _payload, done) => done(null));
  api.put<{ Params: { '*': string } }>('/objects/*', ({ params, raw }) => {
    const said = raw.headers['content-length'];
    return deps.upload(params['*'], raw, said === undefined ? undefined : Number(said));
  });
  return api;
}

// A page whose host name was rebound to this machine (DNS rebinding) sends that name as the host; any other page sends its origin.
function refuseOtherOrigins({ hostname, host, headers: { origin } }: FastifyRequest): void {
  if (!OWN_NAMES.includes(hostname)) {
    throw new Failure('InputInvalid', `${hostname} is not a name of this machine; use 127.0.0.1`);
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Failure('InputInvalid', `pages of ${origin} may not call the control API`);
  }
}

function notFound(reply: FastifyReply, error: string) {
  return reply.code(404).send({ error });
}

function sendError(reply: FastifyReply, error: unknown) {
  const name = failureName(error);
  if (error instanceof Failure && name) {
    return reply.code(STATUS[name] ?? 500).send({ error: error.message, fix: error.fix });
  }
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error
      ? Number(error.statusCode)
      : 500;
  return reply.code(status).send({ error: error instanceof Error ? error.message : String(error) });
}
