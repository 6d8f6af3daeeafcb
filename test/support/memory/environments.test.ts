import { describeEnvironmentImages } from '../../contracts/environment-images.ts';
import { memoryEnvironments } from './environments.ts';

describeEnvironmentImages('memoryEnvironments', async () => {
  const environments = memoryEnvironments();
  return {
    environments,
    build: async (tag) => environments.add(tag),
    remove: async (tag) => environments.expire(tag),
    close: async () => {},
  };
});
