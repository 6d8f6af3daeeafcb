import { modelOfTag } from '#domain/build/image.ts';
import type { RevisionRef, Target } from '#domain/placement/target.ts';
import type { Clock } from '#ports/clock.ts';
import type { ModelImage, ModelImages } from '#ports/model-images.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { imagesOf, keptVersions } from './kept-versions.ts';
import { each, type Part } from './sweep-each.ts';
import { idleModels, unlessOvertaken } from './sweep-models.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly platforms: Platforms;
  readonly images: ModelImages;
  readonly clock: Clock;
  /** The targets that this installation offers. */
  readonly offered: readonly Target[];
};

type FoundRevision = RevisionRef & { readonly model: string };
/** `epoch` is the epoch of the model's lease when the image was found. */
type FoundImage = { readonly image: ModelImage; readonly model: string; readonly epoch: number };
type Found = FoundRevision | FoundImage;

// Longer than the longest step, which is cut short after 5 min, and shorter than the time between two sweeps on AWS.
const SIGHTED_FOR_MS = 10 * 60_000;

/** The most in one sweep, which has other work, and whose sightings are one row of the registry. Later sweeps take the rest. */
const MOST_IMAGES = 200;

/**
 * Garbage-collects orphaned revisions and images, once two sightings lie far enough apart; returns their names.
 * It leaves alone whatever has traffic, belongs to a model that the registry does not know, or belongs to a model with a deployment under way;
 * and the images of a model that still has an orphaned revision.
 */
export async function removeUnreferenced(deps: Deps): Promise<Part> {
  const { registry, clock, offered, platforms } = deps;
  const found: Found[] = [];
  // Images before revisions: a revision made later is under a higher epoch.
  const images = await findImages(deps, found);
  const looks = await each(
    async () => offered,
    async (target) => {
      const revisions = await platforms[target].revisions();
      found.push(...revisions.map((revision) => ({ ...revision, target })));
      return undefined;
    },
  );
  const isWhole = looks.failures.length === 0;
  const due = async () => {
    const all = await unreferenced(registry, found);
    const unused = isWhole ? all.filter(isImage).slice(0, MOST_IMAGES) : [];
    const left = [...all.filter((it) => !isImage(it)), ...unused];
    const sighted = await registry.sighted(left.map(nameOf));
    const firstSeenMs = (it: Found) => sighted.get(nameOf(it)) ?? clock.now();
    return left.filter((it) => firstSeenMs(it) < clock.now() - SIGHTED_FOR_MS);
  };
  const removed = await each(due, (it) =>
    isImage(it) ? removeImage(deps, it) : removeRevision(deps, it),
  );
  const failures = [images, looks, removed].flatMap((part) => part.failures);
  return { done: removed.done, failures };
}

function findImages({ images, registry }: Deps, found: Found[]): Promise<Part> {
  const byModel = async () =>
    [...Map.groupBy(await images.all(), ({ tag }) => modelOfTag(tag))].flatMap(([model, own]) =>
      model === undefined ? [] : [{ model, own }],
    );
  return each(byModel, async ({ model, own }) => {
    const lease = await registry.lease(model);
    if (lease) found.push(...own.map((image) => ({ image, model, epoch: lease.epoch })));
    return undefined;
  });
}

/** Only of known models without a deployment under way, whose intents would refer to what it makes. */
async function unreferenced(
  registry: Registry,
  found: readonly Found[],
): Promise<readonly Found[]> {
  const left: Found[] = [];
  for (const { name } of await idleModels(registry)) {
    const own = found.filter(({ model }) => model === name);
    if (own.length === 0) continue;
    const kept = await keptVersions(registry, name);
    const images = own.filter(isImage);
    const strays = own.filter(
      (it) => !isImage(it) && kept.every(({ revision }) => revision !== it.revision),
    );
    left.push(...strays);
    // Nobody knows the image of an orphaned revision: it was given up before it became a version, and may still have traffic.
    if (strays.length > 0 || images.length === 0) continue;
    const tags = new Set<string>();
    for await (const { tag } of imagesOf(registry, kept)) tags.add(tag);
    left.push(...images.filter(({ image }) => !tags.has(image.tag)));
  }
  return left;
}

async function removeRevision(deps: Deps, found: FoundRevision): Promise<string | undefined> {
  const { registry, router, platforms } = deps;
  const { model, revision, target } = found;
  // Read before the last check: whatever a deployment does afterwards is under a higher epoch.
  const lease = await registry.lease(model);
  const hasTraffic = Object.hasOwn(await router.shares(model), revision);
  const [left] = await unreferenced(registry, [found]);
  if (!lease || !left || hasTraffic) return undefined;
  return unlessOvertaken(async () => {
    await platforms[target].remove(revision, lease.epoch);
    return revision;
  });
}

/** Image registries do not check epochs, so a deployment may find an image that is about to go. But it starts seconds before it looks for images, and after the last check here there is only one call. */
async function removeImage(deps: Deps, found: FoundImage): Promise<string | undefined> {
  const { registry, images } = deps;
  const lease = await registry.lease(found.model);
  const [left] = await unreferenced(registry, [found]);
  if (!left || lease?.epoch !== found.epoch) return undefined;
  return (await images.remove(found.image)) ? found.image.tag : undefined;
}

function isImage(found: Found): found is FoundImage {
  return 'image' in found;
}

function nameOf(found: Found): string {
  return isImage(found) ? `image/${found.image.tag}` : `${found.target}/${found.revision}`;
}
