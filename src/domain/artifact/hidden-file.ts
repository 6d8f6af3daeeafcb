/** Files that desktops leave in every folder that they show, and that Python leaves where it ran code. */
const LITTER: readonly string[] = ['thumbs.db', 'desktop.ini', '__macosx', '__pycache__'];

/** Whether a file is hidden: it was left by desktops or Python, or its name begins with a dot, which no part of a model's does; `.python-version` is not hidden, since it names the Python version for pyenv and uv. */
export function isHidden(name: string): boolean {
  if (LITTER.includes(name.toLowerCase())) return true;
  return name.startsWith('.') && name !== '.python-version';
}

/**
 * Whether a path within an artifact's folder is a file of the artifact: neither hidden nor in a hidden folder, and not the empty object that S3's console writes for a folder.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-folders.html
 */
export function isPart(path: string): boolean {
  const names = path.split('/');
  return names.at(-1) !== '' && !names.some(isHidden);
}
