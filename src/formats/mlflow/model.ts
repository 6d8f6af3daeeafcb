import {
  type Document,
  isAlias,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import * as z from 'zod/mini';
import { quoted, rejected } from '#formats/rejected.ts';
import { tooDeepLine } from '#formats/yaml/nesting.ts';
import { repeatedKeys } from '#formats/yaml/repeats.ts';

const text = z.optional(z.string());
const flavour = z.optional(z.record(z.string(), z.unknown()));

const schema = z.object({
  flavors: z.record(z.string(), flavour),
  mlflow_version: text,
  signature: z.optional(
    z.union([z.string(), z.object({ inputs: text, outputs: text, params: text })]),
  ),
  saved_input_example_info: z.optional(
    z.union([
      z.string(),
      z.object({
        artifact_path: text,
        serving_input_path: text,
        pandas_orient: text,
        type: text,
        format: text,
      }),
    ]),
  ),
});

/** An `MLmodel` file; a flavour keeps all its keys. Every scalar is read as text, since `1.10` is not a number. */
export type MlflowModel = z.infer<typeof schema>;

/** Fails with `ArtifactRejected`, naming the line that is not valid YAML. */
export function parseMlmodel(written: string, file: string): MlflowModel {
  if (tooDeepLine(written)) throw odd(file, 'its values are nested too deeply');
  const lineCounter = new LineCounter();
  const document = parseDocument(written, {
    ...({ lineCounter, schema: 'failsafe', logLevel: 'error', prettyErrors: false } as const),
    // `repeatedKeys` reports them.
    uniqueKeys: false,
  });
  const [error] = document.errors;
  const fault = error
    ? { at: error.pos[0], what: quoted(error.message) }
    : (oddCharacter(written) ?? oddNode(document, written) ?? keyGivenTwice(document));
  if (fault) throw odd(file, `line ${lineCounter.linePos(fault.at).line}: ${fault.what}`);
  const parsed = schema.safeParse(plain(document, file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw odd(file, `${issue?.path.join('.') || 'the file'} is not what MLflow writes`);
}

type Fault = { readonly at: number; readonly what: string };

// These characters end a line in YAML 1.1 but not in 1.2; a directive selects the version, and begins another document.
const ODD = /\r(?!\n)|[\x85\u2028\u2029\ufeff\t]|^(%|---|\.\.\.)|[^\n\r\x20-\u{10ffff}]/mu;

// Words and names that every YAML version reads as text, except those that 1.1 reads as true, false or null. A scalar that begins with a digit may be a number or a date in 1.1.
const PLAIN_KEY = /^[a-z_][\w ./-]*$/i;
const NO_TEXT = /^(y|yes|n|no|on|off|true|false|null)$/i;

const ODD_NODE = 'it has tags, anchors or aliases, which MLflow does not write';

const ODD_END = 'the file ends within a multi-line string';

function isBlock(node: Node): boolean {
  return isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
}

function oddCharacter(written: string): Fault | undefined {
  const at = written.search(ODD);
  if (at < 0) return undefined;
  const shown = JSON.stringify(written.at(at)).replace(
    /[\x7f-\uffff]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return { at, what: `${shown} is read differently by different versions of YAML` };
}

/** MLflow reads the same file as YAML 1.1, so a node that 1.1 reads differently is refused, even where it is not used. */
function oddNode(document: Document, written: string): Fault | undefined {
  let fault: Fault | undefined;
  visit(document, {
    Node(_, node) {
      const isOdd = isAlias(node) || node.tag !== undefined || node.anchor !== undefined;
      const at = node.range?.[0] ?? 0;
      if (isOdd) fault = { at, what: ODD_NODE };
      else if (isBlock(node) && !written.endsWith('\n')) fault = { at, what: ODD_END };
      return fault ? visit.BREAK : undefined;
    },
    Pair(_, { key }) {
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined;
      const isQuoted =
        isScalar(key) && (key.type === 'QUOTE_SINGLE' || key.type === 'QUOTE_DOUBLE');
      if (name !== undefined && (isQuoted || (PLAIN_KEY.test(name) && !NO_TEXT.test(name))))
        return undefined;
      fault = {
        at: isNode(key) ? (key.range?.[0] ?? 0) : 0,
        what: `the key ${quoted(name ?? '')} is not a plain name`,
      };
      return visit.BREAK;
    },
  });
  return fault;
}

function keyGivenTwice(document: Document): Fault | undefined {
  const [first] = repeatedKeys(document);
  return first && { at: first.offset, what: `the key ${quoted(first.name)} is given twice` };
}

function plain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw odd(file, ODD_NODE);
  }
}

function odd(file: string, what: string) {
  return rejected(
    `${file} is not a readable MLmodel: ${what}`,
    'Save the model again with mlflow, and upload the whole folder.',
  );
}
