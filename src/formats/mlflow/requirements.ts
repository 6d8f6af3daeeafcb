import { parseDocument } from 'yaml';
import * as z from 'zod/mini';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { packageOf, parseRequirements } from '#formats/code/python-requirements.ts';
import { requirementsIn } from '#formats/python/inspect.ts';
import { tooDeepLine } from '#formats/yaml/nesting.ts';

const MLFLOWS: readonly string[] = ['mlflow', 'mlflow-skinny'];

const environment = z.object({
  dependencies: z.array(
    z.union([
      z.object({ pip: z.array(z.string()) }),
      z.string(),
      z.record(z.string(), z.unknown()),
    ]),
  ),
});

/**
 * The packages that pip must install for an MLflow model in the folder `root`: its requirements.txt, or where there is none, as before MLflow 1.22,
 * the pip section of its conda.yaml. Fails with `ArtifactRejected` for anything but names with versions.
 */
export async function mlflowRequirements(
  files: readonly ArtifactFile[],
  root: string,
): Promise<readonly string[]> {
  const name = within(root, 'requirements.txt');
  if (files.some((file) => file.name === name)) return requirementsIn(files, name);
  const conda = files.find((file) => file.name === within(root, 'conda.yaml'));
  return conda ? parseRequirements(pipIn(await readText(conda)), `${conda.name}, pip,`) : [];
}

/** Adds MLflow itself, which loads the model, in the version that saved it, unless the requirements name it. */
export function withMlflow(
  requirements: readonly string[],
  version: string | undefined,
): readonly string[] {
  if (requirements.some((each) => MLFLOWS.includes(packageOf(each)))) return requirements;
  return [version ? `mlflow==${version}` : 'mlflow', ...requirements];
}

/** A requirement in each line; empty where the file is not a conda environment. */
function pipIn(text: string): string {
  if (tooDeepLine(text)) return '';
  const document = parseDocument(text, { schema: 'failsafe', logLevel: 'error' });
  if (document.errors.length > 0) return '';
  const parsed = environment.safeParse(plain(document));
  const found = parsed.success ? parsed.data.dependencies : [];
  return found
    .flatMap((each) => (typeof each === 'object' && Array.isArray(each['pip']) ? each['pip'] : []))
    .join('\n');
}

function plain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    return undefined;
  }
}
