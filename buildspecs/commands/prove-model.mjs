// prove-model ARTIFACT ENVIRONMENT CONVERTER: makes of the artifact in ARTIFACT/model what its model is served from, ARTIFACT/served with the folder `model` and `facts.json`,
// and writes what was found out by loading it to ARTIFACT/proof.json, which is empty of one whose runtime takes no packages: nothing is to be found out. Nothing of the artifact is loaded here: that is done by
// ENVIRONMENT, a Python which has the model's packages, and CONVERTER, one which also converts to ONNX (empty where none does).
// Each is a program, or `docker://IMAGE`; the artifact has no network there, and can write to one folder alone: in an image by Docker, else by WALLS, which are those of this machine (src/adapters/local/servers/walls.ts).
import { execFile } from 'node:child_process';
import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { compileFiles, shareCompiled } from './compile-files.mjs';
import { pythonIn } from './docker.mjs';
import { filesIn, sizeOf } from './files.mjs';
import { proofOf } from './proof.mjs';
import { runtimeNamed } from './runtimes.mjs';

const run = promisify(execFile);
const [, , ARTIFACT, ENVIRONMENT, CONVERTER] = process.argv;
const { WALLS } = process.env;
const IMAGE = 'docker://';
const served = join(ARTIFACT, 'served');
const facts = join(served, 'facts.json');
// What the artifact's own code can write to.
const out = join(ARTIFACT, 'out');
const golden = join(out, 'golden.json');
const onnx = join(out, 'model.onnx');
const proofFile = join(ARTIFACT, 'proof.json');
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };
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
  // By the places that inspection found: no second reader looks for files in an archive.
  for (const [depth, { archive, ...taken }] of order.unpacking.entries()) {
    const [inner, list] = [join(out, `unpacked-${depth}`), join(ARTIFACT, `taken-${depth}.json`)];
    await writeFile(list, JSON.stringify(taken));
    const given = [join(unpacked, archive), inner, list];
    await python(ENVIRONMENT, ['-m', 'slipway_server.unpack', ...given]);
    unpacked = inner;
  }
  await rename(unpacked, model);
  // What is loaded is what inspection found: nothing of these is found out again by other rules.
  const { format, entrypoint, data, allowed, signature, takesColumns, example, language } = order;
  const { network } = order.wishes;
  const taken = { format, entrypoint, data, allowed, signature, takesColumns, example, language };
  const found = { ...taken, network };
  await writeFile(facts, JSON.stringify(found));
}

/** An image's file system is never written to, so what it imports of the artifact's own code is compiled now. What does not compile fails where it is imported. */
async function compile() {
  if (!ENVIRONMENT.startsWith(IMAGE)) return;
  const [image, model] = [ENVIRONMENT.slice(IMAGE.length), join(served, 'model')];
  const quietly = ['-q', '-q', '--invalidation-mode', 'unchecked-hash', '-s', served, '-p', '/opt'];
  // -I: a module of the artifact that is called as one of Python's own is not taken for it.
  const given = ['-I', '-m', 'compileall', ...quietly, model];
  await pythonIn(image, given, { folder: ARTIFACT, writable: model, env: {} }).catch(
    () => undefined,
  );
}

/** What the model says of itself, and the rows that it is compared on. */
async function describe(order) {
  const given = ['-m', 'slipway_server.describe', '--golden', golden];
  const described = JSON.parse(await python(ENVIRONMENT, given, order));
  const { uncompiled } = described;
  if (uncompiled.length > 0 && ENVIRONMENT.startsWith(IMAGE)) {
    throw new Error(`${uncompiled.length} files have no compiled form: ${uncompiled.join(', ')}`);
  }
  // What the server answers is what it was seen to answer.
  const { signature, takesColumns } = described;
  const known = JSON.parse(await readFile(facts, 'utf8'));
  await writeFile(facts, JSON.stringify({ ...known, signature, takesColumns }));
  return described;
}

/** An environment of this machine is new without bytecode, and its server is to find it; an image has it. */
async function keepCompiled({ uncompiled }) {
  if (ENVIRONMENT.startsWith(IMAGE)) return;
  await compileFiles(ENVIRONMENT, uncompiled);
  if (CONVERTER) await shareCompiled(ENVIRONMENT, CONVERTER, uncompiled);
}

/** A process begins while the model is described: it imports for longer than that takes, and waits for the rows. One in an image begins when they are there. */
function beginConversion(order) {
  const given = ['-m', 'slipway_server.convert', '--golden', golden, '--out', onnx];
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

/** A model that is converted takes the place of the original. */
async function convert(order, { rows, nativeMicros }, conversion) {
  const refuse = (reason) => ({
    converted: false,
    reason,
    rows: 0,
    maxDifference: null,
    nativeMicros,
    onnxMicros: null,
  });
  if (order.language) return refuse('it is a language model, which llama.cpp runs');
  if (order.wishes.optimize === 'none') return refuse('runtime.optimize is none');
  if (rows === 0 || nativeMicros === null)
    return refuse('it is code, or does not take rows of numbers');
  if (!CONVERTER) return refuse('no converter supports this version of its framework');
  const { uncompiled, ...report } = JSON.parse(await conversion.answer());
  if (!CONVERTER.startsWith(IMAGE)) await compileFiles(CONVERTER, uncompiled);
  if (report.converted) {
    // A link, which the artifact's code could have put there, would lead out of its folder.
    if (!(await lstat(onnx)).isFile()) throw new Error('the converted model is not a file');
    await rm(join(served, 'model'), { recursive: true });
    await mkdir(join(served, 'model'));
    await rename(onnx, join(served, 'model', 'model.onnx'));
  }
  return report;
}

/** What a Python prints that has what it needs to find the model. */
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
    // From 3.11 on modules are not looked for where this runs.
    PYTHONSAFEPATH: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/** A process, and what it prints. */
function start(place, given, order) {
  const env = { ...variables(order), ...walls(place) };
  const running = run(place, given, { ...MOST_OUTPUT, cwd: out, env });
  letGo(running.child);
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

/** What is around a process that loads the model, where this machine has it: it sees the artifact and its environment, and writes to one folder. */
function walls(place) {
  if (!WALLS) return {};
  const read = [ARTIFACT, dirname(dirname(place))];
  return { SLIPWAY_WALLS: JSON.stringify({ ...JSON.parse(WALLS), read, write: [out] }) };
}

/** What an artifact's code has started in the background holds the output open, and is not waited for: it ends with the build. */
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
