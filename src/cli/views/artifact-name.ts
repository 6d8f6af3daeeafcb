/** The uploaded file or folder, by the key that started its deployment: a file by its name, a folder by its name with a slash. */
export function artifactName(model: string, key: string): string {
  const path = key.replace(`models/${model}/`, '');
  return path.replace(/\/.*/, '/');
}
