import { folderOf, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';

type Files = readonly ArtifactFile[];

const CONFIG = /(^|\/)config\.json$/;
const WEIGHTS = /\.(safetensors|onnx)$|(^|\/)pytorch_model[^/]*\.bin$/;
const MAX_CONFIG_BYTES = 2 ** 20;
const MAX_READ = 20;

/**
 * The folders that Hugging Face's libraries load: those with a config.json that names a network, and weights at or below it.
 * One that sentence-transformers keeps below its modules.json is part of that folder.
 */
export async function huggingFaceFolders(files: Files): Promise<readonly string[]> {
  if (!files.some(({ name }) => WEIGHTS.test(name))) return [];
  const configs = files.filter(({ name }) => CONFIG.test(name)).slice(0, MAX_READ);
  const found = new Set<string>();
  for (const config of configs) {
    if (!(await namesNetwork(config))) continue;
    const folder = folderOf(config.name);
    const root = isBelowModules(files, folder) ? folderOf(folder) : folder;
    if (files.some(({ name }) => WEIGHTS.test(name) && isWithin(root, name))) found.add(root);
  }
  const outermost = (root: string) =>
    ![...found].some((other) => other !== root && isWithin(other, root));
  return [...found].filter(outermost);
}

async function namesNetwork(config: ArtifactFile): Promise<boolean> {
  if (config.sizeBytes > MAX_CONFIG_BYTES) return false;
  const written = await readText(config, MAX_CONFIG_BYTES).catch(() => '');
  return /"(architectures|model_type)"\s*:/.test(written);
}

function isBelowModules(files: Files, folder: string): boolean {
  const modules = within(folderOf(folder), 'modules.json');
  return folder !== '.' && files.some(({ name }) => name === modules);
}

function isWithin(folder: string, name: string): boolean {
  return folder === '.' || name.startsWith(`${folder}/`);
}
