import { realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { userHome } from '#adapters/local/files/user-caches.ts';
import { Failure } from '#domain/failure.ts';

// https://huggingface.co/docs/huggingface_hub/guides/manage-cache: the files of a snapshot are links to the repository's own blobs.
const SNAPSHOT = /^(.*[\\/](?:models|datasets|spaces)--[^\\/]+)[\\/]snapshots[\\/]/;

/**
 * The check of one folder's links: it fails with `InputInvalid` for a link whose file lies elsewhere, as `data.txt -> ~/.aws/credentials`: the user would not notice that such a file is read and uploaded.
 * Links within the folder count as their files, and those of a snapshot in Hugging Face's cache as the blobs beside it.
 */
export function linksWithin(folder: string): (name: string) => Promise<void> {
  let allowed: Promise<readonly string[]> | undefined;
  return async (name) => {
    allowed ??= foldersAround(folder);
    const target = await realpath(join(folder, name));
    if ((await allowed).some((each) => target.startsWith(each))) return;
    throw leadsOut(join(folder, name), target, folder);
  };
}

/** The same for a file beside one that the user named: it has to lie beside that file, or beside the target of that file's link. */
export async function requireBeside(path: string, named: string): Promise<void> {
  const target = await realpath(path);
  const real = await realpath(named);
  const folders = [
    ...(await foldersAround(dirname(named))),
    ...(await foldersAround(dirname(real))),
  ];
  if (folders.some((each) => target.startsWith(each))) return;
  throw leadsOut(path, target, dirname(named));
}

async function foldersAround(folder: string): Promise<readonly string[]> {
  const real = await realpath(folder);
  const [, repository] = SNAPSHOT.exec(real + sep) ?? [];
  const own = real.endsWith(sep) ? real : real + sep;
  return repository ? [own, join(repository, 'blobs') + sep] : [own];
}

function leadsOut(link: string, target: string, folder: string): Failure {
  const home = userHome();
  const shown = target.startsWith(home + sep) ? `~${target.slice(home.length)}` : target;
  return new Failure(
    'InputInvalid',
    `${link} is a link to ${shown}, which is not in ${basename(folder) || folder}`,
    {
      fix: 'Put the file itself in its place (cp -L) if it belongs to the model, else remove the link. Only links within the folder are followed, and those of a snapshot in the cache of Hugging Face.',
    },
  );
}
