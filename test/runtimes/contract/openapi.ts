import Ajv from 'ajv/dist/2020.js';
import { type ModelServer, sharedModel, type Wanted } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const PATHS = ['/invocations', '/v2/models/m/infer', '/v1/models/m:predict'];

/** Sends each example of the document to the server and judges both ways by the document's schemas. */
async function tryExamples(server: ModelServer) {
  const { json: document } = await server.get('/openapi.json');
  const ajv = new Ajv.default({ strict: false });
  return Promise.all(
    PATHS.map(async (path) => {
      const { requestBody, responses } = document.paths[path].post;
      const { schema, example } = requestBody.content['application/json'];
      const answer = await server.post(path, example);
      return {
        requestFits: ajv.validate(schema, example),
        status: answer.status,
        answerFits: ajv.validate(responses[200].content['application/json'].schema, answer.json),
      };
    }),
  );
}

/** A model of which the example has to work too. */
export type Exemplary = { readonly says: string; readonly model: () => Promise<ModelServer> };

export function describeOpenApi(runtime: Runtime, others: readonly Exemplary[]): void {
  const of =
    (...wanted: Wanted) =>
    () =>
      sharedModel(runtime, wanted);
  it.each([
    { says: 'two inputs', model: of('twoInputs') },
    { says: 'columns', model: of('columns') },
    { says: 'text', model: of('identity', { datatype: 'BYTES', shape: ['n'] }) },
    { says: 'no declared shape', model: of('identity', { datatype: 'INT64' }) },
    { says: 'only one width that works', model: of('width32Only') },
    ...others,
  ])('the example of a model with $says is one that it answers', async ({ model }) => {
    const server = await model();

    const results = await tryExamples(server);

    const right = { requestFits: true, status: 200, answerFits: true };
    expect(results).toEqual([right, right, right]);
  });

  describe('the document', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await sharedModel(runtime, ['twoInputs'], { MODEL_VERSION: '7' });
    });

    it('is OpenAPI 3.1 of the model, relative to where it is served', async () => {
      const { json } = await server.get('/openapi.json');

      expect(json).toMatchObject({
        openapi: '3.1.0',
        info: { title: 'm', version: '7' },
        servers: [{ url: '.' }],
      });
    });

    it('says of every list what may be in it, without which makers of clients leave out a path', async () => {
      const { json } = await server.get('/openapi.json');

      const lists = listsIn(json.paths);

      expect(lists.length).toBeGreaterThan(10);
      expect(lists.filter((list) => !('items' in list || 'prefixItems' in list))).toEqual([]);
    });

    it('has each path in a group, since a page of it would head those in none “default”', async () => {
      const { json } = await server.get('/openapi.json');

      const groups = Object.values<Record<string, { tags?: string[] }>>(json.paths).flatMap(
        (path) => Object.entries(path).map(([method, { tags }]) => [method, tags]),
      );

      const [calls, about] = json.tags.map((tag: { readonly name: string }) => tag.name);
      expect([calls, about]).toEqual(['Call the model', 'About the model']);
      expect(groups.filter(([method]) => method === 'post')).toHaveLength(3);
      for (const [method, tags] of groups) {
        expect(tags).toEqual([method === 'post' ? calls : about]);
      }
    });

    it('names only paths that the server answers', async () => {
      const { json } = await server.get('/openapi.json');

      const answers = await Promise.all(Object.keys(json.paths).map((path) => server.get(path)));

      expect(answers.map(({ status }) => status).filter((status) => status === 404)).toEqual([]);
      expect(answers).toHaveLength(10);
    });

    it.each([
      { inputs: [[1, 2]] },
      { inputs: { a: [[1, 2]] } },
      { inputs: { a: [[1]], b: [[1]] } },
      { inputs: { a: [['x', 'y']], b: [[1, 2]] } },
      { instances: [[1, 2]] },
      {},
    ])('refuses by its schema what the server refuses: %j', async (body) => {
      const { json } = await server.get('/openapi.json');
      const { schema } = json.paths['/invocations'].post.requestBody.content['application/json'];

      const fits = new Ajv.default({ strict: false }).validate(schema, body);
      const answer = await server.post('/invocations', body);

      expect({ fits, status: answer.status }).toEqual({ fits: false, status: 400 });
    });
  });
}

/** The schemas of lists, at any depth. */
function listsIn(schema: unknown): object[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'type' in schema && schema.type === 'array' ? [schema] : [];
  return [...own, ...Object.values(schema).flatMap(listsIn)];
}
