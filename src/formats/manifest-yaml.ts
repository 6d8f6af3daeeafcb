import { type Document, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import { type Manifest, manifestSchema } from '#domain/manifest/manifest.ts';
import { type Fault, schemaFault } from './manifest-fault.ts';
import { rejected } from './rejected.ts';
import { tooDeepLine } from './yaml-nesting.ts';

const MAX_BYTES = 256 * 1024;

const SYNTAX: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key is given twice',
  MULTIPLE_DOCS: 'a second document begins; a manifest has only one',
  RESOURCE_EXHAUSTION: 'values are nested too deeply',
};

/**
 * Parses a `model.yaml`, called `fileName` in messages; empty text is an empty manifest.
 * Fails with `ArtifactRejected`, naming the line: invalid YAML, an unknown key, a wrong value; more than 256 KiB.
 */
export function parseManifest(text: string, fileName: string): Manifest {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_BYTES) {
    throw refused(`${fileName} is ${sizeBytes} bytes; the limit is ${MAX_BYTES}`);
  }
  const tooDeep = tooDeepLine(text);
  if (tooDeep !== undefined) {
    throw refused(`${fileName} line ${tooDeep}: ${SYNTAX['RESOURCE_EXHAUSTION']}`);
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    logLevel: 'error',
    prettyErrors: false,
    resolveKnownTags: false,
  });
  const refusedAt = ({ offset, what }: Fault) =>
    refused(`${fileName} line ${lineCounter.linePos(offset).line}: ${what}`);

  const unusable = syntaxFault(document) ?? valueFault(document);
  if (unusable) throw refusedAt(unusable);
  const parsed = manifestSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  throw refusedAt(schemaFault(parsed.error, document, text));
}

function syntaxFault({ errors, warnings }: Document): Fault | undefined {
  const [error]: YAMLError[] = [...errors, ...warnings];
  return error && { offset: error.pos[0], what: SYNTAX[error.code] ?? error.message };
}

/** Finds a value that YAML allows but JSON, in which examples are sent, does not. An alias can also expand to more than fits in memory. */
function valueFault(document: Document): Fault | undefined {
  let fault: Fault | undefined;
  visit(document, {
    Alias(_, { range, source }) {
      fault = { offset: range?.[0] ?? 0, what: `\`*${source}\` is an alias; write the value out` };
      return visit.BREAK;
    },
    Scalar(_, { range, source, value }) {
      if (typeof value !== 'number' || isExact(value, source)) return undefined;
      fault = {
        offset: range?.[0] ?? 0,
        what: `${source} is not a number that JSON can represent exactly`,
      };
      return visit.BREAK;
    },
  });
  return fault;
}

function isExact(value: number, source = ''): boolean {
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !/^[-+]?\d+$/.test(source));
}

function refused(message: string) {
  return rejected(message, 'Correct the manifest; docs/model.yaml shows every key.');
}
