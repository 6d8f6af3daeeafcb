import * as z from 'zod/mini';
import type { TensorSpec } from '#domain/artifact/signature.ts';
import { answerJson } from './answer-json.ts';
import {
  type Declared,
  exampleOf,
  type GoldenRequest,
  MAX_GOLDEN_BYTES,
} from './golden-request.ts';
import { difference } from './json-difference.ts';
import type { Verdict } from './verdict.ts';

/** The outcome of a request; `none` means that no answer came: a crash or a timeout. */
export type GoldenAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'none'; readonly reason: string };

export type GoldenAttempt = { readonly request: GoldenRequest; readonly answer: GoldenAnswer };

/** The warning for a version for which no request could be generated, so that it answered none. */
export const UNPROVEN = 'started, unproven';
const LONGEST_SHOWN = 200;
const DEEPEST_DATA = 16;

// A busy or slow server also answers with a 4xx, which says nothing about the model.
const NO_REFUSAL: ReadonlySet<number> = new Set([408, 425, 429]);

const tensor = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) });
const withOutputs = z.object({
  outputs: z.optional(z.array(z.looseObject({ name: z.string() }))),
});
const data = z.pipe(
  z.array(z.unknown()),
  z.transform((nested) => nested.flat(DEEPEST_DATA)),
);
const withData = z.looseObject({ outputs: z.array(z.looseObject({ data: z.optional(data) })) });
const inferAnswer = z.object({ outputs: z.array(tensor) });

/** True for the answer that ends the attempts: 200, right or wrong. */
export function isProof(answer: GoldenAnswer): boolean {
  return answer.kind === 'answer' && answer.status === 200;
}

/**
 * Verdict from the golden requests, in the order sent; only the last can have been answered 200.
 * A 200 is judged by its body. Without a 200 the model is unhealthy: refusals (4xx) do not prove that it answers anything.
 * When no request could be generated it is healthy, with the warning `started, unproven`.
 */
export function judgeGoldens(declared: Declared, attempts: readonly GoldenAttempt[]): Verdict {
  const last = attempts.at(-1);
  if (!last) return { kind: 'healthy', warning: unproven(declared) };
  const refused = attempts.find(({ answer }) => isRefusal(answer));
  if (isProof(last.answer) || exampleOf(declared) || !refused) return judgeGolden(declared, last);
  const many =
    attempts.length > 1
      ? `none of ${attempts.length} golden requests was answered 200; the first that was refused`
      : 'the golden request';
  return { kind: 'unhealthy', reason: `${many} ${outcome(refused.answer)}` };
}

function unproven({ signature }: Declared): string {
  const why = signature
    ? `a request made from the signature has more than ${MAX_GOLDEN_BYTES} bytes`
    : 'the artifact has no input signature, so no request could be made';
  return `${UNPROVEN}: ${why}; give an example in model.yaml (examples: [{ request: … }])`;
}

/**
 * Verdict from one golden request: healthy when the answer is a 200 with outputs of the declared names
 * and datatypes, and, if the request is the example's, with the expected values. An output of another rank than the model
 * declares is only a warning: ONNX Runtime treats it so too, and CatBoost's exporter declares [N] where each row has a list of one.
 */
export function judgeGolden(declared: Declared, { request, answer }: GoldenAttempt): Verdict {
  if (answer.kind === 'none' || answer.status !== 200) return unhealthy(outcome(answer));
  const said = answerJson(answer.body);
  if ('fault' in said) {
    return unhealthy(`was answered 200 ${said.fault}: ${shown(answer.body)}`);
  }
  const body = said.value;
  const outputs = requested(declared, request);
  const wrong = outputFault(outputs, body) ?? expectationFault(declared, request, body);
  if (wrong) return unhealthy(`got a wrong answer: ${wrong}`);
  const warning = otherRank(outputs, body);
  return warning ? { kind: 'healthy', warning } : { kind: 'healthy' };
}

function unhealthy(what: string): Verdict {
  return { kind: 'unhealthy', reason: `the golden request ${what}` };
}

/** The declared outputs that a request asks for: those it names, else all; undefined when none are declared, or the answer does not name its outputs. */
function requested(
  { signature }: Declared,
  { protocol, body }: GoldenRequest,
): readonly TensorSpec[] | undefined {
  if (protocol !== 'infer' || !signature?.outputs.length) return undefined;
  const { data: named } = withOutputs.safeParse(body);
  if (!named?.outputs) return signature.outputs;
  const names = new Set(named.outputs.map(({ name }) => name));
  return signature.outputs.filter(({ name }) => names.has(name));
}

function outputFault(
  declared: readonly TensorSpec[] | undefined,
  body: unknown,
): string | undefined {
  if (!declared) return undefined;
  const answer = inferAnswer.safeParse(body);
  if (!answer.success) return 'it has no list `outputs` of tensors with name, datatype and shape';
  const { outputs } = answer.data;
  const undeclared = outputs.find(({ name }) => !declared.some((spec) => spec.name === name));
  if (undeclared) return `output ${undeclared.name} is not declared`;
  for (const spec of declared) {
    const output = outputs.find(({ name }) => name === spec.name);
    if (!output) return `output ${spec.name} is missing`;
    if (output.datatype !== spec.datatype) {
      return `output ${spec.name} is ${output.datatype}; ${spec.datatype} is declared`;
    }
  }
  return undefined;
}

function otherRank(declared: readonly TensorSpec[] | undefined, body: unknown): string | undefined {
  const answer = inferAnswer.safeParse(body);
  if (!declared || !answer.success) return undefined;
  const ranks = new Map(answer.data.outputs.map(({ name, shape }) => [name, shape.length]));
  const other = declared.find(
    ({ name, shape, isUnranked }) => !isUnranked && ranks.get(name) !== shape.length,
  );
  if (!other) return undefined;
  const [given, told] = [ranks.get(other.name), other.shape.length];
  return `output ${other.name} has rank ${given}; the model declares ${told}, and its clients are told so`;
}

function expectationFault(
  declared: Declared,
  request: GoldenRequest,
  body: unknown,
): string | undefined {
  const example = exampleOf(declared);
  if (example?.expect === undefined) return undefined;
  const { expect, rtol, atol } = example;
  return request.protocol === 'infer'
    ? difference(flat(body), flat(expect), rtol, atol)
    : difference(body, expect, rtol, atol);
}

/** The protocol allows a tensor's data flat or nested by its shape; both are equivalent. */
function flat(body: unknown): unknown {
  const parsed = withData.safeParse(body);
  return parsed.success ? parsed.data : body;
}

function isRefusal(answer: GoldenAnswer): boolean {
  if (answer.kind === 'none' || NO_REFUSAL.has(answer.status)) return false;
  return answer.status >= 400 && answer.status < 500;
}

function outcome(answer: GoldenAnswer): string {
  return answer.kind === 'none'
    ? `got no answer: ${answer.reason}`
    : `was answered ${answer.status}: ${shown(answer.body)}`;
}

/** The beginning of a body, for use in a reason. */
export function shown(body: string, longest: number = LONGEST_SHOWN): string {
  const visible = body
    .slice(0, longest)
    .replaceAll(/\p{C}+/gu, ' ')
    .trim();
  return body.length > longest ? `${visible}…` : visible || '(no body)';
}
