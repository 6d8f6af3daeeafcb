/** Whether a name begins with a dot, as what no model is made of does: but not the file that says its Python, as pyenv and uv read it. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') && name !== '.python-version';
}
