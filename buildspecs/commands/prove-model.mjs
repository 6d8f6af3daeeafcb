// prove-model ARTIFACT ENVIRONMENT CONVERTER: turns the artifact in ARTIFACT/model into what its model is served from, ARTIFACT/served with the folder `model` and `facts.json`,
// and writes its findings from loading the model to ARTIFACT/proof.json, which is empty if the runtime takes no packages, and so there is nothing to find out. Nothing of the artifact is loaded in this process, but by
// ENVIRONMENT, a Python with the model's packages, and by CONVERTER, a Python that also converts to ONNX (empty if there is none).
// Each is a program, or `docker://IMAGE`; the artifact has no network there, and may only write to one folder: confined by Docker in an image, else by WALLS, this machine's walls (src/adapters/local/servers/walls.ts).
import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { compileFiles, shareCompiled } from './compile-files.mjs';
import { pythonIn } from './docker.mjs';
import { filesIn, sizeOf } from './files.mjs';
import { handOnProgress, progress } from './progress.mjs';
import { proofOf } from './proof.mjs';
import { runtimeNamed } from './runtimes.mjs';

const run = promisify(execFile);
const [, , ARTIFACT, ENVIRONMENT, CONVERTER] = process.argv;
const { WALLS } = process.env;
const IMAGE = 'docker://';
const served = join(ARTIFACT, 'served');
const facts = join(served, 'facts.json');
// The only folder that the artifact's own code may write to.
const out = join(ARTIFACT, 'out');
const golden = join(out, 'golden.json');
const onnx = join(out, 'model.onnx');
const proofFile = join(ARTIFACT, 'proof.json');
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };
const NETWORKS = ['tflite', 'savedmodel', 'keras'];
const LAST_OUTPUT_MS = 1000;

try {
  const order = JSON.parse(await readFile(join(ARTIFACT, 'order.json'), 'utf8'));
  await mkdir(out);
  await layOut(order);
  const runtime = await runtimeNamed(order.runtime);
  if (runtime.takesPackages) await prove(order, runtime);
  else await writeFile(proofFile, '');
} catch (error) {
  say(error.stderr?.trim() || error.message);
  process.exitCode = 1;
}

async function prove(order, runtime) {
  await compile();
  const conversion = beginConversion(order);
  try {
    const described = await describe(order);
    const [report] = await Promise.all([
      convert(order, described, conversion),
      keepCompiled(described),
    ]);
    await writeProof({ ...order, convertsTo: runtime.convertsTo }, described, report);
  } finally {
    conversion.giveUp();
  }
}

async function writeProof(order, described, conversion) {
  const proof = {
    ...proofOf(order, described, conversion),
    modelBytes: await sizeOf(await filesIn(served)),
  };
  await writeFile(proofFile, JSON.stringify(proof));
}

async function layOut(order) {
  const model = join(served, 'model');
  await mkdir(served, { recursive: true });
  let unpacked = join(ARTIFACT, 'model');
  // Unpacks at the offsets that inspection found: no second reader looks for files in an archive.
  for (const [depth, { archive, ...taken }] of order.unpacking.entries()) {
    const [inner, list] = [join(out, `unpacked-${depth}`), join(ARTIFACT, `taken-${depth}.json`)];
    await writeFile(list, JSON.stringify(taken));
    const given = [join(unpacked, archive), inner, list];
    await python(ENVIRONMENT, ['-m', 'slipway_server.unpack', ...given]);
    unpacked = inner;
  }
  await rename(unpacked, model);
  // Loads what inspection found; none of it is determined again by other rules.
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
  const taken = {
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
  };
  const found = { ...taken, network };
  await writeFile(facts, JSON.stringify(found));
}

/** An image's file system is read-only, so the artifact's own code is compiled now. A file that does not compile fails when it is imported. */
async function compile() {
  if (!ENVIRONMENT.startsWith(IMAGE)) return;
  const [image, model] = [ENVIRONMENT.slice(IMAGE.length), join(served, 'model')];
  const quietly = ['-q', '-q', '--invalidation-mode', 'unchecked-hash', '-s', served, '-p', '/opt'];
  // -I: ignores modules of the artifact that have the name of a standard one.
  const given = ['-I', '-m', 'compileall', ...quietly, model];
  await pythonIn(image, given, { folder: ARTIFACT, writable: model, env: {} }).catch(
    () => undefined,
  );
}

/** The model's own description, and the rows for the comparison. */
async function describe(order) {
  progress('loading the model');
  const given = ['-m', 'slipway_server.describe', '--golden', golden];
  const described = JSON.parse(await python(ENVIRONMENT, given, order));
  const { uncompiled } = described;
  if (uncompiled.length > 0 && ENVIRONMENT.startsWith(IMAGE)) {
    throw new Error(`${uncompiled.length} files have no compiled form: ${uncompiled.join(', ')}`);
  }
  // The server declares the signature that the model was observed to have.
  const { signature, takesColumns } = described;
  const known = JSON.parse(await readFile(facts, 'utf8'));
  await writeFile(facts, JSON.stringify({ ...known, signature, takesColumns }));
  return described;
}

