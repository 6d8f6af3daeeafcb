import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileSource } from '#adapters/local/bucket/file-source.ts';
import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import { maxArtifactBytes } from '#domain/artifact/limit.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { type PythonEnvironment, pythonEnvironment } from '#domain/build/python-environment.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import { type Manifest, memoryMiB } from '#domain/manifest/manifest.ts';
import { chooseTarget, isStreamed, type Needs } from '#domain/placement/choose-target.ts';
import { expectedStart, type TimedOption, timed } from '#domain/placement/cold-start.ts';
import { expectedMemoryBytes } from '#domain/placement/expected-memory.ts';
import { gpuFor, mayConvert, memoryOn, requireGpu, runtimeOn } from '#domain/placement/gpu-need.ts';
import { lossOnLambda, portRefusal } from '#domain/placement/own-image.ts';
import { TARGETS } from '#domain/placement/target.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { folderFiles, isFile, pathStats } from '#operations/models/folder-files.ts';
import { requireBeside } from '#operations/models/links.ts';
import { boundedInspector, INSPECTION_BUDGET } from './bounded.ts';

/** The result of inspecting an artifact, and the effect of its upload. */
export type PathInspection = {
  /** The name of the file or folder, however the path was written. */
  readonly artifact: string;
  /** Where its manifest is, or would be. */
  readonly manifestFile: string;
  readonly hasManifest: boolean;
  readonly manifest: Manifest;
  readonly facts: ArtifactFacts;
  /** The runtime that serves it, as text. */
  readonly server: string;
  /** Null for a model that Python does not serve. */
  readonly python: PythonEnvironment | null;
  /** The expected memory for serving it, in bytes. */
  readonly memory: readonly MemoryTerm[];
  /** Whether the build tries to serve it as ONNX. */
  readonly converts: boolean;
  readonly options: readonly TimedOption[];
};

type OnWork = (says: string) => void;

const FOLDER_MANIFEST = 'model.yaml';
const AS_CONTAINER = '; on one machine by `slipway start --engine docker`';

// All inspections here share one, so that the next inspection has the process of the last.
const inspector = boundedInspector(INSPECTION_BUDGET, {});

/**
 * Inspects a file, folder or archive as the workflow would, without uploading it or loading any of it; `onWork` gets a description of the current work.
 * Fails with `InputInvalid` when there is no such path, with `ArtifactRejected` when there are too many files in it, else as an inspection does.
 */
export async function inspectPath(
  path: string,
  onWork: OnWork = () => {},
): Promise<PathInspection> {
  const root = resolve(path);
  const files = await filesAt(path, onWork);
  onWork(inspecting(files));
  const isFolder = (await stat(root)).isDirectory();
  const manifestFile = isFolder ? join(root, FOLDER_MANIFEST) : `${root}.yaml`;
  if (!isFolder && (await isFile(manifestFile))) await requireBeside(manifestFile, root);
  const text = await readFile(manifestFile, 'utf8').catch(() => null);
  const manifest = await inspector.parseManifest(text ?? '', basename(manifestFile));
  const facts = await inspector.inspect(files, { maxBytes: maxArtifactBytes(TARGETS), manifest });
  const gpu = gpuFor({ facts, manifest }, false);
  const name = runtimeOn(facts, gpu);
  requireGpu(facts, name, gpu);
  const runtime = RUNTIMES[name];
  const converts = mayConvert({ facts, manifest }, gpu);
  const { terms, ...ofGpus } = memoryOn(facts, name, converts);
  const leftOut = facts.leftOut ?? [];
  const starting = { runtime: name, files: files.filter((file) => !leftOut.includes(file.name)) };
  return {
    artifact: basename(root),
    manifestFile,
    hasManifest: text !== null,
    manifest,
    facts,
    server: runtime.process ? runtime.title : `${runtime.title}${AS_CONTAINER}`,
    python: runtime.takesPackages ? pythonEnvironment(facts, manifest.build) : null,
    memory: terms,
    converts,
    options: timed(
      optionsOf(manifest, {
        imageBytes: facts.sizeBytes,
        // No installation is asked here, so nobody knows its starts.
        lambdaStart: expectedStart('lambda', starting, []),
        isStreaming: isStreamed(facts),
        memoryBytes: expectedMemoryBytes({ ...facts, terms }),
        accelerator: gpu,
        ...ofGpus,
        refusedByLambda: portRefusal(manifest),
        lossOnLambda: lossOnLambda(name),
      }),
      starting,
      [],
    ),
  };
}

function optionsOf(manifest: Manifest, found: Omit<Needs, 'memoryMiB' | 'replicas'>) {
  const { target, allow } = manifest.placement;
  const needs = { ...found, memoryMiB: memoryMiB(manifest), replicas: manifest.scaling.min };
  return chooseTarget(needs, { target, allow, offered: TARGETS }).options;
}

/** The files of an artifact at a path, without its manifest. Fails with `InputInvalid` when there is no such file or folder. */
export async function filesAt(
  path: string,
  onWork: OnWork = () => {},
): Promise<readonly ArtifactFile[]> {
  const root = resolve(path);
  const found = await pathStats(path);
  return found.isDirectory() ? filesIn(root, onWork) : [await fileAt(root, basename(root))];
}

async function filesIn(root: string, onWork: OnWork): Promise<readonly ArtifactFile[]> {
  const names = await folderFiles(root, {
    onFound: (count) => onWork(`looking for the files in ${root}: ${count} so far`),
  });
  const beside = names.filter((name) => name !== FOLDER_MANIFEST);
  return Promise.all(beside.map((name) => fileAt(join(root, name), name)));
}

function inspecting(files: readonly ArtifactFile[]): string {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const counted = files.length === 1 ? '1 file' : `${files.length} files`;
  return `inspecting ${counted} of ${bytes.toLocaleString('en-US')} bytes`;
}

async function fileAt(path: string, name: string): Promise<ArtifactFile> {
  const { size } = await stat(path);
  return { name, sizeBytes: size, open: async () => fileSource(path, size) };
}
