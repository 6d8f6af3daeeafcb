import type { EnvironmentImages } from '#ports/environment-images.ts';

export type MemoryEnvironments = EnvironmentImages & {
  /** Has the images of these tags from now on, whether it had them or not. */
  add(...tags: readonly string[]): void;
  /** Has no image of this tag any more, as after a lifecycle rule. */
  expire(tag: string): void;
};

export function memoryEnvironments(): MemoryEnvironments {
  const kept = new Set<string>();
  return {
    add: (...tags) => {
      for (const tag of tags) kept.add(tag);
    },
    expire: (tag) => void kept.delete(tag),
    missing: async (tags) => tags.filter((tag) => !kept.has(tag)),
  };
}
