import type { ModelImage, ModelImages } from '#ports/model-images.ts';

export type MemoryImages = ModelImages & {
  /** Has an image of this tag from now on; by default a new one. */
  add(tag: string, digest?: string): void;
  /** Images with these bytes stay from now on, since a revision may start from them. */
  hold(digest: string): void;
};

export function memoryImages(): MemoryImages {
  const kept = new Map<string, ModelImage>();
  const held = new Set<string>();
  return {
    add: (tag, digest = `sha256:${tag}`) => void kept.set(tag, { tag, digest }),
    hold: (digest) => void held.add(digest),
    all: async () => [...kept.values()],
    async remove({ tag, digest }) {
      if (held.has(digest)) return false;
      kept.delete(tag);
      return true;
    },
  };
}
