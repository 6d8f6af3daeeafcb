import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { inspectArtifactOnAws } from '#compose/aws-inspection.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.InspectArtifact.input,
  inspectArtifactOnAws(process.env),
);
