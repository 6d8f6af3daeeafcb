/** The settings that all models' containers of a stage share. */
export type EcsSettings = {
  readonly stage: string;
  /** Which pays for a model that names none. */
  readonly team: string;
  readonly region: string;
  /** The stage of the API through which requests come. */
  readonly apiStage: string;
  /** URI of the repository of model images. */
  readonly repository: string;
  /** ARN of the load balancer's listener that reaches them. */
  readonly listener: string;
  readonly vpc: string;
  readonly subnets: readonly string[];
  readonly securityGroup: string;
  /** The role that pulls the image and writes the log; the containers themselves have no role. */
  readonly executionRole: string;
  readonly logGroup: string;
  /** Origins whose pages may call models. */
  readonly corsOrigins: readonly string[];
  /** The time limit for finding capacity and pulling the image, before the model begins to load. */
  readonly provisioningSeconds: number;
  readonly capacity: FargateCapacity | ManagedCapacity;
};

/** `cluster` has the providers FARGATE and FARGATE_SPOT. Without a public address, a task needs another route to the repository and the log. */
export type FargateCapacity = {
  readonly target: 'fargate';
  readonly cluster: string;
  readonly assignPublicIp: boolean;
};

/** ECS Managed Instances. The name of the profile's role must begin with `ecsInstanceRole`: the infrastructure role's managed policy only passes such roles. */
export type ManagedCapacity = {
  readonly target: 'ec2';
  readonly infrastructureRole: string;
  readonly instanceProfile: string;
};

export const CONTAINER = { name: 'model' } as const;

// The time for requests in flight once their revision gets no new ones: the longest stop timeout of a Fargate container.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)
export const DRAIN_SECONDS = 120;

/** The settings by which a revision of a target is found. */
export type Family = Pick<EcsSettings, 'stage' | 'capacity'>;

/** Each revision has its own task definition family, which exists as long as the revision does. */
export function familyPrefix({ stage, capacity }: Family): string {
  return `slipway-${stage}-${capacity.target}-`;
}
