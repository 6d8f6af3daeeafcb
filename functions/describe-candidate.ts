import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { describeCandidateOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.DescribeCandidate.input,
  describeCandidateOnAws(process.env),
);
