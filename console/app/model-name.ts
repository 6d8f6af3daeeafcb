/** The best model name for a dropped file or folder. */
export function nameFor(title: string): string {
  const bare = title.replace(/\.tar\.gz$|\.[^.]+$/, '') || title;
  return bare
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
}

export const MODEL_NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
