import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasBody } from '#adapters/local/gateway/received-body.ts';
import type { Model } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { unknownModel } from '#domain/unknown-model.ts';
import type { Registry } from '#ports/registry.ts';

/** The actions on a model by its name, and the listing of its versions. */
export type ModelRequests = {
  rollback(model: string, to: number | null): Promise<object>;
  undeploy(model: string): Promise<object>;
  abort(model: string): Promise<object>;
  versions(model: Model): Promise<readonly object[]>;
  explain(model: Model, version: number | null): Promise<object>;
};

type ModelRoute = { Params: { name: string }; Querystring: Readonly<Record<string, unknown>> };
type Answer = (model: Model, query: ModelRoute['Querystring']) => Promise<object>;

/** The routes of a model below `/models/{name}`, except its status and its log. */
export function addModelRequests(
  api: FastifyInstance,
  registry: Registry,
  requests: ModelRequests,
): void {
  const answered =
    (answer: Answer) =>
    async ({ params, query, raw }: FastifyRequest<ModelRoute>, reply: FastifyReply) => {
      if (hasBody(raw)) throw bodyRefused();
      const model = await registry.model(params.name);
      if (!model) return sendUnknown(reply, registry, params.name);
      return answer(model, query);
    };

  api.get<ModelRoute>(
    '/models/:name/versions',
    answered(async (model) => ({ versions: await requests.versions(model) })),
  );
  api.get<ModelRoute>(
    '/models/:name/explain',
    answered((model, { version }) => requests.explain(model, versionOf('version', version))),
  );
  api.post<ModelRoute>(
    '/models/:name/rollback',
    answered(({ name }, { to }) => requests.rollback(name, versionOf('to', to))),
  );
  api.post<ModelRoute>(
    '/models/:name/undeploy',
    answered(({ name }) => requests.undeploy(name)),
  );
  api.post<ModelRoute>(
    '/models/:name/abort',
    answered(({ name }) => requests.abort(name)),
  );
}

export async function sendUnknown(
  reply: FastifyReply,
  registry: Registry,
  name: string,
): Promise<FastifyReply> {
  const { message, fix } = unknownModel(
    name,
    (await registry.models()).map((model) => model.name),
  );
  return reply.code(404).send({ error: message, fix });
}

/** A caller whose body was ignored would believe that it took effect. */
function bodyRefused(): Failure {
  return new Failure('InputInvalid', 'the request has a body, but this route takes none', {
    fix: 'Use the query instead: ?to=2.',
  });
}

/** Null when absent. */
function versionOf(name: string, value: unknown): number | null {
  if (value === undefined) return null;
  const version = Number(value);
  if (Number.isSafeInteger(version) && version > 0) return version;
  throw new Failure('InputInvalid', `${name}=${value} is not a version`, {
    fix: 'A version is a whole number, 1 or greater.',
  });
}
