// Turns an artifact into what its model is served from. Nothing of it is loaded in this process, but by a Python with the model's packages, and by one that also converts to ONNX: see model-python.mjs.
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compileFiles } from './compile-files.mjs';
import { filesIn, sizeOf } from './files.mjs';
import { imageOf, modelPython } from './model-python.mjs';
import { progress } from './progress.mjs';
import { proofOf } from './proof.mjs';
import { runtimeNamed } from './runtimes.mjs';

const NETWORKS = ['tflite', 'savedmodel', 'keras'];

/**
 * Makes the folder ARTIFACT/served of the artifact in ARTIFACT/model, with the folder `model` and `facts.json`, and writes what was found out by loading the model to ARTIFACT/proof.json, which is empty if the runtime takes no packages, and so there is nothing to find out.
 * `environment` is the place of a Python; `converter` a promise of one, which is awaited while the model is loaded; empty if there is none.
 */
export async function proveModel(artifact, order, { environment, converter }) {
  const work = workFolder(artifact, order);
  await mkdir(work.out);
  await layOut(work, environment);
  const runtime = await runtimeNamed(order.runtime);
  if (runtime.takesPackages) await prove(work, runtime, { environment, converter });
  else await writeFile(work.proof, '');
  return { served: work.served, proof: work.proof };
}

function workFolder(artifact, order) {
  const served = join(artifact, 'served');
  const out = join(artifact, 'out');
  const facts = join(served, 'facts.json');
  const model = join(served, 'model', order.modelFile ?? '');
  return {
    artifact,
    order,
    served,
    out,
    facts,
    golden: join(out, 'golden.json'),
    onnx: join(out, 'model.onnx'),
    proof: join(artifact, 'proof.json'),
    python: modelPython(artifact, { out, model, facts }),
  };
}

async function layOut({ artifact, order, served, out, facts, python }, environment) {
  await mkdir(served, { recursive: true });
  let unpacked = join(artifact, 'model');
  // Unpacks at the offsets that inspection found: no second reader looks for files in an archive.
  for (const [depth, { archive, ...taken }] of order.unpacking.entries()) {
    const [inner, list] = [join(out, `unpacked-${depth}`), join(artifact, `taken-${depth}.json`)];
    await writeFile(list, JSON.stringify(taken));
    const given = [join(unpacked, archive), inner, list];
    await python.printed(environment, ['-m', 'slipway_server.unpack', ...given]);
    unpacked = inner;
  }
  await rename(unpacked, join(served, 'model'));
  await writeFile(facts, JSON.stringify(factsOf(order)));
}

/** Loads what inspection found; none of it is determined again by other rules. */
function factsOf(order) {
  const {
    format,
    entrypoint,
    data,
    allowed,
    signature,
    takesColumns,
    example,
    tensorNames,
    language,
    pipeline,
  } = order;
  const { network } = order.wishes;
  return {
    format,
    entrypoint,
    data,
    allowed,
    signature,
    takesColumns,
    example,
    tensorNames,
    language,
    pipeline,
    network,
  };
}

async function prove(work, runtime, { environment, converter }) {
  const { order, served, python } = work;
  await python.compile(environment, join(served, 'model'));
  const refusal = refusalOf(order);
  const conversion = beginConversion(work, refusal ? Promise.resolve('') : converter);
  try {
    const described = await describe(work, environment, conversion.ask);
    const [report] = await Promise.all([
      convert(work, described, { refusal, conversion }),
      imageOf(environment) ? undefined : compileFiles(environment, described.uncompiled),
    ]);
    await declare(work, described);
    if (report.converted) await exchange(work);
    await writeProof(work, runtime, { described, report });
  } finally {
    conversion.giveUp();
  }
}

/** The model's own description. Once its golden rows are there for a comparison, `onRows` is called, before it has ended. */
async function describe({ golden, python }, environment, onRows) {
  progress('loading the model');
  const given = ['-m', 'slipway_server.describe', '--golden', golden];
  const onLine = (line) => {
    if (isRows(line)) onRows();
  };
  const printed = await python.printed(environment, given, { onLine });
  const described = JSON.parse(printed.trim().split('\n').at(-1));
  const { uncompiled } = described;
  if (uncompiled.length > 0 && imageOf(environment)) {
    throw new Error(`${uncompiled.length} files have no compiled form: ${uncompiled.join(', ')}`);
  }
  return described;
}

