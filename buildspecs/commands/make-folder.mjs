// make-folder IMAGES IMAGE_TAG ARTIFACT: makes of the artifact in ARTIFACT/model what its model is served from, IMAGES/images/IMAGE_TAG,
// after loading it in a process of its own: how it answers is written to ARTIFACT/proof.json.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const [, , IMAGES, IMAGE_TAG, ARTIFACT] = process.argv;
const folder = join(IMAGES, 'images', IMAGE_TAG);
const partial = `${folder}.partial`;
const facts = join(partial, 'facts.json');
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };
// It is exported by the build, and kept in the registry.
const MOST_EXAMPLE_BYTES = 8 * 1024;
const MOST_SIGNATURE_BYTES = 16 * 1024;

try {
  const order = JSON.parse(await readFile(join(ARTIFACT, 'order.json'), 'utf8'));
  await layOut(order);
  const described = await describe(order);
  const conversion = await convert(order, described);
  const modelBytes = await sizeOf(join(partial, 'model'));
  const proof = proofOf(order, described, conversion, modelBytes);
  await writeFile(join(ARTIFACT, 'proof.json'), JSON.stringify(proof));
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
} catch (error) {
  say(error.stderr?.trim() || error.message);
  process.exitCode = 1;
}

async function layOut(order) {
  const model = join(partial, 'model');
  await rm(model, { recursive: true, force: true });
  if (order.archive) {
    await python('environment', [
      '-m',
      'slipway_server.unpack',
      join(ARTIFACT, 'model', order.archive),
      model,
    ]);
  } else {
    await rename(join(ARTIFACT, 'model'), model);
  }
  const { format, entrypoint, signature, takesColumns, example } = order;
  await writeFile(facts, JSON.stringify({ format, entrypoint, signature, takesColumns, example }));
}

/** What the model says of itself, and the rows that it is compared on. */
async function describe(order) {
  const golden = ['--golden', join(ARTIFACT, 'golden.json')];
  const { stdout } = await python(
    'environment',
    ['-m', 'slipway_server.describe', ...golden],
    order,
  );
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
  try {
    const make = ['buildspecs/commands/make-environment.mjs', IMAGES, IMAGE_TAG];
    await run(process.execPath, [...make, join(ARTIFACT, 'order.json'), 'convert'], MOST_OUTPUT);
  } catch (error) {
    say(error.stderr?.trim() || error.message);
    return refuse('no converter runs beside this version of its framework');
  }
  const out = join(ARTIFACT, 'model.onnx');
  const given = ['--golden', join(ARTIFACT, 'golden.json'), '--out', out];
  const { stdout } = await python('converter', ['-m', 'slipway_server.convert', ...given], order);
  const report = JSON.parse(stdout);
  if (report.converted) {
    await rm(join(partial, 'model'), { recursive: true });
    await mkdir(join(partial, 'model'));
    await rename(out, join(partial, 'model', 'model.onnx'));
  }
  return report;
}

function proofOf(order, described, { converted, ...conversion }, modelBytes) {
  const { signature, takesColumns, example, importMs, loadMs, peakBytes, packages } = described;
  return {
    runtime: converted ? 'onnx' : 'python',
    modelFile: converted ? 'model.onnx' : order.modelFile,
    conversion: { kept: converted, ...conversion },
    ...{ importMs, loadMs, peakBytes, modelBytes, takesColumns, packages },
    signature: short(signature, MOST_SIGNATURE_BYTES),
    example: short(example, MOST_EXAMPLE_BYTES),
  };
}

async function sizeOf(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function short(value, mostBytes) {
  return Buffer.byteLength(JSON.stringify(value)) <= mostBytes ? value : null;
}

/** Runs the Python of an environment, with what it needs to find the model. */
function python(environment, given, { modelFile = '' } = {}) {
  return run(join(partial, environment, 'bin', 'python'), given, {
    ...MOST_OUTPUT,
    cwd: ARTIFACT,
    env: {
      PATH: dirname(process.execPath),
      HOME: ARTIFACT,
      TMPDIR: ARTIFACT,
      MODEL_PATH: join(partial, 'model', modelFile),
      MODEL_FACTS: facts,
      ORT_DISABLE_TELEMETRY: '1',
    },
  });
}

function say(text) {
  process.stderr.write(`make-folder: ${text}\n`);
}
