import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasBody } from '#adapters/local/gateway/received-body.ts';
import { queryText } from '#adapters/local/query-text.ts';
import type { Model } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { unknownModel } from '#domain/unknown-model.ts';
import type { Registry } from '#ports/registry.ts';

/** The actions on a model by its name, and the listing of its versions. */
export type ModelRequests = {
  rollback(model: string, to: number | null): Promise<object>;
  undeploy(model: string): Promise<object>;
  abort(model: string): Promise<object>;
  release(model: string, version: number | null, place: string): Promise<object>;
  promote(promotion: {
    readonly model: string;
    readonly key: string;
    readonly versionId: string;
    readonly needsApproval: boolean;
  }): Promise<object>;
  answer(
    model: string,
    answer: {
      readonly version: number;
      readonly verdict: 'approved' | 'refused';
      readonly digest: string;
      readonly by: string;
    },
  ): Promise<object>;
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

/** The routes by which a version comes here from another Slipway, and goes to one. */
export function addPromotionRequests(
  api: FastifyInstance,
  registry: Registry,
  requests: Pick<ModelRequests, 'release' | 'promote' | 'answer'>,
): void {
  const known = async (name: string, reply: FastifyReply, answer: () => Promise<object>) =>
    (await registry.model(name)) ? answer() : sendUnknown(reply, registry, name);

  api.get<ModelRoute>('/models/:name/release', ({ params: { name }, query }, reply) =>
    known(name, reply, () =>
      requests.release(
        name,
        versionOf('version', query['version']),
        queryText(query, 'place') ?? 'this machine',
      ),
    ),
  );
  // The model may be none of this machine's yet.
  api.post<ModelRoute>('/promotions', ({ query, raw }) => {
    if (hasBody(raw)) throw bodyRefused();
    return requests.promote({
      model: required(query, 'model'),
      key: required(query, 'key'),
      versionId: required(query, 'versionId'),
      needsApproval: queryText(query, 'needsApproval') === 'true',
    });
  });
  api.post<ModelRoute>('/models/:name/answer', ({ params: { name }, query, raw }, reply) => {
    if (hasBody(raw)) throw bodyRefused();
    const version = versionOf('version', required(query, 'version')) ?? 0;
    const verdict = verdictOf(required(query, 'verdict'));
    const answer = { version, verdict, digest: required(query, 'digest') };
    return known(name, reply, () =>
      requests.answer(name, { ...answer, by: required(query, 'by') }),
    );
  });
}

function required(query: ModelRoute['Querystring'], name: string): string {
  const text = queryText(query, name);
  if (text) return text;
  throw new Failure('InputInvalid', `the query has no ${name}`);
}

function verdictOf(text: string): 'approved' | 'refused' {
  if (text === 'approved' || text === 'refused') return text;
  throw new Failure('InputInvalid', `verdict=${text} is neither approved nor refused`);
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
