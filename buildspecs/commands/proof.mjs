// The build exports the whole proof in one variable, and it is kept in the registry and as the image's label. AWS documents no size limit for exported variables
// (https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ExportedEnvironmentVariable.html), but Linux starts no program with a variable of 128 KiB (MAX_ARG_STRLEN),
// and the output of the artifact's own code has no limit.
const MOST_SIGNATURE_BYTES = 16 * 1024;
const MOST_EXAMPLE_BYTES = 8 * 1024;
const MOST_PACKAGES_BYTES = 4 * 1024;
const MOST_TEXT = 500;

/** @import { BuildOrder } from '../../src/domain/build/order.ts' */
/** @typedef {{ reason: string, kept?: boolean }} Int8 */
/** @typedef {{ rows: number, reason: string }} Batching */
/**
 * The report of a conversion, or why there was none.
 * @typedef {{ converted: boolean, reason: string, rows: number, maxDifference: number | null, onnxMicros: number | null, nativeMicros?: number | null, measured?: object | null, batching?: Batching | undefined, int8?: Int8 }} Report
 */
/**
 * A model's own description, by a process that loaded it.
 * @typedef {{ signature: object | null, takesColumns: boolean, rows: number, example: { request: unknown, expect?: unknown } | null, nativeMicros: number | null, importMs: number, loadMs: number, peakBytes: number, packages: string[], measured?: object | null | undefined, batching?: Batching | undefined, conversion?: Report | null }} Described
 */

/**
 * A build's report on a model that was loaded and, if `conversion` says so, converted.
 * @param {Pick<BuildOrder, 'facts' | 'python' | 'runtime'> & { convertsTo?: string | null }} order
 * @param {Described} described
 * @param {Omit<Report, 'measured' | 'batching'>} report
 */
export function proofOf(order, described, { converted, ...conversion }) {
  const { signature, takesColumns, example, importMs, loadMs, peakBytes, measured, batching } =
    described;
  return {
    runtime: converted ? order.convertsTo : order.runtime,
    modelFile: converted && !order.facts.pipeline ? 'model.onnx' : order.facts.modelFile,
    conversion: conversionOf(converted, conversion),
    importMs,
    loadMs,
    peakBytes,
    ...(measured && { measured }),
    ...(batching && { batching: { ...batching, reason: clipped(batching.reason) } }),
    takesColumns,
    packages: mostOf(described.packages, order.python?.requirements ?? []),
    signature: short(signature, MOST_SIGNATURE_BYTES),
    example: short(conversion.int8?.kept ? askedOnly(example) : example, MOST_EXAMPLE_BYTES),
  };
}

/**
 * @param {boolean} kept
 * @param {{ reason: string, int8?: Int8 }} conversion
 */
function conversionOf(kept, { int8, ...conversion }) {
  const told = { kept, ...conversion, reason: clipped(conversion.reason) };
  return int8 ? { ...told, int8: { ...int8, reason: clipped(int8.reason) } } : told;
}

/**
 * The answer of the framework differs from that of quantized weights by more than any tolerance for numbers, and the build has compared both.
 * @param {Described['example']} example
 */
function askedOnly(example) {
  if (!example) return example;
  const { expect: _, ...asked } = example;
  return asked;
}

/**
 * If there are too many, those that the model names come first, and the last entry says how many are left out.
 * @param {readonly string[]} packages
 * @param {readonly string[]} requirements
 */
function mostOf(packages, requirements) {
  if (sizeOf(packages) <= MOST_PACKAGES_BYTES) return packages;
  const wanted = new Set(requirements.map(nameOf));
  /** @param {string} each */
  const isWanted = (each) => wanted.has(nameOf(each));
  const sorted = [...packages.filter(isWanted), ...packages.filter((each) => !isWanted(each))];
  let count = sorted.length;
  const cut = () => {
    const rest = packages.length - count;
    return [...sorted.slice(0, count).map(clipped), ...(rest > 0 ? [`and ${rest} more`] : [])];
  };
  while (count > 0 && sizeOf(cut()) > MOST_PACKAGES_BYTES) count -= 1;
  return cut();
}

/**
 * Normalised for comparison. https://packaging.python.org/en/latest/specifications/name-normalization
 * @param {string} requirement
 */
function nameOf(requirement) {
  const [name = ''] = /^[\w.-]*/.exec(requirement) ?? [];
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

/** @param {string} text */
function clipped(text) {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}…`;
}

/**
 * @template Value
 * @param {Value} value
 * @param {number} mostBytes
 */
function short(value, mostBytes) {
  return sizeOf(value) <= mostBytes ? value : null;
}

/** @param {unknown} value */
function sizeOf(value) {
  return Buffer.byteLength(JSON.stringify(value));
}
