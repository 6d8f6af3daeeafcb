import { Failure } from '#domain/failure.ts';
import type { Platform } from '#ports/platform.ts';

/** A container target in a stack without containers: nothing exists, and nothing can be created. */
export const withoutContainers: Platform = {
  async create({ revision }) {
    throw new Failure('PlatformDenied', `${revision} needs a container, and the stack has none`, {
      fix: 'Deploy the stack with containers=public, then upload the model again.',
    });
  },
  describe: async () => ({ kind: 'absent' }),
  drainSeconds: async () => 0,
  retire: async () => {},
  remove: async () => {},
  forget: async () => {},
  revisions: async () => [],
  logTail: async () => [],
};
