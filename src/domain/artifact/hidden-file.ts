/** What desktops leave in every folder that they show, and Python in one whose code it ran. */
const LITTER: readonly string[] = ['thumbs.db', 'desktop.ini', '__macosx', '__pycache__'];

/** Whether a name begins with a dot, as what no model is made of does, but not the file that says its Python, as pyenv and uv read it; or is what desktops and Python leave. */
export function isHidden(name: string): boolean {
  if (LITTER.includes(name.toLowerCase())) return true;
  return name.startsWith('.') && name !== '.python-version';
}

/**
 * Whether a path within an artifact's folder is a file of the artifact: neither hidden nor in a hidden folder, and not the empty object by which S3's console remembers a folder.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-folders.html
 */
export function isPart(path: string): boolean {
  const names = path.split('/');
  return names.at(-1) !== '' && !names.some(isHidden);
}
