import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { FileFormat } from '#domain/artifact/format.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { codeFacts } from '#formats/code/code-facts.ts';
import { packageOf } from '#formats/code/python-requirements.ts';
import names from '#formats/data/mlflow-names.json' with { type: 'json' };
import type { FindServedAlone, Given, ReadFolder } from '#formats/reader.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { type MlflowModel, parseMlmodel } from './model.ts';
import { mlflowRequirements, withMlflow } from './requirements.ts';
import { mlflowSignature } from './signature.ts';

export const read: ReadFolder = async (files, root, { inspectData, allowed }) =>
  inspectMlflow(await readMlflow(files, root), inspectData, allowed);

/** The file of the flavour `onnx`, which needs neither MLflow nor Python. */
export const servedAlone: FindServedAlone = async (files, root) => {
  const file = mlflowOnnx(await readMlflow(files, root));
  return file && { file, format: 'onnx' };
};

/** A flavour with its own loader, and the keys under which it names its file and its version. */
type Flavour = { readonly format: FileFormat; readonly file: string; readonly version: string };

const FLAVOURS: Readonly<Record<string, Flavour>> = {
  sklearn: { format: 'sklearn', file: 'pickled_model', version: 'sklearn_version' },
  xgboost: { format: 'xgboost', file: 'data', version: 'xgb_version' },
  lightgbm: { format: 'lightgbm', file: 'data', version: 'lgb_version' },
  catboost: { format: 'catboost', file: 'data', version: 'catboost_version' },
};

// The loaders of the user's own Python; every other loader belongs to a flavour.
const CODE_LOADERS: readonly string[] = ['mlflow.pyfunc.model', 'mlflow.pyfunc.loaders.code_model'];

// Flavours that MLflow itself loads and calls, as its own server does: they may contain code, as a python_function does.
const BY_MLFLOW: readonly string[] = names.loadedByMlflow;

// MLflow lists the packages that were imported while the model was loaded, such as matplotlib by LightGBM, and torch where that is installed. A flavour's file needs only the packages of the names in it.
const DATA_PACKAGES: ReadonlySet<string> = new Set(names.dataPackages);
const MAX_MLMODEL_BYTES = 1024 * 1024;
const MAX_EXAMPLE_BYTES = 256 * 1024;
const PYFUNC_BYTES = 450 * 2 ** 20;
const PYTHON = /^3\.\d{1,2}(\.\d{1,3})?$/;
const VERSION = /^\d+(\.\d+){1,3}$/;
const RESAVE = 'Save the model again with mlflow, and upload the whole folder.';

/** The folder `root` of an MLflow model, with the content of its MLmodel. */
export type MlflowFolder = {
  readonly files: readonly ArtifactFile[];
  readonly root: string;
  readonly model: MlflowModel;
};

/** Fails with `ArtifactRejected` where the folder has no readable MLmodel. */
export async function readMlflow(
  files: readonly ArtifactFile[],
  root: string,
): Promise<MlflowFolder> {
  const name = within(root, 'MLmodel');
  const written = files.find((file) => file.name === name);
  if (!written) throw rejected(`${name} is missing`, RESAVE);
  return { files, root, model: parseMlmodel(await readText(written, MAX_MLMODEL_BYTES), name) };
}

/**
 * Reads the facts of an MLflow model. A flavour's file goes to `inspectData`, to which the manifest allows the names `allowed`;
 * a python_function is the user's code, which is not examined. Fails with `ArtifactRejected`.
 */
