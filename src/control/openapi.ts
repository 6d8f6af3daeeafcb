import * as z from 'zod/mini';
import { refusal } from './models.ts';
import type { Answer, Operation, Operations } from './operation.ts';

type Json = Readonly<Record<string, unknown>>;

/** The named parts of schemas, by their names. */
type Components = Map<string, Json>;

const TYPES: Readonly<Record<Answer['kind'], string>> = {
  json: 'application/json',
  text: 'text/plain',
  lines: 'application/x-ndjson',
  events: 'text/event-stream',
};

const INFO = {
  title: "Slipway's control API",
  version: '1',
  description:
    'The models, deployments and events of one machine, and uploads to it. It listens on the loopback address only, and answers no request that names another host, that a page of another origin sends, or that lacks its token: `token` of `instance.json` in the data folder, which its owner alone may read, and which each start makes anew. A Slipway in AWS has no such API: there the command line reads the table, the bucket and the logs itself.',
};

const SERVER = {
  url: 'http://127.0.0.1:8081',
  description:
    'The default port; a busy one moves to the next. `instance.json` in the data folder has the address.',
};

const REFUSAL =
  'Why there is no such answer. 400 for a wrong request, 404 for what is not there, 409 for what is too late, 422 for a wrong upload, 429 and 503 for what may be tried again, 507 when the disk is full.';

/** The document of a control API, in OpenAPI 3.1: docs/control-api.openapi.yaml, written by `npm run schemas`. */
export function openApiDocument(table: Operations): Json {
  const schemas: Components = new Map();
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries(table)) {
    const { path, method } = operation;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(name, operation, schemas) };
  }
  const content = { 'application/json': { schema: schemaOf(refusal, schemas) } };
  return {
    openapi: '3.1.0',
    info: INFO,
    security: [{ token: [] }],
    servers: [SERVER],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      responses: { Refusal: { description: REFUSAL, content } },
      schemas: Object.fromEntries([...schemas].toSorted(([a], [b]) => a.localeCompare(b))),
    },
  };
}

function operationOf(name: string, operation: Operation, schemas: Components): Json {
  const { summary, description, isOpen, params, query, cursor, takesBytes } = operation;
  const parameters = [
    ...parametersOf('path', params, schemas),
    ...parametersOf('query', query, schemas),
    ...(cursor
      ? [{ in: 'header', name: cursor.header, description: cursor.description, schema: TEXT }]
      : []),
  ];
  return {
    operationId: name,
    ...(isOpen && { security: [] }),
    summary,
    ...(description && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(takesBytes && { requestBody: { content: { 'application/octet-stream': {} } } }),
    responses: responsesOf(operation, schemas),
  };
}

const TEXT = { type: 'string' };

function typeOf(answer: Answer): string {
  return (answer.kind === 'text' && answer.type) || TYPES[answer.kind];
}

function responsesOf({ says, answer, otherwise }: Operation, schemas: Components): Json {
  const answered = (description: string, schema: Json) => ({
    description,
    content: { [typeOf(answer)]: { schema } },
  });
  const isWritten = answer.kind === 'text' || answer.kind === 'events';
  return {
    '200': answered(says, isWritten ? TEXT : schemaOf(answer.schema, schemas)),
    ...(otherwise && {
      [otherwise.status]: answered(otherwise.says, schemaOf(otherwise.schema, schemas)),
    }),
    default: { $ref: '#/components/responses/Refusal' },
  };
}

function parametersOf(
  where: 'path' | 'query',
  fields: z.ZodMiniObject | undefined,
  schemas: Components,
): readonly Json[] {
  return Object.entries(fields?.shape ?? {}).map(([name, value]) => {
    const { description, ...schema } = schemaOf(value, schemas);
    const isRequired = where === 'path' || !z.safeParse(value, undefined).success;
    return {
      name,
      in: where,
      ...(isRequired && { required: true }),
      ...(typeof description === 'string' && { description }),
      schema,
    };
  });
}

/** The JSON schema of a value, with a reference for each named part, which is added to the components. */
function schemaOf(schema: z.core.$ZodType, schemas: Components): Json {
  const { $schema, $defs, ...own } = z.toJSONSchema(schema, {
    // A step's own record, which another Slipway reads by its own types.
    unrepresentable: 'any',
    override({ jsonSchema }) {
      // These are the limits of JavaScript's safe integers, which every whole number meets.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  for (const [name, part] of Object.entries($defs ?? {})) schemas.set(name, referring(part));
  return referring(own);
}

function referring(schema: object): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