/** A new environment on this machine has no bytecode, which its server should find; an image already has it. */
async function keepCompiled({ uncompiled }) {
  if (ENVIRONMENT.startsWith(IMAGE)) return;
  await compileFiles(ENVIRONMENT, uncompiled);
  if (CONVERTER) await shareCompiled(ENVIRONMENT, CONVERTER, uncompiled);
}

/** A process starts while the model is being described, since its imports take longer than that; it then waits for the rows. In an image it starts when the rows exist. */
function beginConversion(order) {
  const int8 = order.wishes.optimize === 'int8' ? ['--int8'] : [];
  const given = ['-m', 'slipway_server.convert', '--golden', golden, '--out', onnx, ...int8];
  if (!CONVERTER || CONVERTER.startsWith(IMAGE)) {
    return { answer: () => python(CONVERTER, given, order), giveUp() {} };
  }
  const { child, printed } = start(CONVERTER, given, order);
  // It may end before it is asked.
  printed.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  return {
    answer() {
      child.stdin.end();
      return printed;
    },
    giveUp: () => child.kill('SIGKILL'),
  };
}

/** The converted model replaces the original. */
async function convert(order, { rows, nativeMicros }, conversion) {
  const refuse = (reason) => ({
    converted: false,
    reason,
    rows: 0,
    maxDifference: null,
    nativeMicros,
    onnxMicros: null,
  });
  if (order.language)
    return refuse('it is a language model, which is more than one pass through a graph');
  if (order.format === 'spacy') return refuse('spaCy runs it');
  if (NETWORKS.includes(order.format)) return refuse('OpenVINO runs it as it is');
  const { image } = order.pipeline ?? {};
  if (image && !image.isPrepared)
    return refuse(`the ONNX server does not prepare images as ${image.processor} does`);
  if (order.wishes.optimize === 'none') return refuse('runtime.optimize is none');
  if (rows === 0 || nativeMicros === null)
    return refuse('it is code, or does not take rows of numbers');
  if (!CONVERTER) return refuse('no converter supports this version of its framework');
  progress(`converting, ${rows} golden rows`);
  const { uncompiled, ...report } = JSON.parse(await conversion.answer());
  if (!CONVERTER.startsWith(IMAGE)) await compileFiles(CONVERTER, uncompiled);
  if (report.converted) {
    // The artifact's code could have placed a link here that leads out of its folder.
    if (!(await lstat(onnx)).isFile()) throw new Error('the converted model is not a file');
    await (order.pipeline ? exchangeWeights(order) : exchangeModel());
  }
  return report;
}

async function exchangeModel() {
  await rm(join(served, 'model'), { recursive: true });
  await mkdir(join(served, 'model'));
  await rename(onnx, join(served, 'model', 'model.onnx'));
}

/** Of a folder of Hugging Face's, what it is for and its tokenizer stay as they are. */
async function exchangeWeights({ modelFile, data }) {
  const folder = join(served, 'model', modelFile, dirname(data.file));
  for (const name of await readdir(folder)) {
    if (/\.safetensors(\.index\.json)?$/.test(name)) await rm(join(folder, name));
  }
  await rename(onnx, join(served, 'model', modelFile, 'model.onnx'));
}

/** The output of a Python that is told where the model is. */
async function python(place, given, order) {
  if (!place.startsWith(IMAGE)) return start(place, given, order).printed;
  const env = variables(order);
  return pythonIn(place.slice(IMAGE.length), given, { folder: ARTIFACT, writable: out, env });
}

function variables({ modelFile = '' } = {}) {
  return {
    HOME: out,
    TMPDIR: out,
    MODEL_PATH: join(served, 'model', modelFile),
    MODEL_FACTS: facts,
    ORT_DISABLE_TELEMETRY: '1',
    // From 3.11 on, modules are not searched in the working directory.
    PYTHONSAFEPATH: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/** A process, and its output. */
function start(place, given, order) {
  const env = { ...variables(order), ...walls(place) };
  const running = run(place, given, { ...MOST_OUTPUT, cwd: out, env });
  letGo(running.child);
  handOnProgress(running.child);
  const printed = running.then(
    ({ stdout }) => stdout,
    (error) => {
      if (error.signal !== 'SIGXCPU') throw error;
      const { cpuSeconds } = JSON.parse(WALLS).limits;
      throw new Error(`${given[1]} reached its limit of ${cpuSeconds} s of CPU`);
    },
  );
  return { child: running.child, printed };
}

/** The walls around a process that loads the model, if this machine has any: it sees the artifact and its environment, and writes to one folder. */
function walls(place) {
  if (!WALLS) return {};
  const read = [ARTIFACT, dirname(dirname(place))];
  return { SLIPWAY_WALLS: JSON.stringify({ ...JSON.parse(WALLS), read, write: [out] }) };
}

/** Background processes of the artifact's code hold the output open; they are not waited for, and end with the build. */
function letGo(child) {
  child.once('exit', async () => {
    await sleep(LAST_OUTPUT_MS, undefined, { ref: false });
    child.stdout.destroy();
    child.stderr.destroy();
  });
}

function say(text) {
  process.stderr.write(`prove-model: ${text}\n`);
}
