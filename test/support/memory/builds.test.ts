import { describeBuilds } from '../../contracts/builds.ts';
import { memoryBuilds } from './builds.ts';
import { memoryEnvironments } from './environments.ts';

describeBuilds('memoryBuilds', async () => {
  const { builds, has } = memoryBuilds(memoryEnvironments());
  return {
    builds,
    async begin(deploymentId) {
      const log = { group: 'builds', stream: deploymentId };
      has(deploymentId, { of: 'image', status: 'IN_PROGRESS', phase: 'BUILD', phases: [], log });
    },
    close: async () => undefined,
  };
});
