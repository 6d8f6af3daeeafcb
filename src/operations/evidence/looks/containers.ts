import { asWritten, type Claim, notSeen, type Scene } from '../claim.ts';
import { modelStreams } from './model-streams.ts';

/** A model that never answered gives no verdict: its act says why. */
function answeredOn(target: 'fargate' | 'ec2', { answered }: Scene) {
  return answered.has(target)
    ? asWritten(`a model on ${target} has answered a caller`)
    : notSeen(`no model on ${target} has answered`);
}

export const CONTAINER_CLAIMS: readonly Claim[] = [
  {
    row: 'A VPC link (V2) leads an integration to an internal load balancer',
    look: async (scene) => answeredOn('fargate', scene),
  },
  {
    row: 'A task without a role has no credentials; ECS pulls its image and writes its log',
    look: async (scene) => {
      if (!scene.answered.has('fargate')) return answeredOn('fargate', scene);
      const streams = await modelStreams(scene);
      const own = streams.filter((name) => name.includes('prove-fargate'));
      const what = `its image was pulled, and it writes ${own.length} streams of logs`;
      return own.length > 0 ? asWritten(what) : notSeen(what);
    },
  },
  {
    row: 'ECS Managed Instances starts one of the types that a capacity provider allows',
    look: async (scene) => answeredOn('ec2', scene),
  },
];
