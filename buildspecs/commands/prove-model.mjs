// Turns an artifact into the files that its server loads. This process loads nothing of it: a Python with the model's packages does, and one that also converts to ONNX: see model-python.mjs.
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compileFiles } from './compile-files.mjs';
import { filesIn, sizeOf } from './files.mjs';
import { imageOf, modelPython } from './model-python.mjs';
import { progress } from './progress.mjs';
import { proofOf } from './proof.mjs';
import { runtimeNamed } from './runtimes.mjs';

/** @import { BuildOrder } from '../../src/domain/build/order.ts' */
/** @import { Runtime } from '../../src/domain/build/runtime.ts' */
/** @import { Described, Report } from './proof.mjs' */
/** @typedef {ReturnType<typeof workFolder>} Work */

/**
 * Makes the folder ARTIFACT/served from the artifact in ARTIFACT/model, with the folder `model` and `facts.json`, and writes the findings of loading the model to ARTIFACT/proof.json. That file is empty if the runtime takes no packages, since there is nothing to find out then.
 * `environment` and `converter` return the place of a Python; the converter's is empty if there is no converter. A model that may be converted is loaded by its converter, once: only a model that is served unconverted needs its environment too.
 * @param {string} artifact
 * @param {BuildOrder} order
 * @param {{ environment(): Promise<string>, converter(): Promise<string> }} places
 */
export async function proveModel(artifact, order, { environment, converter }) {
  const work = workFolder(artifact, order);
  await mkdir(work.out);
  const runtime = await runtimeNamed(order.runtime);
  const mayConvert = runtime.takesPackages && order.keptBecause === null;
  const convertedIn = mayConvert ? await converter() : '';
  await layOut(work, convertedIn || (await environment()));
  if (runtime.takesPackages) await prove(work, runtime, { environment, convertedIn });
  else await writeFile(work.proof, '');
  return { served: work.served, proof: work.proof };
}

/**
 * @param {string} artifact
 * @param {BuildOrder} order
 */
function workFolder(artifact, order) {
  const served = join(artifact, 'served');
  const out = join(artifact, 'out');
  const facts = join(served, 'facts.json');
  const model = join(served, 'model', order.facts.modelFile);
  return {
    artifact,
    order,
    served,
    out,
    facts,
    onnx: join(out, 'model.onnx'),
    proof: join(artifact, 'proof.json'),
    python: modelPython(artifact, { out, model, facts, startupSeconds: order.startupSeconds }),
  };
}

/**
 * @param {Work} work
 * @param {string} place
 */
async function layOut({ artifact, order, served, out, facts, python }, place) {
  // Another user must be able to read it there, whatever this user's umask is.
  if (imageOf(place)) process.umask(0o022);
  await mkdir(served, { recursive: true });
  // Whatever inspection found is all that is loaded, and the walls of each Python go by it: nothing is determined again by other rules.
  await writeFile(facts, JSON.stringify(order.facts));
  let unpacked = join(artifact, 'model');
  // Unpacks at the offsets that inspection found: no second reader looks for files in an archive.
  for (const [depth, { archive, ...taken }] of order.facts.unpacking.entries()) {
    const [inner, list] = [join(out, `unpacked-${depth}`), join(artifact, `taken-${depth}.json`)];
    await writeFile(list, JSON.stringify(taken));
    const given = [join(unpacked, archive), inner, list];
    await python.printed(place, ['-m', 'slipway_server.unpack', ...given]);
    unpacked = inner;
  }
  await rename(unpacked, join(served, 'model'));
  for (const name of order.facts.leftOut ?? []) await rm(join(served, 'model', name));
}

/**
 * @param {Work} work
 * @param {Runtime} runtime
 * @param {{ environment(): Promise<string>, convertedIn: string }} places
 */
async function prove(work, runtime, { environment, convertedIn }) {
  const attempt = convertedIn ? await converted(work, convertedIn) : undefined;
  if (attempt && 'conversion' in attempt && attempt.conversion?.converted) {
    await finish(work, runtime, { described: attempt, report: attempt.conversion });
    return;
  }
  const described = await describe(work, await environment());
  const { rows, nativeMicros } = described;
  const reason =
    rows === 0 || nativeMicros === null
      ? 'it is code, or does not take rows of numbers'
      : (attempt?.reason ?? 'no converter supports this version of its framework');
  const report = attempt?.conversion ?? {
    ...NOT_CONVERTED,
    reason: work.order.keptBecause ?? reason,
  };
  await finish(work, runtime, { described, report });
}

const NOT_CONVERTED = { converted: false, rows: 0, maxDifference: null, onnxMicros: null };

/**
 * The model's own description by the converter, with its `conversion`; only a reason where the conversion did not finish.
 * @param {Work} work
 * @param {string} place
 * @returns {Promise<(Described & { reason?: undefined }) | { reason: string, conversion?: undefined }>}
 */
async function converted({ order, onnx, python }, place) {
  progress('loading the model');
  const int8 = order.wishes.optimize === 'int8' ? ['--int8'] : [];
  const given = ['-m', 'slipway_server.convert', '--out', onnx, ...int8];
  try {
    const { uncompiled, ...attempt } = lastOf(await python.printed(place, given, { loads: true }));
    if (!imageOf(place)) await compileFiles(place, uncompiled);
    return attempt;
  } catch (error) {
    // It would not be faster in its own framework.
    if (error.isOver) throw error;
    // Only its framework, loading it alone, shows whether the model itself is the cause.
    return { reason: `its conversion ended: ${error.stderr?.trim() || error.message}` };
  }
}

