import { type Document, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import type * as z from 'zod/mini';
import { type Manifest, manifestSchema } from '#domain/manifest/manifest.ts';
import { rejected } from '#formats/rejected.ts';
import { tooDeepLine } from '#formats/yaml/nesting.ts';
import { repeatedKeys } from '#formats/yaml/repeats.ts';
import { type Fault, MOST_LISTED, schemaFaults } from './manifest-fault.ts';

const MAX_BYTES = 256 * 1024;

const SYNTAX: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a second document begins; a manifest has only one',
  RESOURCE_EXHAUSTION: 'values are nested too deeply',
};

/**
 * Parses a `model.yaml`, called `fileName` in messages; empty text is an empty manifest.
 * Fails with `ArtifactRejected`, with a line for each error, which names its line in the file: invalid YAML, an unknown key, a wrong value; over 256 KiB.
 */
export function parseManifest(text: string, fileName: string): Manifest {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_BYTES) {
    throw refused([`${fileName} is ${sizeBytes} bytes; the limit is ${MAX_BYTES}`]);
  }
  const tooDeep = tooDeepLine(text);
  if (tooDeep !== undefined) {
    throw refused([`${fileName} line ${tooDeep}: ${SYNTAX['RESOURCE_EXHAUSTION']}`]);
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    logLevel: 'error',
    prettyErrors: false,
    resolveKnownTags: false,
    // `repeatedKeys` reports them.
    uniqueKeys: false,
  });
  const read = readDocument(document, text);
  if (!('faults' in read)) return read.manifest;
  const lines = read.faults
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, what }) => `${fileName} line ${lineCounter.linePos(offset).line}: ${what}`);
  throw refused([...new Set(lines)]);
}

type Read = { readonly manifest: Manifest } | { readonly faults: readonly Fault[] };

function readDocument(document: Document, text: string): Read {
  const { isExpandable, faults } = written(document);
  if (!isExpandable) return { faults };
  const value: unknown = document.toJS() ?? {};
  if (isMlflows(value)) return { faults: [{ offset: 0, what: MLFLOWS }] };
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success && faults.length === 0) return { manifest: parsed.data };
  return { faults: [...faults, ...schemaFaults(issuesOf(value), document, text)] };
}

const MLFLOWS =
  "it is what MLflow writes for OpenAI's service, which no model is in; call the service from a predict.py, in a folder whose own model.yaml has `runtime: { network: open }`";

/** MLflow's flavour `openai` has a file of the same name. */
function isMlflows(value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null;
  return isObject && 'task' in value && 'model' in value && typeof value.model === 'string';
}

/** The faults that YAML or JSON finds in the text; the text is not expanded where its meaning is unclear, or an alias could expand to more than fits in memory. */
function written(document: Document) {
  const errors: readonly YAMLError[] = [...document.errors, ...document.warnings];
  const values = valueFaults(document);
  return {
    isExpandable: values.aliases.length === 0 && errors.length === 0,
    faults: [
      ...errors.map(({ pos: [offset], code, message }) => ({
        offset,
        what: SYNTAX[code] ?? message,
      })),
      ...values.aliases,
      ...values.numbers,
      ...repeatedKeys(document).map(({ offset }) => ({ offset, what: 'this key is given twice' })),
    ],
  };
}

/** Values that YAML can write, but JSON, in which examples are sent, cannot. */
function valueFaults(document: Document) {
  const aliases: Fault[] = [];
  const numbers: Fault[] = [];
  visit(document, {
    Alias(_, { range, source }) {
      const what = `\`*${source}\` is an alias; write the value out`;
      aliases.push({ offset: range?.[0] ?? 0, what });
    },
    Scalar(_, { range, source, value }) {
      if (typeof value !== 'number' || isExact(value, source)) return;
      const what = `${source} is not a number that JSON can represent exactly`;
      numbers.push({ offset: range?.[0] ?? 0, what });
    },
  });
  return { aliases, numbers };
}

/** The schema stops at an unknown key, so the known keys are checked without it. */
function issuesOf(value: unknown): readonly z.core.$ZodIssue[] {
  const { error } = manifestSchema.safeParse(value);
  const unknown = (error?.issues ?? []).filter((issue) => issue.code === 'unrecognized_keys');
  if (unknown.length === 0) return error?.issues ?? [];
  for (const { path, keys } of unknown) {
    for (const key of keys) Reflect.deleteProperty(at(value, path), key);
  }
  return [...unknown, ...(manifestSchema.safeParse(value).error?.issues ?? [])];
}

function at(value: unknown, path: readonly PropertyKey[]): object {
  return Object(path.reduce<unknown>((inside, step) => Object(inside)[step], value));
}

function isExact(value: number, source = ''): boolean {
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !/^[-+]?\d+$/.test(source));
}

function refused(lines: readonly string[]) {
  const more = lines.length - MOST_LISTED;
  const listed = more > 0 ? [...lines.slice(0, MOST_LISTED), `and ${more} more`] : lines;
  return rejected(listed, 'Correct the manifest; docs/model.yaml shows every key.');
}
