import type { ModelRequest } from '#adapters/aws/lambda/invocation-event.ts';
import type { RevisionRef } from '#domain/placement/target.ts';
import type { ProbeAnswer } from '#ports/prober.ts';

/** Where a probe goes: to a model as its clients do, or to one revision whatever the shares. */
export type ProbeAddress =
  | { readonly kind: 'route'; readonly model: string }
  | { readonly kind: 'function'; readonly revision: string }
  | { readonly kind: 'container'; readonly revision: string };

export function routeAddress(model: string): string {
  return `route:${model}`;
}

export function revisionAddress({ revision, target }: RevisionRef): string {
  return `${target === 'lambda' ? 'function' : 'container'}:${revision}`;
}

export function readProbeAddress(address: string): ProbeAddress {
  const [kind, name = ''] = address.split(':');
  if (kind === 'function' || kind === 'container') return { kind, revision: name };
  return { kind: 'route', model: name };
}

/** A request to a server, which sees this path. */
export type Probe = Pick<ModelRequest, 'method' | 'path' | 'body'>;

/** Sends a probe by one of the two ways to models, and waits at most `timeoutMs`. */
export type Probes<To> = (to: To, probe: Probe, timeoutMs: number) => Promise<ProbeAnswer>;