/**
 * @param {Work} work
 * @param {string} place
 * @returns {Promise<Described>}
 */
async function describe({ served, python }, place) {
  await python.compile(place, join(served, 'model'));
  progress('loading the model');
  const { uncompiled, ...described } = lastOf(
    await python.printed(place, ['-m', 'slipway_server.describe'], { loads: true }),
  );
  if (!imageOf(place)) await compileFiles(place, uncompiled);
  else if (uncompiled.length > 0) {
    throw new Error(`${uncompiled.length} files have no compiled form: ${uncompiled.join(', ')}`);
  }
  return described;
}

/**
 * The answer is the last line. The process that loaded the artifact may print anything before it, and the artifact's code may have written another answer.
 * @param {string} printed
 * @returns {Described & { uncompiled: string[] }}
 */
function lastOf(printed) {
  const described = parsed(printed.trim().split('\n').at(-1));
  const wrong = Object.entries(DESCRIBED).find(([name, isSuch]) => !isSuch(described?.[name]))?.[0];
  if (!wrong) return described;
  throw new Error(
    `what the proof of the model answered is not what was asked: ${wrong} is missing, or not what belongs there; code of the model may have written it`,
  );
}

/** @param {string | undefined} text */
function parsed(text) {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** @typedef {(value: any) => boolean} IsSuch */
/** @type {IsSuch} */
const isNumber = (value) => Number.isFinite(value) && value >= 0;
/** @type {IsSuch} */
const isTexts = (value) => Array.isArray(value) && value.every((each) => typeof each === 'string');
/** @type {IsSuch} */
const isObjectOrNull = (value) => typeof value === 'object' && !Array.isArray(value);

/**
 * slipway_server.describe and .convert answer these, as far as they are used here; src/domain/build/proof.ts judges the rest.
 * @type {Readonly<Record<string, IsSuch>>}
 */
const DESCRIBED = {
  signature: isObjectOrNull,
  takesColumns: (value) => typeof value === 'boolean',
  rows: isNumber,
  example: isObjectOrNull,
  nativeMicros: (value) => value === null || isNumber(value),
  importMs: isNumber,
  loadMs: isNumber,
  peakBytes: isNumber,
  packages: isTexts,
  uncompiled: isTexts,
  measured: (value) => value === undefined || isObjectOrNull(value),
  batching: (value) => value === undefined || typeof value?.reason === 'string',
  conversion: (value) => value === undefined || value === null || typeof value.reason === 'string',
};

/**
 * @param {Work} work
 * @param {Runtime} runtime
 * @param {{ described: Described, report: Report }} found
 */
async function finish(work, runtime, { described, report: { measured, batching, ...report } }) {
  await declare(work, described);
  if (report.converted) await exchange(work);
  await writeProof(work, runtime, {
    // The time of the answers is that of the model as it is served.
    described: report.converted ? { ...described, measured, batching } : described,
    report: { ...report, nativeMicros: described.nativeMicros },
  });
}

/**
 * The server declares the signature that the model was observed to have.
 * @param {Work} work
 * @param {Pick<Described, 'signature' | 'takesColumns'>} found
 */
async function declare({ facts }, { signature, takesColumns }) {
  const known = JSON.parse(await readFile(facts, 'utf8'));
  await writeFile(facts, JSON.stringify({ ...known, signature, takesColumns }));
}

/**
 * The converted model replaces the original.
 * @param {Work} work
 */
async function exchange(work) {
  // The artifact's code could have placed a link here that leads out of its folder.
  if (!(await lstat(work.onnx)).isFile()) throw new Error('the converted model is not a file');
  await (work.order.facts.pipeline ? exchangeWeights(work) : exchangeModel(work));
}

/** @param {Work} work */
async function exchangeModel({ served, onnx }) {
  await rm(join(served, 'model'), { recursive: true });
  await mkdir(join(served, 'model'));
  await rename(onnx, join(served, 'model', 'model.onnx'));
}

/**
 * A Hugging Face folder keeps its configuration and its tokenizer; only its weights are replaced.
 * @param {Work} work
 */
async function exchangeWeights({ order, served, onnx }) {
  const { modelFile, data } = order.facts;
  const folder = join(served, 'model', modelFile, dirname(data?.file ?? ''));
  for (const name of await readdir(folder)) {
    if (/\.safetensors(\.index\.json)?$/.test(name)) await rm(join(folder, name));
  }
  await rename(onnx, join(served, 'model', modelFile, 'model.onnx'));
}

/**
 * @param {Work} work
 * @param {Runtime} runtime
 * @param {{ described: Described, report: Omit<Report, 'measured' | 'batching'> }} found
 */
async function writeProof({ order, served, proof }, { convertsTo }, { described, report }) {
  const proven = {
    ...proofOf({ ...order, convertsTo }, described, report),
    modelBytes: await sizeOf(await filesIn(served)),
  };
  await writeFile(proof, JSON.stringify(proven));
}
