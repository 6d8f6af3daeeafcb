import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { parse } from 'yaml';
import { hashOfSource, keptFolder } from '../slipway/kept.ts';

/** A function of serverless.yml. */
export type DeployedFunction = {
  readonly name: string;
  /** The source file of its handler. */
  readonly entry: string;
  /** The names of the variables that the template gives it. */
  readonly variables: readonly string[];
  readonly timeoutSeconds: number;
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
  readonly functions: Readonly<
    Record<
      string,
      { readonly handler: string; readonly timeout: number; readonly environment?: Settings }
    >
  >;
  readonly custom: { readonly esbuild: EsbuildSettings };
};
type EsbuildSettings = BuildOptions & {
  readonly outputFileExtension: string;
  readonly exclude: string[];
};

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

// Tags such as `!Ref` are of CloudFormation: names are all that is read here.
const template: Template = parse(readFileSync(join(ROOT, 'serverless.yml'), 'utf8'), {
  merge: true,
  logLevel: 'silent',
});

export const deployedFunctions: readonly DeployedFunction[] = Object.entries(
  template.functions,
).map(([name, { handler, timeout, environment = {} }]) => ({
  name,
  entry: `${handler.replace(/\.handler$/, '')}.ts`,
  variables: Object.keys({ ...template.provider.environment, ...environment }),
  timeoutSeconds: timeout,
}));

let made: Promise<ReadonlyMap<string, Bundle>> | undefined;

/** The files of this repository that bundles are made of. */
const BUNDLED = [
  'functions',
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
      const bundle = { ...deployed, file: join(folder, file), sizeBytes: output.bytes };
      return [deployed.name, { ...bundle, clients: clients.sort(), packages }];
    }),
  );
}

/** Calls esbuild as the plugin serverless-esbuild does: without the plugin's own settings, and with its defaults. */
async function makeBundles(parent: string): Promise<string> {
  const { outputFileExtension, exclude, ...settings } = template.custom.esbuild;
  const { metafile, outputFiles } = await build({
    platform: 'node',
    ...settings,
    external: exclude,
    outExtension: { '.js': outputFileExtension },
    absWorkingDir: ROOT,
    entryPoints: deployedFunctions.map(({ entry }) => entry),
    outbase: ROOT,
    outdir: ROOT,
    metafile: true,
    write: false,
  });
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
