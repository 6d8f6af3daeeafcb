/** Where a probe goes: to a function by its model, and there to the alias or to a revision. */
export function probeAddress(model: string, qualifier: string): string {
  return `lambda:${model}:${qualifier}`;
}

export function readProbeAddress(address: string): {
  readonly model: string;
  readonly qualifier: string;
} {
  const [, model = '', qualifier = ''] = address.split(':');
  return { model, qualifier };
}
