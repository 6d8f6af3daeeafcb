import type { Readable } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { expose, type Family } from '#adapters/local/exposition.ts';
import type { EventStream } from '#adapters/local/registry/event-stream.ts';
import type { Model } from '#domain/deployment.ts';
import { Failure, type FailureName, failureName } from '#domain/failure.ts';
import type { Registry } from '#ports/registry.ts';
import { addModelRequests, type ModelRequests } from './control-api-actions.ts';

/** What an upload became: the object's version and the deployment it starts, null when its key starts none. */
export type Uploaded = {
  readonly key: string;
  readonly versionId: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly deploymentId: string | null;
};

type Deps = {
  readonly registry: Registry;
  /** A model as it is shown. */
  readonly status: (model: Model) => Promise<object>;
  /** What a model's newest revision wrote last. */
  readonly log: (model: Model) => Promise<object>;
  /** How the build of a deployment stands, null when there is none. */
  readonly build: (deploymentId: string) => Promise<object | null>;
  readonly requests: ModelRequests;
  readonly events: EventStream;
  /** What Prometheus is told. */
  readonly meters: () => Promise<readonly Family[]>;
  /** `sizeBytes` is what the sender says will come, undefined when it says nothing. */
  readonly upload: (
    key: string,
    bytes: Readable,
    sizeBytes: number | undefined,
  ) => Promise<Uploaded>;
  /** The keys of the objects that begin so. */
  readonly objects: (prefix: string) => Promise<readonly string[]>;
  /** Takes an object out of the bucket. */
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
 * The control API of one machine: what is deployed and what is to become of it, the event stream, and uploads.
 * It is for this machine alone: loopback, and no answer to a page of another origin.
 */
export function controlApi(deps: Deps): FastifyInstance {
  const { registry } = deps;
  const api = fastify();
  // Some clients never hang up, and one that is suspended never reads its stream to the end.
  api.addHook('preClose', async () => api.server.closeAllConnections());
  api.addHook('onRequest', async (request) => refuseOtherOrigins(request));
  api.setErrorHandler((error, _request, reply) => sendError(reply, error));
  api.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({
      error: 'no such resource',
      see: [
        '/models',
        '/deployments/{id}',
        '/events',
        '/healthz',
        '/metrics',
        '/objects',
        'PUT /objects/{key}',
      ],
    }),
  );

  api.get('/healthz', async () => ({ status: 'ok', pid: process.pid }));
  api.get('/models', async () => ({
    models: await Promise.all((await registry.models()).map(deps.status)),
  }));
  api.get<{ Params: { name: string } }>('/models/:name', async ({ params }, reply) => {
    const model = await registry.model(params.name);
    return model ? deps.status(model) : notFound(reply, `no model ${params.name}`);
  });
  api.get<{ Params: { name: string } }>('/models/:name/logs', async ({ params }, reply) => {
    const model = await registry.model(params.name);
    return model ? deps.log(model) : notFound(reply, `no model ${params.name}`);
  });
  addModelRequests(api, registry, deps.requests);
  api.get<{ Params: { id: string } }>('/deployments/:id', async ({ params }, reply) => {
    return (await registry.deployment(params.id)) ?? notFound(reply, `no deployment ${params.id}`);
  });
  api.get<{ Params: { id: string } }>(
    '/deployments/:id/build',
    async ({ params: { id } }, reply) => {
      const deployment = await registry.deployment(id);
      return deployment ? { build: await deps.build(id) } : notFound(reply, `no deployment ${id}`);
    },
  );
  api.get('/events', deps.events.send);
  api.get('/metrics', async (_request, reply) => {
    const { type, text } = await expose(await deps.meters());
    return reply.type(type).send(text);
  });
  api.get<{ Querystring: Readonly<Record<string, unknown>> }>('/objects', async ({ query }) => ({
    keys: await deps.objects(textOf(query, 'prefix') ?? ''),
  }));
  api.delete<{ Params: { '*': string } }>('/objects/*', async ({ params: { '*': key } }) => {
    await deps.remove(key);
    return { key };
  });

  // An upload is bytes whatever its content type says, and is read as it comes.
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', (_request, _payload, done) => done(null));
  api.put<{ Params: { '*': string } }>('/objects/*', ({ params, raw }) => {
    const said = raw.headers['content-length'];
    return deps.upload(params['*'], raw, said === undefined ? undefined : Number(said));
  });
  return api;
}

// A page whose host name was pointed at this machine sends its own name as the host; any other page sends its origin.
function refuseOtherOrigins({ hostname, host, headers: { origin } }: FastifyRequest): void {
  if (!OWN_NAMES.includes(hostname)) {
    throw new Failure('InputInvalid', `${hostname} is not a name of this machine; use 127.0.0.1`);
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Failure('InputInvalid', `pages of ${origin} may not call the control API`);
  }
}

/** What a query says under a name. Fails with `InputInvalid` where it says it twice. */
function textOf(query: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new Failure('InputInvalid', `the query has ${name} more than once`, {
    fix: `Send one request for each ${name}.`,
  });
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