export async function inspectMlflow(
  { files, root, model }: MlflowFolder,
  inspectData: Given['inspectData'],
  allowed: readonly string[],
): Promise<ModelFacts> {
  const name = within(root, 'MLmodel');
  const requirements = await mlflowRequirements(files, root);
  const declared = mlflowSignature(model, name);
  const common = {
    format: 'mlflow',
    formatVersion: VERSION.test(model.mlflow_version ?? '') ? (model.mlflow_version ?? '') : '',
    pythonVersion: pythonOf(model),
    example: (await exampleOf(files, root, model)) ?? exampleOfRow(declared?.row ?? null),
  } as const;
  const [own] = Object.keys(FLAVOURS).filter((flavour) => model.flavors[flavour]);
  const flavour = own === undefined ? undefined : FLAVOURS[own];
  if (!own || !flavour) {
    const { signature = null, takesColumns = false } = declared ?? {};
    return {
      ...pyfuncFacts(model, name, files),
      ...common,
      requirements: withMlflow(requirements, common.formatVersion),
      signature,
      takesColumns,
    };
  }

  refuseOtherLoader(model, name, own);
  const said = model.flavors[own] ?? {};
  const file = dataOf(files, root, { own, flavour, said });
  const format = formatOf(said, flavour);
  const facts = await inspectData(file, format);
  const version = text(said[flavour.version]);
  const framework = facts.framework && {
    name: facts.framework.name,
    version: facts.framework.version ?? (VERSION.test(version) ? version : null),
  };
  // The flavour's file is loaded without mlflow, and the framework is listed separately.
  const left = [framework?.name ?? '', `${framework?.name}-cpu`, 'mlflow'];
  const isNeeded = (each: string) => allowed.length > 0 || DATA_PACKAGES.has(packageOf(each));
  const named = new Set(requirements.map(packageOf));
  const needed = [...facts.requirements, ...neededByClass(format, text(said['model_class']))];
  return {
    ...facts,
    ...common,
    framework,
    requirements: [
      ...requirements.filter((each) => !left.includes(packageOf(each)) && isNeeded(each)),
      ...needed.filter((each) => !named.has(packageOf(each)) && !left.includes(packageOf(each))),
    ],
    signature: withTexts(facts.signature, declared?.signature) ?? declared?.signature ?? null,
    takesColumns: facts.signature ? facts.takesColumns : (declared?.takesColumns ?? false),
    data: {
      file: root === '.' ? file.name : file.name.slice(root.length + 1),
      format,
      modelClass: text(said['model_class']) || null,
    },
  };
}

/**
 * The ONNX file of a model that MLflow saved with the flavour `onnx`; undefined for any other flavour.
 * Fails with `ArtifactRejected` where the flavour names no file.
 */
export function mlflowOnnx({ files, root, model }: MlflowFolder): ArtifactFile | undefined {
  const said = model.flavors['onnx'];
  if (!said) return undefined;
  refuseOtherLoader(model, within(root, 'MLmodel'), 'onnx');
  return dataOf(files, root, {
    own: 'onnx',
    flavour: { format: 'onnx', file: 'data', version: 'onnx_version' },
    said,
  });
}

/** XGBoost's classes for scikit-learn need scikit-learn, which XGBoost does not require and MLflow does not always list. */
function neededByClass(format: FileFormat, modelClass: string): readonly string[] {
  return format === 'xgboost' && modelClass.startsWith('xgboost.sklearn.') ? ['scikit-learn'] : [];
}

/** MLflow's own server uses the loader of python_function, which for a data flavour is that flavour's own. */
function refuseOtherLoader({ flavors }: MlflowModel, name: string, own: string): void {
  const { python_function: general } = flavors;
  const loader = text(general?.['loader_module']);
  if (general === undefined || loader === `mlflow.${own}`) return;
  throw rejected(
    `${name} has the flavour ${own}, but its python_function is loaded by ${quoted(loader)}: they would load two different models`,
    RESAVE,
  );
}

function dataOf(
  files: readonly ArtifactFile[],
  root: string,
  {
    own,
    flavour,
    said,
  }: { own: string; flavour: Flavour; said: Readonly<Record<string, unknown>> },
): ArtifactFile {
  const path = within(root, text(said[flavour.file]) || 'model.pkl');
  const file = files.find(({ name }) => name === path);
  if (file && (root === '.' || path.startsWith(`${root}/`))) return file;
  throw rejected(
    `${within(root, 'MLmodel')} names ${quoted(path)} for ${own}, but there is no such file`,
    RESAVE,
  );
}

