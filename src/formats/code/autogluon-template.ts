import { folderOf } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { isObject, jsonIn, textOf } from '#formats/huggingface/json-file.ts';
import { type PredictTemplate, templateOf } from './predict-template.ts';

export const AUTOGLUON = 'a predictor of AutoGluon';

// The packages that pickle its models; AutoGluon itself requires the rest.
const FRAMEWORKS = /^(numpy|pandas|scikit-learn|lightgbm|xgboost(-cpu)?|catboost|torch|fastai)$/;

/**
 * AutoGluon refuses to load a predictor with another version of Python, or of AutoGluon, than the one that made it.
 * Its metadata.json names both, and the installed packages: `py_version`, `version` and `packages` (`get_autogluon_metadata` in autogluon.common).
 */
export async function autogluonTemplate(
  files: readonly ArtifactFile[],
  at: string,
): Promise<PredictTemplate> {
  const metadata = await jsonIn(files, folderOf(at), 'metadata.json').catch(() => undefined);
  const said = isObject(metadata) ? metadata : {};
  const packages = Object.entries(isObject(said['packages']) ? said['packages'] : {});
  const pinned = packages.flatMap(([name, version]) =>
    FRAMEWORKS.test(name) ? pin(name, version) : [],
  );
  const own = pin('autogluon.tabular', said['version']);
  const python = /^3\.\d{1,2}$/.exec(textOf(said['py_version']) ?? '')?.[0];
  const { code, requirements } = await templateOf('autogluon');
  return {
    code,
    requirements: own.length > 0 ? [...own, ...pinned.sort()] : requirements,
    ...(python ? { python } : {}),
  };
}

/** A PyTorch build for one kind of GPU (`2.10.0+cu126`) is pinned without that suffix. */
function pin(name: string, version: unknown): readonly string[] {
  const [plain] = /^\d[\w.]*/.exec(textOf(version) ?? '') ?? [];
  return plain ? [`${name}==${plain}`] : [];
}
