import { AWS_ACCOUNT, AWS_REGION } from '../aws/clients.ts';

/** The question that IAM answers for a request. */
export type Permission = {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
};

export function permission(
  action: string,
  resource: string,
  context: Permission['context'] = {},
): Permission {
  return { action, resource, context };
}

export function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${AWS_REGION}:${AWS_ACCOUNT}:${resource}`;
}
