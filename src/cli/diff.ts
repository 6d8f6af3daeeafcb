import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { VersionDiff } from '#control/comparison.ts';
import type { Slipway } from '#control/slipway.ts';
import type { Artifact, ArtifactPart } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { isModelName } from '#domain/identity.ts';
import { accountOf, openSlipway, type Place, requireHere } from './command.ts';
import type { Output } from './output.ts';
import { type Planned, uploads } from './push.ts';

export type DiffOptions = Place & {
  readonly name?: string;
  readonly from?: number;
  readonly to?: number;
  readonly report?: string;
};

/** Two versions of a model by the words for them, and how they differ. */
export type FoundDiff = {
  readonly model: string;
  readonly from: string;
  readonly to: string;
  readonly found: VersionDiff;
};

/** How two versions of a model differ; where `asked` is a path, the file there and a version. */
export async function diff(
  asked: string,
  options: DiffOptions,
  output: Output,
): Promise<FoundDiff> {
  if (!isModelName(asked)) return withFile(asked, options, output);
  const { from, to, report } = options;
  const slipway = await openSlipway(options);
  const found = await slipway.diffVersions({ name: asked, from, to });
  const names = { model: asked, from: `v${found.from}`, to: `v${found.to}` };
  const isKnown = found.comparison !== null || report === undefined;
  return {
    ...names,
    found: isKnown ? found : await asAsked(slipway, found, { ...names, options, output }),
  };
}

type Named = Omit<FoundDiff, 'found'> & { readonly options: DiffOptions; readonly output: Output };

/** The answers of two versions that were never compared. The known facts stand where one of them cannot run here. */
async function asAsked(
  slipway: Slipway,
  found: VersionDiff,
  { model, from, to, options, output }: Named,
): Promise<VersionDiff> {
  output.line(
    `${to} was never compared with ${from}: both run here for a moment to be asked, as v1 and v2`,
  );
  try {
    return await withFiles(options, async (fileOf) => {
      const { rehearse, uploadsOf } = await import('./rehearse.ts');
      const [before, after] = [found.from, found.to].map(async (version) =>
        uploadsOf(model, await artifactOf(slipway, model, version), fileOf),
      );
      const { comparison } = await rehearse({
        model,
        before: (await before) ?? [],
        after: (await after) ?? [],
        output,
      });
      return { ...found, comparison };
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    output.line(`their answers are not known: ${error.message}`);
    return found;
  }
}

async function withFile(path: string, options: DiffOptions, output: Output): Promise<FoundDiff> {
  const { name, from, to } = options;
  if (to !== undefined) {
    throw new Failure('InputInvalid', `${path} is the newer side, and --to names another`, {
      fix: 'Leave --to out; --from names the version to compare with.',
    });
  }
  const after = await uploads(path, { name, output });
  const model = modelOf(after);
  const slipway = await openSlipway(options);
  const version = from ?? (await slipway.readModel({ name: model, costs: false })).live?.version;
  if (version === undefined) {
    throw new Failure('InputInvalid', `${model} has no live version to compare ${path} with`, {
      fix: 'Name a version with --from, or another model with --name.',
    });
  }
  const file = basename(path);
  output.line(`v${version} and ${file} run here for a moment to be asked, as v1 and v2`);
  const found = await withFiles(options, async (fileOf) => {
    // Loaded lazily: it is all of a Slipway.
    const { rehearse, uploadsOf } = await import('./rehearse.ts');
    const before = await uploadsOf(model, await artifactOf(slipway, model, version), fileOf);
    return rehearse({ model, before, after, output });
  });
  return { model, from: `v${version}`, to: file, found };
}

function modelOf(planned: readonly Planned[]): string {
  const [, model = ''] = planned.at(-1)?.key.split('/') ?? [];
  return model;
}

async function artifactOf(slipway: Slipway, name: string, version: number): Promise<Artifact> {
  const { deploymentId } = await slipway.explainVersion({
    name,
    version,
    measure: false,
    costs: false,
  });
  return (await slipway.readDeployment({ id: deploymentId })).artifact;
}

/** Does a work that needs the bytes of kept artifacts: on this machine they are files already. */
async function withFiles<T>(
  place: Place,
  work: (fileOf: (part: ArtifactPart) => Promise<string>) => Promise<T>,
): Promise<T> {
  requireHere(place);
  const account = accountOf(place);
  if (!account) {
    return work(async ({ checksum }) =>
      join(place.data, 'objects', checksum.replace('sha256:', '')),
    );
  }
  const { artifactFiles } = await import('#operations/account/artifact-files.ts');
  const folder = await mkdtemp(join(tmpdir(), 'slipway-versions-'));
  try {
    return await work(await artifactFiles(account, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
