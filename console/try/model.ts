/** A tensor of the signature; -1 in `shape` is a free length. `labels` are the names of its classes, where the server knows them. */
export type Spec = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly isOptional: boolean;
  readonly labels: readonly string[];
};

/** The description of a model by its server. `paths` are such as `POST /invocations`, `media` the types of body that this path takes, `example` is a request known to work, undefined where there is none. */
export type Model = {
  readonly name: string;
  readonly version: string;
  readonly inputs: readonly Spec[];
  readonly outputs: readonly Spec[];
  readonly paths: ReadonlySet<string>;
  readonly task: string;
  readonly media: readonly string[];
  readonly example: unknown;
  readonly wantsKey: boolean;
};

export type Fields = Readonly<Record<string, unknown>>;

/** Reads the model's answer at its own address, its OpenAPI document and its example; any of them may be missing, and none of them is believed to have the form that it should. */
export function readModel(
  name: string,
  about: unknown,
  document: unknown,
  example: unknown,
): Model {
  const told = fieldsOf(about);
  const paths = pathsOf(told['paths'], document);
  return {
    name: textOf(told['name'] ?? told['model']) || name,
    version: textOf(listOf(told['versions'])[0] ?? told['version']),
    inputs: specsOf(told['inputs']),
    outputs: specsOf(told['outputs']),
    paths,
    task:
      /^Answer texts: ([a-z-]+)$/.exec(textOf(fieldsOf(told['paths'])['POST /invocations']))?.[1] ??
      '',
    media: mediaOf(document),
    example: example === undefined ? exampleIn(told) : example,
    wantsKey: textOf(told['curl']).includes('$SLIPWAY_KEY'),
  };
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** vLLM's server lists its paths, the others say in words what each is for. */
function pathsOf(told: unknown, document: unknown): ReadonlySet<string> {
  const listed = listOf(told).map((path) => `POST ${textOf(path)}`);
  const documented = Object.entries(fieldsOf(fieldsOf(document)['paths'])).flatMap(
    ([path, methods]) =>
      Object.keys(fieldsOf(methods)).map((method) => `${method.toUpperCase()} ${path}`),
  );
  return new Set([...listed, ...Object.keys(fieldsOf(told)), ...documented]);
}

function mediaOf(document: unknown): readonly string[] {
  const call = ['paths', '/invocations', 'post', 'requestBody', 'content'];
  return Object.keys(fieldsOf(call.reduce<unknown>((at, key) => fieldsOf(at)[key], document)));
}

function exampleIn(about: Fields): unknown {
  return Object.values(fieldsOf(about['example']))[0];
}

function specsOf(value: unknown): readonly Spec[] {
  return listOf(value).map((item) => {
    const { name, datatype, shape, isOptional, labels, classes } = fieldsOf(item);
    return {
      name: textOf(name),
      datatype: textOf(datatype),
      shape: listOf(shape).map(Number),
      isOptional: isOptional === true,
      labels: listOf(labels ?? classes).map(textOf),
    };
  });
}
