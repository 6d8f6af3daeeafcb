// build-environments FOLDER: builds each environment in FOLDER/order.json whose image is missing, in order, and pushes it if ENVIRONMENTS names a repository.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildx, docker } from './docker.mjs';
import { environmentInEngine } from './images-in-engine.mjs';
import { imageArguments, namedImages, usable } from './pinned-images.mjs';
import { succeeds } from './programs.mjs';
import { progress } from './progress.mjs';
import { openRepository } from './registry.mjs';
import { runtimeNamed } from './runtimes.mjs';
import { UNPACKED, unpackedBytes } from './unpacked.mjs';

/** @import { EnvironmentImage } from '../../src/domain/build/environment-image.ts' */
/** @import { PythonEnvironment } from '../../src/domain/build/python-environment.ts' */

const [, , FOLDER = ''] = process.argv;
const { ENVIRONMENTS, WEB_ADAPTER_IMAGE, TORCH_INDEX, SSL_CERT_FILE } = process.env;

// Each Python's image has an argument of its own in runtimes/python/Dockerfile.
const PYTHON_IMAGE = /^PYTHON_\d/;
/** uv's message for incompatible packages. */
const NO_SOLUTION = /No solution found when resolving/;

try {
  const { environments } = JSON.parse(await readFile(join(FOLDER, 'order.json'), 'utf8'));
  for (const environment of environments) await make(environment);
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}

/** @param {EnvironmentImage} environment */
async function make(environment) {
  const { tag, isOptional, python } = environment;
  const reference = ENVIRONMENTS ? `${ENVIRONMENTS}:${tag}` : environmentInEngine(tag);
  if (await isThere(reference, tag)) return say(`${reference} already exists`);
  progress('installing packages');
  try {
    await build(reference, environment);
  } catch (error) {
    // Not every version of a framework has a converter; without it, the framework serves the model. Any other failure may be transient.
    if (!isOptional || !NO_SOLUTION.test(error.said ?? '')) throw error;
    return say(`could not make ${tag} for ${python?.requirements.join(', ')}: ${error.message}`);
  }
  if (ENVIRONMENTS) {
    // Built again to learn its size: all of it is in the builder's cache.
    await build(reference, environment, [`${UNPACKED}=${await unpackedBytes(reference)}`]);
    await push(reference, tag);
  }
  say(`made ${reference}`);
}

/**
 * @param {string} reference
 * @param {string} tag
 */
async function isThere(reference, tag) {
  if (ENVIRONMENTS) return (await (await openRepository(ENVIRONMENTS)).manifest(tag)) !== undefined;
  return succeeds(docker(['image', 'inspect', reference]));
}

/**
 * @param {string} reference
 * @param {EnvironmentImage} environment
 * @param {readonly string[]} [labels]
 */
async function build(reference, { tag, runtime, stage, python }, labels = []) {
  const folder = join(FOLDER, tag);
  await mkdir(folder, { recursive: true });
  // Inspection only let through names with version specifiers: no pip options, URLs or paths.
  if (python) await writeFile(join(folder, 'wanted.txt'), `${python.requirements.join('\n')}\n`);
  const { base } = (await runtimeNamed(runtime)).image;
  const images = await namedImages(runtime);
  if (WEB_ADAPTER_IMAGE) delete images.WEB_ADAPTER_IMAGE;
  const others = Object.entries(images).filter(([name]) => !PYTHON_IMAGE.test(name));
  const settings = [
    ...(await imageArguments(Object.fromEntries(others))),
    ...(WEB_ADAPTER_IMAGE ? ['--build-arg', `WEB_ADAPTER_IMAGE=${WEB_ADAPTER_IMAGE}`] : []),
    ...(base ? ['--build-arg', `${base.setting}=${process.env[base.setting]}`] : []),
    ...(SSL_CERT_FILE ? ['--secret', `id=ca,src=${SSL_CERT_FILE}`] : []),
    ...(python ? await pythonArguments(python, images) : []),
    ...(python ? ['--build-context', `wanted=${folder}`] : []),
    ...(TORCH_INDEX && python && !python.cuda ? ['--build-arg', `TORCH_INDEX=${TORCH_INDEX}`] : []),
    ...(stage ? ['--target', stage] : []),
    ...labels.flatMap((label) => ['--label', label]),
  ];
  await buildx([...settings, '--tag', reference, join('runtimes', runtime)]);
}

/**
 * The Python version that the model names, and its image; on one machine, where pulling may be impossible, else the nearest one that its framework supports.
 * @param {PythonEnvironment} python
 * @param {Readonly<Record<string, string>>} images
 */
async function pythonArguments({ python, orElse }, images) {
  const versions = ENVIRONMENTS ? [python] : [python, ...orElse];
  for (const version of versions) {
    const name = `PYTHON_${version.replace('.', '_')}_IMAGE`;
    const image = images[name];
    const found = image && (await usable(image));
    if (!found) continue;
    const given = found === image ? [] : ['--build-arg', `${name}=${found}`];
    return [...given, '--build-arg', `PYTHON_VERSION=${version}`];
  }
  throw new Error(`no image of Python ${versions.join(' or ')} can be pulled`);
}

/**
 * Another build may have pushed it meanwhile.
 * @param {string} reference
 * @param {string} tag
 */
async function push(reference, tag) {
  await docker(['push', '--quiet', reference]).catch(async (error) => {
    if (!(await isThere(reference, tag))) throw error;
  });
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`build-environments: ${text}\n`);
}
