import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import type { RoutingTable } from './routing-table.ts';

/** That of the package. */
const SERVER_VERSION = '0.1.0';

type Parts = { readonly revisions: Pick<RevisionHost, 'limits'>; table(): RoutingTable };
type Answer = { readonly status: number; readonly body: object };

const ANSWERS: Readonly<Record<string, (parts: Parts) => Answer>> = {
  // For a proxy or a supervisor: whoever reads it is answered. Why something is amiss is told by the control API's.
  '/healthz': ({ table }) => ok({ status: 'ok', models: namesIn(table()) }),
  '/v2': () => ok({ name: 'slipway', version: SERVER_VERSION, extensions: ['binary_tensor_data'] }),
  '/v2/health/live': () => ok({ live: true }),
  '/v2/health/ready': (parts) => readiness(parts),
  '/v1/models': ({ table }) => ok(modelList(namesIn(table()))),
};

/** Answers a GET of what clients ask of a server as a whole: the Open Inference Protocol's metadata and health, OpenAI's and KServe's list of models, and `/healthz`; false for any other request. */
export function answerRoot(
  { url = '' }: IncomingMessage,
  response: ServerResponse,
  parts: Parts,
): boolean {
  const path = url.replace(/\?.*/s, '').replace(/(.)\/$/, '$1');
  const answer = Object.hasOwn(ANSWERS, path) ? ANSWERS[path] : undefined;
  if (!answer) return false;
  const { status, body } = answer(parts);
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
  return true;
}

/** Ready while each model that has traffic has a revision for it. */
function readiness({ revisions, table }: Parts): Answer {
  const without = namesIn(table()).filter((name) => {
    const shares = Object.keys(table().get(name)?.shares ?? {});
    return !shares.some((revision) => revisions.limits(revision));
  });
  if (without.length === 0) return ok({ ready: true });
  return { status: 503, body: { ready: false, error: `no revision of ${without.join(', ')}` } };
}

/** In OpenAI's words, and beside them in those of KServe's first protocol. */
function modelList(models: readonly string[]): object {
  const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'slipway' }));
  return { object: 'list', data, models };
}

function namesIn(table: RoutingTable): readonly string[] {
  return [...table.keys()].sort();
}

function ok(body: object): Answer {
  return { status: 200, body };
}
