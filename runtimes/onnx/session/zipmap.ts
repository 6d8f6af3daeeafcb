import { type Field, fieldsOf, integersOf, message, number, tagOf, textIn } from './protobuf.ts';

/** The labels of each output that a ZipMap makes, by the output's name. */
type Classes = ReadonlyMap<string, readonly string[]>;

type ZipMap = { readonly output: string; readonly classes: readonly string[] };

// Fields of ModelProto and GraphProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
const GRAPH = tagOf(7);
const OPERATOR_SET = tagOf(8);
const NODE = tagOf(1);
const OUTPUT = tagOf(12);
const FLOAT = 1;
const IDENTITY_OPSET = 13;

/**
 * The model with its list-of-maps outputs turned into tensors: an Identity replaces each ZipMap of an output, and all else is unchanged.
 * Undefined when the model has no such output. Throws on bytes that are not a ModelProto.
 */
export function withoutZipMaps(
  model: Uint8Array,
): { readonly bytes: Uint8Array; readonly classes: Classes } | undefined {
  const fields = [...fieldsOf(model)];
  const graphs = fields.filter(({ tag }) => tag === GRAPH);
  const found = graphs.flatMap(({ content }) => zipMapsOf(content));
  if (found.length === 0) return undefined;
  const isPlain = fields.some(
    ({ tag, content }) => tag === OPERATOR_SET && ['', 'ai.onnx'].includes(textIn(content, 1)),
  );
  const parts = fields.map(({ tag, whole, content }) =>
    tag === GRAPH ? message(7, [plainGraph(content, found)]) : whole,
  );
  const operators = isPlain ? [] : [message(8, [number(2, IDENTITY_OPSET)])];
  return {
    bytes: Buffer.concat([...parts, ...operators]),
    classes: new Map(found.map(({ output, classes }) => [output, classes])),
  };
}

function zipMapsOf(graph: Uint8Array): readonly ZipMap[] {
  const fields = [...fieldsOf(graph)];
  const outputs = new Set(fields.filter(isOutput).map(nameOfOutput));
  return fields.filter(isZipMap).flatMap(({ content }) => {
    const output = textIn(content, 2);
    const classes = [...fieldsOf(content)].flatMap(labelsOf);
    return outputs.has(output) ? [{ output, classes }] : [];
  });
}

function isZipMap({ tag, content }: Field): boolean {
  return tag === NODE && textIn(content, 4) === 'ZipMap';
}

function isOutput({ tag }: Field): boolean {
  return tag === OUTPUT;
}

function nameOfOutput({ content }: Field): string {
  return textIn(content, 1);
}

/** The labels in the attribute that has them: `strings` or `ints` of an AttributeProto. */
function labelsOf({ tag, content }: Field): readonly string[] {
  if (tag !== tagOf(5) || !textIn(content, 1).startsWith('classlabels_')) return [];
  return [...fieldsOf(content)].flatMap((field) => {
    if (field.tag === tagOf(9)) return [Buffer.from(field.content).toString()];
    return field.tag === tagOf(8) || field.tag === tagOf(8, 0) ? integersOf(field.content) : [];
  });
}

function plainGraph(graph: Uint8Array, zipMaps: readonly ZipMap[]): Uint8Array {
  const made = (output: string) => zipMaps.find((each) => each.output === output);
  const parts = [...fieldsOf(graph)].map((field) => {
    if (isZipMap(field) && made(textIn(field.content, 2))) return identity(field.content);
    const zipMap = isOutput(field) ? made(nameOfOutput(field)) : undefined;
    return zipMap ? tensor(zipMap) : field.whole;
  });
  return Buffer.concat(parts);
}

/** An Identity node with the same inputs, outputs and name. */
function identity(node: Uint8Array): Uint8Array {
  const kept = [...fieldsOf(node)].filter(({ tag }) =>
    [1, 2, 3].map((at) => tagOf(at)).includes(tag),
  );
  return message(1, [...kept.map(({ whole }) => whole), message(4, [Buffer.from('Identity')])]);
}

function tensor({ output, classes }: ZipMap): Uint8Array {
  const shape = message(2, [message(1, []), message(1, [number(1, classes.length)])]);
  const type = message(2, [message(1, [number(1, FLOAT), shape])]);
  return message(12, [message(1, [Buffer.from(output)]), type]);
}
