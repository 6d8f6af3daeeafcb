// The parts of osls and CloudFormation that the files of this folder use: osls has no types of its own.
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { S3ClientConfig } from '@aws-sdk/client-s3';

/** The arguments of a file that a `${file(…)}` of the template names. */
export type Variables = { resolveVariable(address: string): Promise<string> };

/** The arguments of a plugin's source of variables; `address` is null in a variable without one. */
export type SourceInput = Variables & {
  readonly address: string | null;
  resolveConfigurationProperty(path: readonly string[]): Promise<unknown>;
};

/** The settings of a client of AWS: credentials and region. */
export type AwsSettings = {
  readonly region: string;
  readonly credentials: NonNullable<S3ClientConfig['credentials']>;
};

export type Provider = {
  readonly naming: { getStackName(): string };
  getStage(): string;
  getAwsSdkV3Config(): Promise<AwsSettings>;
  getCloudFormationClient(): Promise<CloudFormationClient>;
  getServerlessDeploymentBucketName(): Promise<string>;
};

/** A function's block of the template; a plugin that has packaged it names the zip. */
export type FunctionBlock = { readonly handler: string; package?: { readonly artifact: string } };

export type Serverless = {
  readonly serviceDir: string;
  readonly service: {
    readonly functions: { readonly [name: string]: FunctionBlock };
    getFunction(name: string): FunctionBlock;
    readonly provider: {
      readonly shouldNotDeploy?: boolean;
      readonly deploymentWithEmptyChangeSet?: boolean;
      readonly compiledCloudFormationTemplate: {
        readonly Parameters: { readonly Containers: { readonly Default: string } };
        readonly Resources: {
          readonly ApiStage: { readonly Properties: { readonly StageName: string } };
        };
      };
    };
  };
  readonly classes: { readonly Error: new (message: string, code: string) => Error };
  getProvider(name: 'aws'): Provider;
};

/** A text, or an object that CloudFormation resolves to one. */
export type Resolved = string | { readonly [intrinsic: string]: unknown };

/** A statement of a policy of IAM. */
export type Statement = {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly Resolved[];
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: unknown } };
};

/** A policy of a role, or an `Fn::If` that decides whether there is one. */
export type Policy =
  | { readonly PolicyName: string; readonly PolicyDocument: object }
  | { readonly 'Fn::If': readonly unknown[] };

/** A state of a workflow in the Amazon States Language, as far as a template changes it. */
export type State = { readonly Resource?: string; readonly TimeoutSeconds?: number };
export type Workflow = { readonly States: { readonly [name: string]: State } };