/** What has loaded the artifact may print anything. */
function isRows(line) {
  try {
    return JSON.parse(line).rows > 0;
  } catch {
    return false;
  }
}

/** The server declares the signature that the model was observed to have. */
async function declare({ facts }, { signature, takesColumns }) {
  const known = JSON.parse(await readFile(facts, 'utf8'));
  await writeFile(facts, JSON.stringify({ ...known, signature, takesColumns }));
}

/** It starts while the model is being described, since its imports take longer than that, and then waits for the rows. */
function beginConversion({ order, golden, onnx, python }, converter) {
  const int8 = order.wishes.optimize === 'int8' ? ['--int8'] : [];
  const given = ['-m', 'slipway_server.convert', '--golden', golden, '--out', onnx, ...int8];
  const givingUp = new AbortController();
  const { signal } = givingUp;
  let ask;
  const isOver = new Promise((resolve) => {
    ask = resolve;
  });

  async function answer() {
    const place = await converter;
    if (!place || signal.aborted) return undefined;
    return { place, printed: await python.printed(place, given, { isOver, signal }) };
  }

  const answered = answer();
  // It may end before it is asked.
  answered.catch(() => undefined);
  return {
    ask,
    answer: () => answered,
    giveUp() {
      givingUp.abort();
      ask();
    },
  };
}

/** Why a model of this kind is not converted. */
function refusalOf({ language, format, pipeline, wishes }) {
  if (language) return 'it is a language model, which is more than one pass through a graph';
  if (format === 'spacy') return 'spaCy runs it';
  if (NETWORKS.includes(format)) return 'OpenVINO runs it as it is';
  const { image } = pipeline ?? {};
  if (image && !image.isPrepared) {
    return `the ONNX server does not prepare images as ${image.processor} does`;
  }
  if (wishes.optimize === 'none') return 'runtime.optimize is none';
  return undefined;
}

async function convert({ onnx }, { rows, nativeMicros }, { refusal, conversion }) {
  const refuse = (reason) => ({
    converted: false,
    reason,
    rows: 0,
    maxDifference: null,
    nativeMicros,
    onnxMicros: null,
  });
  if (refusal) return refuse(refusal);
  if (rows === 0 || nativeMicros === null) {
    return refuse('it is code, or does not take rows of numbers');
  }
  progress(`converting, ${rows} golden rows`);
  const answer = await conversion.answer();
  if (!answer) return refuse('no converter supports this version of its framework');
  const { uncompiled, ...report } = JSON.parse(answer.printed);
  if (!imageOf(answer.place)) await compileFiles(answer.place, uncompiled);
  // The artifact's code could have placed a link here that leads out of its folder.
  if (report.converted && !(await lstat(onnx)).isFile()) {
    throw new Error('the converted model is not a file');
  }
  return { ...report, nativeMicros };
}

/** The converted model replaces the original. */
async function exchange(work) {
  await (work.order.pipeline ? exchangeWeights(work) : exchangeModel(work));
}

async function exchangeModel({ served, onnx }) {
  await rm(join(served, 'model'), { recursive: true });
  await mkdir(join(served, 'model'));
  await rename(onnx, join(served, 'model', 'model.onnx'));
}

/** Of a folder of Hugging Face's, what it is for and its tokenizer stay as they are. */
async function exchangeWeights({ order: { modelFile, data }, served, onnx }) {
  const folder = join(served, 'model', modelFile, dirname(data.file));
  for (const name of await readdir(folder)) {
    if (/\.safetensors(\.index\.json)?$/.test(name)) await rm(join(folder, name));
  }
  await rename(onnx, join(served, 'model', modelFile, 'model.onnx'));
}

async function writeProof({ order, served, proof }, { convertsTo }, { described, report }) {
  const proven = {
    ...proofOf({ ...order, convertsTo }, described, report),
    modelBytes: await sizeOf(await filesIn(served)),
  };
  await writeFile(proof, JSON.stringify(proven));
}
