import type { Model } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Registry } from '#ports/registry.ts';
import { unknownVersion } from './version-deployment.ts';

// One screen of a terminal; a record of the registry has room for more.
const MOST_TAGS = 20;

/**
 * Names a version of a model by a tag, and takes the tag from any other version of it; without a version none has the tag afterwards.
 * Fails with `InputInvalid` for a version that never went live, and one that has 20 tags already.
 */
export async function tagVersion(
  registry: Pick<Registry, 'versions' | 'noteTags'>,
  { name }: Pick<Model, 'name'>,
  { tag, version }: { readonly tag: string; readonly version: number | null },
): Promise<{ readonly version: number | null }> {
  const versions = await registry.versions(name);
  const wanted = versions.find((each) => each.version === version);
  if (version !== null && !wanted) throw unknownVersion({ name }, version);
  const { tags = [] } = wanted ?? {};
  if (!tags.includes(tag) && tags.length >= MOST_TAGS) {
    throw new Failure(
      'InputInvalid',
      `${name} v${version} has ${MOST_TAGS} tags, which is the limit`,
      {
        fix: 'Remove one of them first: `git push --delete REPOSITORY TAG`.',
      },
    );
  }
  for (const each of versions) {
    const others = (each.tags ?? []).filter((known) => known !== tag);
    const isWanted = each === wanted;
    if (!isWanted && others.length === (each.tags ?? []).length) continue;
    await registry.noteTags(each, isWanted ? [...others, tag] : others);
  }
  return { version };
}

/** The version of a model that has this tag. Fails with `InputInvalid` where none has it. */
export async function versionTagged(
  registry: Pick<Registry, 'versions'>,
  { name }: Pick<Model, 'name'>,
  tag: string,
): Promise<number> {
  const versions = await registry.versions(name);
  const found = versions.find(({ tags = [] }) => tags.includes(tag));
  if (found) return found.version;
  const known = versions.flatMap(({ tags = [] }) => tags);
  const [, number] = /^v([1-9]\d*)$/.exec(tag) ?? [];
  const meant = number ? ` The number of a version has no v: \`--to ${number}\`.` : '';
  throw new Failure('InputInvalid', `no version of ${name} has the tag ${tag}`, {
    fix:
      (known.length > 0
        ? `Its versions have the tags ${known.join(', ')}.`
        : `\`slipway versions ${name}\` shows its versions; none of them has a tag.`) + meant,
  });
}
