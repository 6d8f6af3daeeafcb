// prove-model ARTIFACT ENVIRONMENT CONVERTER: makes of the artifact in ARTIFACT/model what its model is served from, ARTIFACT/served with the folder `model` and `facts.json`,
// and writes what was found out by loading it to ARTIFACT/proof.json. Nothing of the artifact is loaded here: that is done by
// ENVIRONMENT, the program of a Python which has the model's packages, and CONVERTER, of one which also converts to ONNX (empty where none does).
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { filesIn, sizeOf } from './files.mjs';

const run = promisify(execFile);
const [, , ARTIFACT, ENVIRONMENT, CONVERTER] = process.argv;
const served = join(ARTIFACT, 'served');
const facts = join(served, 'facts.json');
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };
// It is exported by the build, and kept in the registry.
const MOST_EXAMPLE_BYTES = 8 * 1024;
const MOST_SIGNATURE_BYTES = 16 * 1024;

try {
  const order = JSON.parse(await readFile(join(ARTIFACT, 'order.json'), 'utf8'));
  await layOut(order);
  const described = await describe(order);
  const conversion = await convert(order, described);
  const proof = {
    ...proofOf(order, described, conversion),
    modelBytes: await sizeOf(await filesIn(served)),
  };
  await writeFile(join(ARTIFACT, 'proof.json'), JSON.stringify(proof));
} catch (error) {
  say(error.stderr?.trim() || error.message);
  process.exitCode = 1;
}

async function layOut(order) {
  const model = join(served, 'model');
  await mkdir(served, { recursive: true });
  let unpacked = join(ARTIFACT, 'model');
  for (const [depth, archive] of order.archives.entries()) {
    const inner = join(ARTIFACT, `unpacked-${depth}`);
    await python(ENVIRONMENT, ['-m', 'slipway_server.unpack', join(unpacked, archive), inner]);
    unpacked = inner;
  }
  await rename(unpacked, model);
  const { format, entrypoint, signature, takesColumns, example } = order;
  await writeFile(facts, JSON.stringify({ format, entrypoint, signature, takesColumns, example }));
}

/** What the model says of itself, and the rows that it is compared on. */
async function describe(order) {
  const golden = ['--golden', join(ARTIFACT, 'golden.json')];
  const { stdout } = await python(ENVIRONMENT, ['-m', 'slipway_server.describe', ...golden], order);
  const described = JSON.parse(stdout);
  // What the server answers is what it was seen to answer.
  const { signature, takesColumns } = described;
  const known = JSON.parse(await readFile(facts, 'utf8'));
  await writeFile(facts, JSON.stringify({ ...known, signature, takesColumns }));
  return described;
}

/** A model that is converted takes the place of the original. */
async function convert(order, { rows, nativeMicros }) {
  const refuse = (reason) => ({
    ...{ converted: false, reason, rows: 0, maxDifference: null, nativeMicros, onnxMicros: null },
  });
  if (order.optimize === 'none') return refuse('runtime.optimize is none');
  if (rows === 0 || nativeMicros === null) return refuse('it is code, or takes no rows of numbers');
  if (!CONVERTER) return refuse('no converter runs beside this version of its framework');
  const out = join(ARTIFACT, 'model.onnx');
  const given = ['--golden', join(ARTIFACT, 'golden.json'), '--out', out];
  const { stdout } = await python(CONVERTER, ['-m', 'slipway_server.convert', ...given], order);
  const report = JSON.parse(stdout);
  if (report.converted) {
    await rm(join(served, 'model'), { recursive: true });
    await mkdir(join(served, 'model'));
    await rename(out, join(served, 'model', 'model.onnx'));
  }
  return report;
}

function proofOf(order, described, { converted, ...conversion }) {
  const { signature, takesColumns, example, importMs, loadMs, peakBytes, packages } = described;
  return {
    runtime: converted ? 'onnx' : 'python',
    modelFile: converted ? 'model.onnx' : order.modelFile,
    conversion: { kept: converted, ...conversion },
    ...{ importMs, loadMs, peakBytes, takesColumns, packages },
    signature: short(signature, MOST_SIGNATURE_BYTES),
    example: short(example, MOST_EXAMPLE_BYTES),
  };
}

function short(value, mostBytes) {
  return Buffer.byteLength(JSON.stringify(value)) <= mostBytes ? value : null;
}

/** Runs a Python with what it needs to find the model. */
function python(program, given, { modelFile = '' } = {}) {
  return run(program, given, {
    ...MOST_OUTPUT,
    cwd: ARTIFACT,
    env: {
      HOME: ARTIFACT,
      TMPDIR: ARTIFACT,
      MODEL_PATH: join(served, 'model', modelFile),
      MODEL_FACTS: facts,
      ORT_DISABLE_TELEMETRY: '1',
    },
  });
}

function say(text) {
  process.stderr.write(`prove-model: ${text}\n`);
}
