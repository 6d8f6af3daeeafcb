import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildResult, Metafile } from 'esbuild';
import { parse } from 'yaml';
import { hashOfSource, keptFolder } from '../slipway/kept.ts';

/** A function of serverless.yml, or of a step. */
export type DeployedFunction = {
  readonly name: string;
  /** The source file of its handler. */
  readonly entry: string;
  /** The names of the variables that the template gives it. */
  readonly variables: readonly string[];
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
};

export type Bundle = DeployedFunction & {
  readonly file: string;
  readonly sizeBytes: number;
  /** The clients of AWS that are in it, by package without `@aws-sdk/client-`. */
  readonly clients: readonly string[];
  /** The largest packages in it (bytes). */
  readonly packages: Readonly<Record<string, number>>;
};

type Settings = Readonly<Record<string, unknown>>;
type Template = {
  readonly provider: { readonly environment: Settings };
  readonly functions: readonly (string | Readonly<Record<string, Block>>)[];
  readonly custom: { readonly environments: Readonly<Record<string, Settings>> };
};
type Block = {
  readonly handler: string;
  readonly timeout: number;
  readonly memorySize: number;
  readonly environment?: Settings;
};
/** The parts of the plugin that makes the functions of the steps. */
type StepFunctions = {
  blocks(variables: Readonly<Record<string, Settings>>): Promise<Readonly<Record<string, Block>>>;
};
/** The part of the plugin that bundles the functions. */
type Bundles = {
  bundle(
    root: string,
    handlers: readonly string[],
  ): Promise<BuildResult<{ metafile: true; write: false }>>;
};

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

// Tags such as `!Ref` are of CloudFormation: names are all that is read here.
const template: Template = parse(readFileSync(join(ROOT, 'serverless.yml'), 'utf8'), {
  merge: true,
  logLevel: 'silent',
});

const require = createRequire(import.meta.url);
const stepFunctions: StepFunctions = require(join(ROOT, 'infra/step-functions.cjs'));
const { bundle }: Bundles = require(join(ROOT, 'infra/bundles.cjs'));

const blocks: Readonly<Record<string, Block>> = Object.assign(
  await stepFunctions.blocks(template.custom.environments),
  ...template.functions.filter((part) => typeof part !== 'string'),
);

export const deployedFunctions: readonly DeployedFunction[] = Object.entries(blocks).map(
  ([name, { handler, timeout, memorySize, environment = {} }]) => ({
    name,
    entry: entryOf(handler),
    variables: Object.keys({ ...template.provider.environment, ...environment }),
    timeoutSeconds: timeout,
    memoryMb: memorySize,
  }),
);

let made: Promise<ReadonlyMap<string, Bundle>> | undefined;

/** The files of this repository that bundles are made of. */
const BUNDLED = [
  'functions',
  'infra',
  'runtimes',
  'src',
  'package-lock.json',
  'package.json',
  'serverless.yml',
  'tsconfig.json',
];
const METAFILE = 'metafile.json';

/** Every function's bundle, by the function's name, made once for the tree as it is: esbuild takes some 13 s of CPU. */
export function bundles(): Promise<ReadonlyMap<string, Bundle>> {
  made ??= readBundles();
  return made;
}

async function readBundles(): Promise<ReadonlyMap<string, Bundle>> {
  const hash = await hashOfSource(BUNDLED);
  const folder = await awayFromModules(await keptFolder('slipway-bundles', { hash }, makeBundles));
  const metafile: Metafile = JSON.parse(await readFile(join(folder, METAFILE), 'utf8'));
  const outputs = Object.entries(metafile.outputs);
  return new Map(
    deployedFunctions.map((deployed) => {
      const [file, output] = outputs.find(([, { entryPoint }]) => entryPoint === deployed.entry)!;
      const packages = packagesOf(output);
      const clients = Object.keys(packages).flatMap(
        (name) => name.split('@aws-sdk/client-')[1] ?? [],
      );
      const made = { ...deployed, file: join(folder, file), sizeBytes: output.bytes };
      return [deployed.name, { ...made, clients: clients.sort(), packages }];
    }),
  );
}

function entryOf(handler: string): string {
  return `${handler.replace(/\.handler$/, '')}.ts`;
}

/** Bundles as `serverless package` does. */
async function makeBundles(parent: string): Promise<string> {
  const handlers = Object.values(blocks).map(({ handler }) => handler);
  const { metafile, outputFiles } = await bundle(ROOT, handlers);
  const folder = await mkdtemp(join(parent, 'made-'));
  await writeFile(join(folder, METAFILE), JSON.stringify(metafile));
  for (const { path, contents } of outputFiles) {
    const target = join(folder, relative(ROOT, path));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, contents);
  }
  return folder;
}

/** A copy in the temporary folder, where a bundle cannot find its missing modules in a node_modules above it. */
async function awayFromModules(kept: string): Promise<string> {
  const folder = join(tmpdir(), `slipway-bundles-${basename(kept)}`);
  if (existsSync(folder)) return folder;
  const copied = await mkdtemp(`${folder}-`);
  await cp(kept, copied, { recursive: true });
  // Another process may have been faster.
  await rename(copied, folder).catch(() => rm(copied, { recursive: true }));
  return folder;
}

function packagesOf({ inputs }: Metafile['outputs'][string]): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'slipway';
    if (bytesInOutput > 0) sizes[name] = (sizes[name] ?? 0) + bytesInOutput;
  }
  return sizes;
}
