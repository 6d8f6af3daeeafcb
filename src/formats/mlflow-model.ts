import { type Document, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import * as z from 'zod/mini';
import { quoted, rejected } from './rejected.ts';

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

/** An `MLmodel` file: of a flavour, whatever it has. Every plain value is a text, as `1.10` is no number. */
export type MlflowModel = z.infer<typeof schema>;

/** Fails with `ArtifactRejected`, naming the line where it is no YAML. */
export function parseMlmodel(written: string, file: string): MlflowModel {
  const lineCounter = new LineCounter();
  const document = parseDocument(written, {
    ...({ lineCounter, schema: 'failsafe', logLevel: 'error', prettyErrors: false } as const),
    // The parser compares each key with each other one.
    uniqueKeys: false,
  });
  const [error] = document.errors;
  const fault = error ? { at: error.pos[0], what: quoted(error.message) } : keyGivenTwice(document);
  if (fault) throw odd(file, `line ${lineCounter.linePos(fault.at).line}: ${fault.what}`);
  const parsed = schema.safeParse(plain(document, file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw odd(file, `${issue?.path.join('.') || 'the file'} is not what MLflow writes`);
}

function keyGivenTwice(document: Document) {
  let fault: { readonly at: number; readonly what: string } | undefined;
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        const name = isScalar(key) ? String(key.value) : '';
        if (isScalar(key) && seen.has(name)) {
          fault = { at: key.range?.[0] ?? 0, what: `the key ${quoted(name)} is given twice` };
          return visit.BREAK;
        }
        seen.add(name);
      }
      return undefined;
    },
  });
  return fault;
}

function plain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw odd(file, 'it has aliases, which MLflow does not write');
  }
}

function odd(file: string, what: string) {
  return rejected(
    `${file} is no MLmodel that can be read: ${what}`,
    'Save the model again with mlflow, and upload the whole folder.',
  );
}