function formatOf(said: Readonly<Record<string, unknown>>, { format }: Flavour): FileFormat {
  if (format === 'sklearn' && text(said['serialization_format']) === 'skops') return 'skops';
  // A booster is written in its own format, whatever the flavour says of its scikit-learn wrapper class.
  if (/\.skops$/i.test(text(said['data']))) return 'skops';
  const isPickled = /\.(pkl|pickle|joblib)$/i.test(text(said['data']));
  return isPickled ? 'sklearn' : format;
}

function pyfuncFacts(
  { flavors }: MlflowModel,
  name: string,
  files: readonly ArtifactFile[],
): Omit<ModelFacts, 'format' | 'formatVersion' | 'pythonVersion' | 'example' | 'requirements'> {
  const loader = text(flavors['python_function']?.['loader_module']);
  const isServed =
    CODE_LOADERS.includes(loader) || BY_MLFLOW.some((flavour) => loader === `mlflow.${flavour}`);
  if (!isServed) {
    const others = Object.keys(flavors).filter((flavour) => flavour !== 'python_function');
    throw rejected(
      `${name} has the flavour ${quoted(others.join(', ') || loader || 'none')}; this version serves ${[...Object.keys(FLAVOURS), 'onnx', ...BY_MLFLOW].join(', ')} and python_function`,
      `Log it as a python_function, export it to ONNX, or ${BY_CODE}.`,
    );
  }
  const python = { name: 'mlflow and its imports', bytes: PYFUNC_BYTES };
  return { ...codeFacts(files, python), entrypoint: loader };
}

/** The model's own signature, with the text columns that only MLflow records. */
function withTexts(own: Signature | null, declared: Signature | undefined): Signature | null {
  if (!own || !declared) return own;
  const texts = new Set(
    declared.inputs.filter(({ datatype }) => datatype === 'BYTES').map(({ name }) => name),
  );
  const inputs = own.inputs.map((input) =>
    texts.has(input.name) ? { ...input, datatype: 'BYTES' as const } : input,
  );
  return { ...own, inputs };
}

function pythonOf({ flavors }: MlflowModel): string | null {
  const written = text(flavors['python_function']?.['python_version']);
  return PYTHON.test(written) ? written : null;
}

async function exampleOf(
  files: readonly ArtifactFile[],
  root: string,
  { saved_input_example_info: info }: MlflowModel,
): Promise<GoldenRequest | null> {
  if (info === undefined || typeof info === 'string') return null;
  const served = await jsonIn(files, root, info.serving_input_path);
  if (served !== undefined) return { protocol: 'invocations', body: served };
  const written = await jsonIn(files, root, info.artifact_path);
  if (written === undefined) return null;
  if (info.type === 'dataframe' && info.pandas_orient === 'split') {
    return { protocol: 'invocations', body: { dataframe_split: written } };
  }
  if (info.type === 'ndarray') {
    return {
      protocol: 'invocations',
      body: Array.isArray(written) ? { inputs: written } : written,
    };
  }
  return null;
}

function exampleOfRow(row: Readonly<Record<string, unknown>> | null): GoldenRequest | null {
  return row && { protocol: 'invocations', body: { dataframe_records: [row] } };
}

async function jsonIn(
  files: readonly ArtifactFile[],
  root: string,
  path: string | undefined,
): Promise<unknown> {
  const file = files.find(({ name }) => path !== undefined && name === within(root, path));
  if (!file || file.sizeBytes > MAX_EXAMPLE_BYTES) return undefined;
  try {
    const found: unknown = JSON.parse(await readText(file, MAX_EXAMPLE_BYTES));
    return found;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
