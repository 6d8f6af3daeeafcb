/** What the containers of all models of a stage have in common. */
export type EcsSettings = {
  readonly stage: string;
  /** Which pays for a model that names none. */
  readonly team: string;
  readonly region: string;
  /** Of the API through which requests come. */
  readonly apiStage: string;
  /** URI of the repository of the models' images. */
  readonly repository: string;
  /** ARN of the listener of the load balancer that reaches them. */
  readonly listener: string;
  readonly vpc: string;
  readonly subnets: readonly string[];
  readonly securityGroup: string;
  /** Pulls the image and writes the log; the containers themselves have no role. */
  readonly executionRole: string;
  readonly logGroup: string;
  /** How long finding capacity and pulling the image may take, before the model begins to load. */
  readonly provisioningSeconds: number;
  readonly capacity: FargateCapacity | ManagedCapacity;
};

/** `cluster` has the providers FARGATE and FARGATE_SPOT. Without a public address a task needs another way to the repository and the log. */
export type FargateCapacity = {
  readonly target: 'fargate';
  readonly cluster: string;
  readonly assignPublicIp: boolean;
};

/** ECS Managed Instances. The profile's role has a name that begins with `ecsInstanceRole`: the managed policy of the other passes no other. */
export type ManagedCapacity = {
  readonly target: 'ec2';
  readonly infrastructureRole: string;
  readonly instanceProfile: string;
};

export const CONTAINER = { name: 'model' } as const;

// How long requests in flight may take once their revision gets no new ones: the longest that Fargate lets a container take to stop.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)
export const DRAIN_SECONDS = 120;

/** Each revision has a family of task definitions of its own, which is there as long as the revision is. */
export function familyPrefix({ stage, capacity }: EcsSettings): string {
  return `slipway-${stage}-${capacity.target}-`;
}
